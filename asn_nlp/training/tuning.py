"""The decode options that read dev best."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from asn_nlp.articles import Article
from asn_nlp.evaluation import entity_f1, theme_f1
from asn_nlp.labels import LabelSet
from asn_nlp.reading.decoding import ArticleLogits, decode_entities, decode_themes
from asn_nlp.reading.encoding import EncodedArticle
from asn_nlp.reading.options import DecodeOptions

# The highest first: where several read dev equally well, unseen words are safest with that.
_WORD_BREAK_COSTS = (8.0, 6.0, 4.0, 2.0, 1.0, 0.0)
_OUTSIDE_BIASES = (0.0, 0.5, 1.0, 1.5, 2.0)
_THRESHOLDS = tuple(np.round(np.arange(0.1, 0.96, 0.05), 2).tolist())


def first_options(labels: LabelSet) -> DecodeOptions:
    """What dev is read with while the model still learns."""
    return DecodeOptions(
        word_break_cost=4.0, outside_bias=0.0, theme_thresholds=(0.5,) * len(labels.themes)
    )


def tune_options(
    options: DecodeOptions,
    articles: Sequence[EncodedArticle],
    logits: Sequence[ArticleLogits],
    gold: Sequence[Article],
    labels: LabelSet,
) -> DecodeOptions:
    """The cost of a break inside a word, the bias and the threshold that read ``gold`` best.

    One threshold serves all themes: a dev set holds too few examples of the rare ones to tune
    each.
    """

    def entities(candidate: DecodeOptions) -> float:
        decoded = decode_entities(articles, logits, labels, candidate)
        read = [replace(one, entities=spans) for one, spans in zip(gold, decoded, strict=True)]
        return entity_f1(gold, read, labels=labels)

    def themes(candidate: DecodeOptions) -> float:
        decoded = decode_themes(articles, logits, labels, candidate)
        read = [replace(one, themes=spans) for one, spans in zip(gold, decoded, strict=True)]
        return theme_f1(gold, read, labels=labels)

    if labels.entities:
        costs = [replace(options, word_break_cost=cost) for cost in _WORD_BREAK_COSTS]
        options = max(costs, key=entities)
        options = max(
            (replace(options, outside_bias=bias) for bias in _OUTSIDE_BIASES), key=entities
        )
    if labels.themes:
        options = max(
            (
                replace(options, theme_thresholds=(threshold,) * len(labels.themes))
                for threshold in _THRESHOLDS
            ),
            key=themes,
        )
    return options
