"""The annotated articles that a model is trained on and chosen by."""

import hashlib
import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from asn_nlp.annotation.splits import split_articles
from asn_nlp.articles import Article
from asn_nlp.config import DataConfig
from asn_nlp.errors import AnnotationError, ConfigError
from asn_nlp.files import fingerprint
from asn_nlp.formats import read_articles
from asn_nlp.labels import LabelSet

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TrainingData:
    train: tuple[Article, ...]
    dev: tuple[Article, ...]
    fingerprint: str  # of the files' bytes, or of the articles where they came from no file
    train_source: str = "articles in memory"
    dev_source: str = "articles in memory"

    @classmethod
    def from_articles(cls, train: Sequence[Article], dev: Sequence[Article]) -> "TrainingData":
        digest = hashlib.sha256(repr((tuple(train), tuple(dev))).encode())
        return cls(tuple(train), tuple(dev), digest.hexdigest()[:16])

    @property
    def known_mentions(self) -> frozenset[str]:
        """The surfaces of the training articles' entities."""
        return frozenset(a.surface(span) for a in self.train for span in a.entities)

    def check_labels(self, labels: LabelSet) -> None:
        """
        Raises:
            AnnotationError: an article has labels that ``labels``, which has others of that kind,
                does not.
        """
        problems = [p for article in (*self.train, *self.dev) for p in labels.problems(article)]
        if problems:
            raise AnnotationError(
                [
                    f"{problem} Or name it in labels, or give labels null to take all that are met"
                    for problem in problems
                ]
            )


def read_files(files: Sequence[Path]) -> tuple[Article, ...]:
    """The articles of several files as one set.

    Raises:
        AnnotationError: a file breaks a rule of its format, or an id stands in two of them.
        OSError: a file cannot be read.
    """
    articles = tuple(article for path in files for article in read_articles(path))
    repeated = [
        f"article ids must be unique over the files, but {name!r} stands in {count} of "
        "them; rename or remove one"
        for name, count in Counter(article.id for article in articles).items()
        if count > 1
    ]
    if repeated:
        raise AnnotationError(repeated)
    return articles


def read_training_data(config: DataConfig, *, seed: int) -> TrainingData:
    """Read the annotated files; without a dev file, set articles aside by ``seed``.

    Labels that only dev shows, and texts of dev that stand in train too, are logged as a warning.

    Raises:
        AnnotationError: a file breaks a rule of its format, or an id stands in two files.
        ConfigError: no article is left for dev.
    """
    files = list(config.train_files)
    train = read_files(files)
    if config.dev is None:
        dev_source = f"{config.dev_share:.0%} set aside of those named for train"
        parts = split_articles(train, dev=config.dev_share, test=0, seed=seed)
        train, dev = parts.train, parts.dev
        if not dev:
            raise ConfigError(
                f"no article is left for dev: data.dev names no file and data.dev_share is "
                f"{config.dev_share:g}; name a file or raise the share"
            )
    else:
        dev_source = ", ".join(path.name for path in config.dev_files)
        dev = read_files(config.dev_files)
        files += config.dev_files
    if new := sorted(_labels(dev) - _labels(train)):
        logger.warning(
            "dev holds labels that train never shows, so they cannot be learned: %s; "
            "mark some in train or expect them to be missed",
            ", ".join(new),
        )
    texts = {article.text for article in train}
    if shared := sum(article.text in texts for article in dev):
        logger.warning(
            "%d of %d dev articles stand in train too, word for word, so that dev's scores promise "
            "too much; keep the two apart",
            shared,
            len(dev),
        )
    return TrainingData(
        train,
        dev,
        fingerprint(*files),
        ", ".join(path.name for path in config.train_files),
        dev_source,
    )


def _labels(articles: tuple[Article, ...]) -> set[str]:
    return {span.label for article in articles for span in article.spans}
