"""Logits to scored spans: the one decode that training, evaluation and the predictor share."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from asn_nlp.articles import Article, EntitySpan, ThemeSpan
from asn_nlp.labels import LabelSet
from asn_nlp.reading.encoding import EncodedArticle
from asn_nlp.reading.options import DecodeOptions
from asn_nlp.reading.tagging import best_paths, legal_transitions, tags_to_spans

_STOPS = ".,;: "


@dataclass(frozen=True, slots=True)
class ArticleLogits:
    """What the model says of one article, windows already put together."""

    tags: NDArray[np.float32]  # (n tokens, tags)
    themes: NDArray[np.float32]  # (passages, themes)


def join_windows(
    article: EncodedArticle,
    tag_logits: Sequence[NDArray[np.float32]],
    theme_logits: Sequence[NDArray[np.float32]],
) -> ArticleLogits:
    """Read every token out of the window that owns it.

    A passage that no window holds whole has the mean of its pieces' logits, weighed by tokens.

    Args:
        tag_logits: (t, tags) of each window, special tokens included.
        theme_logits: (pieces, themes) of each window.
    """
    n_themes = theme_logits[0].shape[1] if theme_logits else 0
    sums = np.zeros((len(article.passages), n_themes), dtype=np.float32)
    tokens = np.zeros((len(article.passages), 1), dtype=np.float32)
    for window, logits in zip(article.windows, theme_logits, strict=True):
        for piece, row in zip(window.pieces, logits, strict=True):
            if piece.passage >= 0:
                sums[piece.passage] += row * (piece.end - piece.start)
                tokens[piece.passage] += piece.end - piece.start
    # A passage of which the tokeniser sees nothing has no theme.
    themes = np.where(tokens > 0, sums / np.maximum(tokens, 1), -np.inf)
    owned = [logits[window.own] for window, logits in zip(article.windows, tag_logits, strict=True)]
    return ArticleLogits(np.concatenate(owned) if owned else np.zeros((0, 0), np.float32), themes)


def decode(
    articles: Sequence[EncodedArticle],
    logits: Sequence[ArticleLogits],
    labels: LabelSet,
    options: DecodeOptions,
) -> list[Article]:
    """The articles with the spans the model reads on them, in place of any they came with."""
    return [
        replace(article.article, entities=entities, themes=themes)
        for article, entities, themes in zip(
            articles,
            decode_entities(articles, logits, labels, options),
            decode_themes(articles, logits, labels, options),
            strict=True,
        )
    ]


def decode_entities(
    articles: Sequence[EncodedArticle],
    logits: Sequence[ArticleLogits],
    labels: LabelSet,
    options: DecodeOptions,
) -> list[tuple[EntitySpan, ...]]:
    """The entities of each article: the best legal path, whose O is favoured by the bias."""
    emissions = [_log_softmax(one.tags) for one in logits]
    for article, emission in zip(articles, emissions, strict=True):
        emission[article.begins_line, 2::2] = -np.inf  # an entity ends with its line
    transitions = legal_transitions(labels)
    transitions[:, 0] += options.outside_bias
    paths = best_paths(
        emissions,
        [article.continues for article in articles],
        transitions=transitions,
        word_break_cost=options.word_break_cost,
    )
    return [
        tuple(
            _without_last_stop(
                tags_to_spans(path, article.offsets, labels, np.exp(emission)),
                article.article.text,
            )
        )
        for article, path, emission in zip(articles, paths, emissions, strict=True)
    ]


def decode_themes(
    articles: Sequence[EncodedArticle],
    logits: Sequence[ArticleLogits],
    labels: LabelSet,
    options: DecodeOptions,
) -> list[tuple[ThemeSpan, ...]]:
    """The themes of each article's passages: those that reach their threshold."""
    thresholds = np.array(options.theme_thresholds)
    decoded = []
    for article, one in zip(articles, logits, strict=True):
        scores = np.exp(-np.logaddexp(0, -one.themes))
        decoded.append(
            tuple(
                ThemeSpan(
                    article.passages[passage].start,
                    article.passages[passage].end,
                    labels.themes[theme],
                    float(scores[passage, theme]),
                )
                for passage, theme in np.argwhere(scores >= thresholds).tolist()
            )
            if scores.size
            else ()
        )
    return decoded


def _without_last_stop(spans: Sequence[EntitySpan], text: str) -> Iterator[EntitySpan]:
    """A stop or comma behind a name is no part of it, not even that of a degree (``M.Si.``)."""
    for span in spans:
        end = span.start + len(text[span.start : span.end].rstrip(_STOPS))
        if end > span.start:
            yield replace(span, end=end)


def _log_softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    shifted = logits - logits.max(axis=1, keepdims=True, initial=-np.inf)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
