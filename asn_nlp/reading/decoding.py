"""Logits to scored spans: the one decode that training, evaluation and the predictor share."""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from asn_nlp.articles import Article, EntitySpan, ThemeSpan
from asn_nlp.labels import LabelSet
from asn_nlp.reading.calibration import Calibration, Calibrator, sigmoid, weakest_decision
from asn_nlp.reading.encoding import EncodedArticle
from asn_nlp.reading.options import DecodeOptions
from asn_nlp.reading.returning import returning_words
from asn_nlp.reading.tagging import SpanScore, best_paths, legal_transitions, tags_to_spans

_OPENED_BY = dict(zip(')]}”’»"', '([{“‘«"', strict=True))
_CLOSED_BY = {opening: closing for closing, opening in _OPENED_BY.items()}
_OF_A_NAME = "#@%&*+"  # what counts as punctuation and yet begins or ends names


@dataclass(frozen=True, slots=True)
class ArticleLogits:
    """What the model says of one article, windows already put together."""

    tags: NDArray[np.float32]  # (n tokens, tags)
    themes: NDArray[np.float32]  # (passages, themes)


def join_windows(
    article: EncodedArticle,
    tag_logits: Sequence[NDArray[np.float32]],
    themes: Sequence[tuple[NDArray[np.float32], NDArray[np.float32]]],
) -> ArticleLogits:
    """Read every token out of the window that owns it.

    A passage that no window holds whole has the mean of its pieces' logits, weighed by attention:
    what one window that held it would say.

    Args:
        tag_logits: (t, tags) of each window, special tokens included.
        themes: logits and mass of attention (pieces, themes) of each window.
    """
    n_themes = themes[0][0].shape[1] if themes else 0
    sums = np.zeros((len(article.passages), n_themes), dtype=np.float32)
    whole = np.zeros_like(sums)
    for window, pieces in zip(article.windows, themes, strict=True):
        for piece, logits, mass in zip(window.pieces, *pieces, strict=True):
            if piece.passage >= 0:
                sums[piece.passage] += logits * mass
                whole[piece.passage] += mass
    # A passage of which the tokeniser sees nothing has no theme.
    read = np.divide(sums, whole, out=np.full_like(sums, -np.inf), where=whole > 0)
    owned = [logits[window.own] for window, logits in zip(article.windows, tag_logits, strict=True)]
    return ArticleLogits(np.concatenate(owned) if owned else np.zeros((0, 0), np.float32), read)


def decode(
    articles: Sequence[EncodedArticle],
    logits: Sequence[ArticleLogits],
    labels: LabelSet,
    options: DecodeOptions,
    calibration: Calibration | None = None,
) -> list[Article]:
    """The articles with the spans the model reads on them, in place of any they came with.

    With ``calibration``, a span's score is the probability that it is right; the spans are the
    same.
    """
    sides = (calibration.entities, calibration.themes) if calibration else (None, None)
    entities, themes = (side.calibrator if side else None for side in sides)
    return [
        replace(article.article, entities=found, themes=marked)
        for article, found, marked in zip(
            articles,
            decode_entities(articles, logits, labels, options, entities),
            decode_themes(articles, logits, labels, options, themes),
            strict=True,
        )
    ]


def decode_entities(
    articles: Sequence[EncodedArticle],
    logits: Sequence[ArticleLogits],
    labels: LabelSet,
    options: DecodeOptions,
    calibrator: Calibrator | None = None,
) -> list[tuple[EntitySpan, ...]]:
    """The entities of each article: those of the best legal path."""
    paths = entity_paths(articles, logits, labels, options)
    return entities_on_paths(paths, articles, logits, labels, calibrator)


def entity_paths(
    articles: Sequence[EncodedArticle],
    logits: Sequence[ArticleLogits],
    labels: LabelSet,
    options: DecodeOptions,
) -> list[NDArray[np.int64]]:
    """The best legal path of tags of each article, whose O is favoured by the bias; those where
    words of an entity return are read a second time."""
    transitions = legal_transitions(labels)
    transitions[:, 0] += options.outside_bias
    emissions = [_emission(article, one) for article, one in zip(articles, logits, strict=True)]

    def best(places: Sequence[int]) -> list[NDArray[np.int64]]:
        return best_paths(
            [emissions[place] for place in places],
            [articles[place].continues for place in places],
            transitions=transitions,
            word_break_cost=options.word_break_cost,
        )

    paths = best(range(len(articles)))
    if not any(options.returning_biases):
        return paths
    again = []
    for place, (path, article) in enumerate(zip(paths, articles, strict=True)):
        text, offsets = article.article.text, article.offsets
        spans = tags_to_spans(path, offsets, labels)
        added = returning_words(text, offsets, spans, options.returning_biases, labels)
        if added is not None:
            emissions[place] = emissions[place] + added
            again.append(place)
    for place, path in zip(again, best(again), strict=True):
        paths[place] = path
    return paths


