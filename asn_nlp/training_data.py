"""The annotated articles that a model is trained on and chosen by."""

import logging
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from asn_nlp.articles import Article, Span
from asn_nlp.config import DataConfig
from asn_nlp.files import fingerprint
from asn_nlp.formats import read_articles
from asn_nlp.splits import split_articles

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TrainingData:
    train: tuple[Article, ...]
    dev: tuple[Article, ...]
    fingerprint: str  # of the files' bytes

    @property
    def known_mentions(self) -> frozenset[str]:
        """The surfaces of the training articles' entities."""
        return frozenset(a.text[span.start : span.end] for a in self.train for span in a.entities)


def read_training_data(config: DataConfig, *, seed: int) -> TrainingData:
    """Read the annotated files; without a dev file, set articles aside by ``seed``.

    Labels that only dev shows are logged as a warning.

    Raises:
        AnnotationError: a file breaks a rule of the format.
        ValueError: no article is left for dev, or an id stands in two training files.
    """
    files = list(config.train_files)
    train = tuple(article for path in files for article in read_articles(path))
    for name, count in Counter(article.id for article in train).items():
        if count > 1:
            raise ValueError(
                f"article ids must be unique over the training files, but {name!r} stands in "
                f"{count} of them; rename or remove one"
            )
    if config.dev is None:
        parts = split_articles(train, dev=config.dev_share, test=0, seed=seed)
        train, dev = parts.train, parts.dev
        if not dev:
            raise ValueError(
                f"no article is left for dev: data.dev names no file and data.dev_share is "
                f"{config.dev_share:g}; name a file or raise the share"
            )
    else:
        dev = tuple(read_articles(Path(config.dev)))
        files.append(Path(config.dev))
    if new := sorted(_labels(dev) - _labels(train)):
        logger.warning(
            "dev holds labels that train never shows, so they cannot be learned: %s; "
            "mark some in train or expect them to be missed",
            ", ".join(new),
        )
    return TrainingData(train, dev, fingerprint(*files))


def _labels(articles: tuple[Article, ...]) -> set[str]:
    spans: Iterator[Span] = chain.from_iterable((*a.entities, *a.themes) for a in articles)
    return {span.label for span in spans}
