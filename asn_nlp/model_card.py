"""The page that tells a stranger what a run folder holds."""

import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from huggingface_hub import ModelCard, ModelCardData

from asn_nlp.articles import Article
from asn_nlp.config import ENCODER, TrainConfig
from asn_nlp.evaluation import Report, Score
from asn_nlp.files import written_whole
from asn_nlp.training_data import TrainingData

_TEMPLATE = Path(__file__).parent / "templates" / "model_card.md"


def write_model_card(folder: Path, config: TrainConfig, data: TrainingData, report: Report) -> None:
    """Write ``README.md``: what the run is, its data, procedure, scores on dev, and how to open it.

    Args:
        report: on ``data.dev``.
    """
    entities, themes = report.entities, report.themes
    scores = {
        "entities, micro": entities.micro,
        "entities, macro": entities.macro,
        **entities.labels,
        "mentions seen in training": report.seen,
        "mentions not seen": report.unseen,
        "themes, micro": themes.micro,
        "themes, macro": themes.macro,
        **themes.labels,
    }
    card = ModelCard.from_template(
        ModelCardData(
            language="id",
            library_name="transformers",
            pipeline_tag="token-classification",
            tags=["named-entity-recognition", "news", "civil-service"],
        ),
        template_path=str(_TEMPLATE),
        config=config,
        encoder=_encoder(config),
        folder=config.output,
        parts={
            "train": _part(", ".join(path.name for path in config.data.train_files), data.train),
            "dev": _part(_dev_file(config), data.dev),
        },
        fingerprint=data.fingerprint,
        scores={name: _figures(score) for name, score in scores.items() if score is not None},
        resamples=report.resamples,
        versions=library_versions(),
    )
    with written_whole(folder / "README.md") as file:
        file.write(str(card))


def library_versions() -> dict[str, str]:
    """What a run depends on, for its record."""
    libraries = ("torch", "transformers", "tokenizers", "accelerate", "numpy")
    return {"python": platform.python_version(), **{name: version(name) for name in libraries}}


def _encoder(config: TrainConfig) -> str:
    name, revision = config.encoder.name, config.encoder.revision
    if name == str(ENCODER):
        return "the compact encoder that ships with `asn_nlp`"
    return f"`{name}`" + (f", revision `{revision}`" if revision else "")


def _dev_file(config: TrainConfig) -> str:
    if config.data.dev is None:
        return f"{config.data.dev_share:.0%} set aside of those named for train"
    return Path(config.data.dev).name


def _part(source: str, articles: Sequence[Article]) -> dict[str, object]:
    return {
        "source": source,
        "articles": len(articles),
        "entities": sum(len(article.entities) for article in articles),
        "themes": sum(len(article.themes) for article in articles),
    }


def _figures(score: Score) -> dict[str, str]:
    interval = score.interval
    return {
        "precision": f"{score.precision:.3f}",
        "recall": f"{score.recall:.3f}",
        "f1": f"{score.f1:.3f}",
        "interval": f"{interval.low:.3f}–{interval.high:.3f}" if interval else "",
        "support": f"{score.support:,}",
    }
