"""A conditional random field over hand-made features of words."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from asn_nlp.articles import Article, EntitySpan
from asn_nlp.errors import extra
from asn_nlp.labels import LabelSet
from asn_nlp.passages import Passage, split_passages
from asn_nlp.reading.tagging import spans_to_tags, tags_to_spans

with extra("train", "the baselines"):
    from sklearn_crfsuite import CRF

_TOKEN = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True)
class CrfTagger:
    """A linear-chain CRF over the words of a passage: word, shape, affixes and two neighbours."""

    model: CRF
    labels: LabelSet

    @classmethod
    def from_articles(cls, articles: Sequence[Article], labels: LabelSet) -> "CrfTagger":
        features, tags = [], []
        for article in articles:
            for passage in split_passages(article.text):
                offsets = word_offsets(article.text, passage)
                tagged = spans_to_tags(article.entities, offsets, labels)
                features.append(_features(article.text, offsets))
                tags.append([labels.tags[tag] for tag in tagged.tags])
        model = CRF(algorithm="lbfgs", c1=0.1, c2=0.05, max_iterations=100)
        return cls(model.fit(features, tags), labels)

    def predict(self, articles: Sequence[Article]) -> list[Article]:
        """The articles with the entities tagged on them, in place of any spans they came with."""
        return [
            replace(
                article,
                entities=tuple(
                    span
                    for passage in split_passages(article.text)
                    for span in self._entities(article.text, passage)
                ),
                themes=(),
            )
            for article in articles
        ]

    def probabilities(self, text: str, offsets: Sequence[NDArray[np.int64]]) -> NDArray[np.float64]:
        """Of the tags (n, tags) of the words at ``offsets``, a passage each."""
        rows = [
            [word.get(tag, 0.0) for tag in self.labels.tags]
            for own in offsets
            for word in self.model.predict_marginals_single(_features(text, own))
        ]
        return np.array(rows).reshape(-1, len(self.labels.tags)).clip(0, 1)

    def _entities(self, text: str, passage: Passage) -> list[EntitySpan]:
        offsets = word_offsets(text, passage)
        tags = self.model.predict_single(_features(text, offsets))
        ids = np.array([self.labels.tag_ids[tag] for tag in tags], dtype=np.int64)
        return tags_to_spans(ids, offsets, self.labels)


def word_offsets(text: str, passage: Passage) -> NDArray[np.int64]:
    """Characters (n, 2) of each word or punctuation mark of a passage.

    A small letter with a capital behind it ends a word, for outlets glue names to what precedes.
    """
    rows = []
    for token in _TOKEN.finditer(text, passage.start, passage.end):
        start = token.start()
        for place in range(start + 1, token.end()):
            if text[place - 1].islower() and text[place].isupper():
                rows.append((start, place))
                start = place
        rows.append((start, token.end()))
    return np.array(rows, dtype=np.int64).reshape(-1, 2)


def _features(text: str, offsets: NDArray[np.int64]) -> list[list[str]]:
    """One list of feature names a word."""
    words = [text[start:end] for start, end in offsets.tolist()]
    features = []
    for place, word in enumerate(words):
        own = [*_word_features(word), *(["first"] if place == 0 else [])]
        for shift in (-2, -1, 1, 2):
            if 0 <= place + shift < len(words):
                own += _neighbour_features(words[place + shift], shift)
        features.append(own)
    return features


@cache
def _word_features(word: str) -> tuple[str, ...]:
    lower = word.lower()
    affixes = [f"p={lower[:n]}" for n in range(1, 5)] + [f"s={lower[-n:]}" for n in range(1, 5)]
    flags = [
        name
        for name, holds in (
            ("title", word.istitle()),
            ("upper", word.isupper()),
            ("digit", word.isdigit()),
        )
        if holds
    ]
    return ("bias", f"w={word}", f"l={lower}", f"shape={_shape(word)}", *affixes, *flags)


@cache
def _neighbour_features(word: str, shift: int) -> tuple[str, ...]:
    return f"{shift}:l={word.lower()}", f"{shift}:shape={_shape(word)}"


def _shape(word: str) -> str:
    """``Kepala`` → ``Xx``, ``2025`` → ``d``: runs of capitals, small letters and digits."""
    kinds = "".join(
        "X" if c.isupper() else "x" if c.isalpha() else "d" if c.isdigit() else c for c in word
    )
    return re.sub(r"(.)\1+", r"\1", kinds)
