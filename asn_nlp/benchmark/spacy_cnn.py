"""spaCy's own CNN pipeline, trained by spaCy on the same articles: what one would else pick.

``ner`` and ``textcat_multilabel`` as spaCy's quickstart has them for processors. A passage is a
``Doc``, for themes are marked on passages.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from asn_nlp.articles import Article, EntitySpan, ThemeSpan
from asn_nlp.errors import ConfigError, extra
from asn_nlp.evaluation import theme_f1
from asn_nlp.files import temporary_folder
from asn_nlp.formats import write_articles
from asn_nlp.labels import LabelSet
from asn_nlp.passages import marked_passages, split_passages

with extra("spacy", "spaCy's pipeline"):
    from spacy import load
    from spacy.cli.init_config import init_config
    from spacy.language import Language
    from spacy.training.initialize import init_nlp
    from spacy.training.loop import train

_THRESHOLD = "theme_threshold.json"


class SpacyCnn:
    """A trained pipeline, and the one threshold of all themes that reads dev best."""

    def __init__(self, nlp: Language, threshold: float) -> None:
        self._nlp = nlp
        self._threshold = threshold

    @classmethod
    def open(cls, folder: Path) -> "SpacyCnn":
        """What ``train_spacy_cnn`` wrote.

        Raises:
            ConfigError: the folder holds something else.
        """
        try:
            threshold = float(json.loads((folder / _THRESHOLD).read_text(encoding="utf-8")))
            return cls(load(folder), threshold)
        except (OSError, ValueError) as error:
            raise ConfigError(
                f"{folder} is no pipeline that the benchmark trained ({error}); remove it, and it "
                "is trained anew"
            ) from error

    def predict(self, articles: Sequence[Article]) -> list[Article]:
        """The articles with the spans found on them, in place of any they came with."""
        return _read(self._nlp, articles, self._threshold)


def train_spacy_cnn(
    articles: Sequence[Article], dev: Sequence[Article], labels: LabelSet, folder: Path
) -> None:
    """Train until dev has not improved for as long as spaCy's quickstart waits, and write it."""
    with temporary_folder(folder.parent, "spacy") as work:
        config = init_config(lang="id", pipeline=["ner", "textcat_multilabel"])
        for name, part in (("train", articles), ("dev", dev)):
            passages = [one for article in part for one in passages_of(article)]
            write_articles(passages, work / f"{name}.spacy")
            config["paths"][name] = str(work / f"{name}.spacy")
        train(init_nlp(config), work)
        best = work / "model-best"
        nlp = load(best)
        thresholds = np.arange(0.05, 0.96, 0.05).round(2).tolist()
        threshold = max(
            thresholds, key=lambda one: theme_f1(dev, _read(nlp, dev, one), labels=labels)
        )
        (best / _THRESHOLD).write_text(json.dumps(threshold, allow_nan=False), encoding="utf-8")
        best.replace(folder)


def passages_of(article: Article) -> Iterator[Article]:
    """Each passage as an article; an entity that leaves it is left out."""
    passages = split_passages(article.text)
    themes: list[list[str]] = [[] for _ in passages]
    for theme in article.themes:
        for place in marked_passages(theme.start, theme.end, passages):
            themes[place].append(theme.label)
    for place, passage in enumerate(passages):
        yield Article(
            f"{article.id}:{place}",
            article.text[passage.start : passage.end],
            tuple(
                replace(span, start=span.start - passage.start, end=span.end - passage.start)
                for span in article.entities
                if passage.start <= span.start and span.end <= passage.end
            ),
            tuple(
                ThemeSpan(0, passage.end - passage.start, label)
                for label in dict.fromkeys(themes[place])
            ),
        )


def _read(nlp: Language, articles: Sequence[Article], threshold: float) -> list[Article]:
    cut = [split_passages(article.text) for article in articles]
    texts = (
        article.text[passage.start : passage.end]
        for article, passages in zip(articles, cut, strict=True)
        for passage in passages
    )
    docs = nlp.pipe(texts)
    read = []
    for article, passages in zip(articles, cut, strict=True):
        entities: list[EntitySpan] = []
        themes: list[ThemeSpan] = []
        for passage, doc in zip(passages, docs, strict=False):
            entities += [
                EntitySpan(passage.start + e.start_char, passage.start + e.end_char, e.label_)
                for e in doc.ents
            ]
            themes += [
                ThemeSpan(passage.start, passage.end, label, score)
                for label, score in doc.cats.items()
                if score >= threshold
            ]
        read.append(replace(article, entities=tuple(entities), themes=tuple(themes)))
    return read
