"""Fine-tuning as something that learns from articles and reads others, for cross-validation."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from asn_nlp.annotation.folds import Learn, Read
from asn_nlp.annotation.splits import split_articles
from asn_nlp.articles import Article
from asn_nlp.config import TrainConfig
from asn_nlp.files import temporary_folder
from asn_nlp.predictor import Predictor
from asn_nlp.training.run import fit


def fine_tuner(config: TrainConfig, folder: Path) -> Learn:
    """Fine-tunes by ``config``, whose ``data`` is not read from and ``output`` not written to.

    Of the articles learned from, ``data.dev_share`` is kept to choose the epoch and thresholds on.

    Args:
        folder: where a run lies as long as it takes to open it.
    """

    def learn(articles: Sequence[Article]) -> Read:
        parts = split_articles(articles, dev=config.data.dev_share, test=0, seed=config.seed)
        with temporary_folder(folder, "fold") as run:
            fit(parts.train, parts.dev, replace(config, output=str(run / "run"), seeds=1))
            return Predictor.from_pretrained(run / "run").opinions

    return learn
