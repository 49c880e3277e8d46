"""The decode options that read dev best."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from statistics import fmean
from typing import NamedTuple

import numpy as np

from asn_nlp.articles import Article
from asn_nlp.evaluation import entity_f1, theme_f1
from asn_nlp.labels import LabelSet
from asn_nlp.reading.decoding import ArticleLogits, decode_entities, decode_themes
from asn_nlp.reading.encoding import EncodedArticle
from asn_nlp.reading.options import DecodeOptions

logger = logging.getLogger(__name__)

_FEWEST = 200  # spans; fewer are read best by chance

_ABOUT = 0.001  # of F1, far below what dev sets can tell apart
# The safest first, for words and articles that dev has not: whole words, and no bias.
_WORD_BREAK_COSTS = (8.0, 6.0, 4.0, 2.0, 1.0, 0.0)
_OUTSIDE_BIASES = (0.0, 0.5, 1.0, 1.5, 2.0)
_RETURNING_BIASES = (0.0, 1.0, 2.0, 3.0, 4.0)
_THRESHOLDS = tuple(np.round(np.arange(0.1, 0.96, 0.05), 2).tolist())


def first_options(labels: LabelSet) -> DecodeOptions:
    """What dev is read with while the model still learns."""
    return DecodeOptions(
        word_break_cost=4.0,
        outside_bias=0.0,
        theme_thresholds=(0.5,) * len(labels.themes),
        returning_biases=(0.0,) * len(labels.entities),
    )


class Dev(NamedTuple):
    """A dev set as the model sees it."""

    articles: Sequence[EncodedArticle]
    logits: Sequence[ArticleLogits]
    gold: Sequence[Article]


def tune_options(options: DecodeOptions, devs: Sequence[Dev], labels: LabelSet) -> DecodeOptions:
    """The cost of a break inside a word, the biases and the threshold that read ``devs`` best.

    One threshold serves all themes: one each, tuned on a dev set, read other articles no better.
    Where a dev set holds too few spans of a kind, what ``options`` has for it stays, which is
    logged as a warning.

    Args:
        devs: one or more sets, of which each counts the same, such as the articles as they are and
            with other line breaks.
    """

    def entities(candidate: DecodeOptions) -> float:
        return fmean(_entity_f1(dev, labels, candidate) for dev in devs)

    def themes(candidate: DecodeOptions) -> float:
        return fmean(_theme_f1(dev, labels, candidate) for dev in devs)

    def enough(kind: str) -> bool:
        spans = min(sum(len(getattr(article, kind)) for article in dev.gold) for dev in devs)
        if spans < _FEWEST:
            logger.warning(
                "dev holds %d %s, too few to tune on (%d): how they are read stays as it was",
                spans,
                kind,
                _FEWEST,
            )
        return spans >= _FEWEST

    if labels.entities and enough("entities"):
        costs = [replace(options, word_break_cost=cost) for cost in _WORD_BREAK_COSTS]
        options = _safest(costs, entities)
        outside = [replace(options, outside_bias=bias) for bias in _OUTSIDE_BIASES]
        options = _safest(outside, entities)
        for place in range(len(labels.entities)):
            head, tail = options.returning_biases[:place], options.returning_biases[place + 1 :]
            returning = [
                replace(options, returning_biases=(*head, bias, *tail))
                for bias in _RETURNING_BIASES
            ]
            options = _safest(returning, entities)
    if labels.themes and enough("themes"):
        options = max(
            (
                replace(options, theme_thresholds=(threshold,) * len(labels.themes))
                for threshold in _THRESHOLDS
            ),
            key=themes,
        )
    return options


def _safest(
    candidates: Sequence[DecodeOptions], score: Callable[[DecodeOptions], float]
) -> DecodeOptions:
    """The first that is about as good as the best."""
    scores = list(map(score, candidates))
    return next(
        one for one, its in zip(candidates, scores, strict=True) if its >= max(scores) - _ABOUT
    )


def _entity_f1(dev: Dev, labels: LabelSet, options: DecodeOptions) -> float:
    decoded = decode_entities(dev.articles, dev.logits, labels, options)
    read = [replace(one, entities=spans) for one, spans in zip(dev.gold, decoded, strict=True)]
    return entity_f1(dev.gold, read, labels=labels)


def _theme_f1(dev: Dev, labels: LabelSet, options: DecodeOptions) -> float:
    decoded = decode_themes(dev.articles, dev.logits, labels, options)
    read = [replace(one, themes=spans) for one, spans in zip(dev.gold, decoded, strict=True)]
    return theme_f1(dev.gold, read, labels=labels)