def entities_on_paths(
    paths: Sequence[NDArray[np.int64]],
    articles: Sequence[EncodedArticle],
    logits: Sequence[ArticleLogits],
    labels: LabelSet,
    calibrator: Calibrator | None = None,
) -> list[tuple[EntitySpan, ...]]:
    """The entities that a path of tags marks on each article.

    Without ``calibrator`` an entity's score is the mean probability of its type over its tokens.
    """
    decoded = []
    for path, article, one in zip(paths, articles, logits, strict=True):
        score = _entity_score(
            _emission(article, one, calibrator.temperature if calibrator else 1.0), calibrator
        )
        spans = tags_to_spans(path, article.offsets, labels, score)
        decoded.append(tuple(_trimmed(spans, article.article.text)))
    return decoded


def decode_themes(
    articles: Sequence[EncodedArticle],
    logits: Sequence[ArticleLogits],
    labels: LabelSet,
    options: DecodeOptions,
    calibrator: Calibrator | None = None,
) -> list[tuple[ThemeSpan, ...]]:
    """The themes of each article's passages: those whose probability reaches their threshold.

    Without ``calibrator`` that probability is the score.
    """
    thresholds = np.array(options.theme_thresholds)
    decoded: list[tuple[ThemeSpan, ...]] = []
    for article, one in zip(articles, logits, strict=True):
        if not one.themes.size:  # no token, and so no window
            decoded.append(())
            continue
        probabilities = sigmoid(one.themes)
        places, themes = np.nonzero(probabilities >= thresholds)
        scores = probabilities[places, themes].astype(np.float64)
        if calibrator:
            chosen = one.themes[places, themes].astype(np.float64)
            scores = calibrator(sigmoid(chosen / calibrator.temperature), themes)
        rows = zip(places.tolist(), themes.tolist(), scores.tolist(), strict=True)
        decoded.append(
            tuple(
                ThemeSpan(
                    article.passages[place].start,
                    article.passages[place].end,
                    labels.themes[theme],
                    score,
                )
                for place, theme, score in rows
            )
        )
    return decoded


def _emission(
    article: EncodedArticle, logits: ArticleLogits, temperature: float = 1.0
) -> NDArray[np.float32]:
    """Log-probabilities (n tokens, tags)."""
    emission = log_softmax(logits.tags / np.float32(temperature))
    emission[article.begins_line, 2::2] = -np.inf  # an entity ends with its line
    return emission


def _entity_score(emission: NDArray[np.float32], calibrator: Calibrator | None) -> SpanScore:
    """The score of the tokens ``first:last`` as an entity whose first tag is ``begin``."""
    if calibrator is None:
        probabilities = np.exp(emission)

        def mean(first: int, last: int, begin: int) -> float:
            of_type = probabilities[first:last, begin : begin + 2].sum(axis=1)
            return float(of_type.mean().clip(0, 1))

        return mean

    def calibrated(first: int, last: int, begin: int) -> float:
        p = weakest_decision(emission, first, last, begin)
        return float(calibrator(np.array([p]), np.array([begin // 2]))[0])

    return calibrated


def _trimmed(spans: Sequence[EntitySpan], text: str) -> Iterator[EntitySpan]:
    """The spans without what is no part of a name at either end, and none of which nothing is left.

    White space goes, and marks whose letter stands before the span; punctuation too, even the last
    stop of a degree (``M.Si.``), unless it closes or opens what the span has whole (``TNI (Mar)``).
    """
    for span in spans:
        start, end = span.start, span.end
        while start < end and _frays(text[start], text[start + 1 : end], _CLOSED_BY, "PZCM"):
            start += 1
        while start < end and _frays(text[end - 1], text[start : end - 1], _OPENED_BY, "PZC"):
            end -= 1
        if start < end:
            yield replace(span, start=start, end=end)


def _frays(edge: str, rest: str, partners: Mapping[str, str], categories: str) -> bool:
    """Whether the character ``edge`` is no part of a name that goes on with ``rest``."""
    if unicodedata.category(edge)[0] not in categories or edge in _OF_A_NAME:
        return False
    return not (edge in partners and partners[edge] in rest)


def log_softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Log-probabilities (n, tags) of logits (n, tags)."""
    shifted = logits - logits.max(axis=1, keepdims=True, initial=-np.inf)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
