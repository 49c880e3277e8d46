"""The page that tells a stranger what a run folder holds."""

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from asn_nlp.articles import Article
from asn_nlp.config import TrainConfig
from asn_nlp.engines.run_folder import CARD
from asn_nlp.errors import extra
from asn_nlp.evaluation import Report, Score
from asn_nlp.files import written_whole
from asn_nlp.reading.calibration import Calibration
from asn_nlp.report.tables import figure, named_scores, spread
from asn_nlp.shipped import ENCODER

with extra("train", "the card of a run"):
    from huggingface_hub import ModelCard, ModelCardData

_TEMPLATE = Path(__file__).parent / "templates" / "model_card.md"


@dataclass(frozen=True, slots=True)
class Part:
    """Articles that a run was trained on or chosen by, and where they come from."""

    source: str
    articles: Sequence[Article]


def write_model_card(
    folder: Path,
    config: TrainConfig,
    parts: Mapping[str, Part],
    report: Report,
    *,
    fingerprint: str,
    calibration: Calibration | None = None,
) -> None:
    """Write ``README.md``: what the run is, its data, procedure, scores on dev, and how to open it.

    What the run does not read, entities or themes, is left out.

    Args:
        parts: train and dev, by name.
        report: on dev, by the labels of the run.
        fingerprint: of the articles.
        calibration: of the run.
    """
    labels = report.labels
    card = ModelCard.from_template(
        ModelCardData(
            language="id",
            library_name="transformers",
            pipeline_tag="token-classification" if labels.entities else "text-classification",
            tags=[
                *(["named-entity-recognition"] if labels.entities else []),
                "news",
                "civil-service",
            ],
        ),
        template_path=str(_TEMPLATE),
        config=config,
        labels=labels,
        encoder=_encoder(config),
        folder=config.output,
        parts={
            name: {
                "source": part.source,
                "articles": len(part.articles),
                "entities": sum(len(article.entities) for article in part.articles),
                "themes": sum(len(article.themes) for article in part.articles),
            }
            for name, part in parts.items()
        },
        fingerprint=fingerprint,
        scores=[
            (name.replace("|", r"\|"), _figures(score)) for (_, name), score in named_scores(report)
        ],
        resamples=report.resamples,
        intervals=report.articles > 1,
        calibrated={
            kind: side
            for kind, side in (
                ("entities", calibration and calibration.entities),
                ("themes", calibration and calibration.themes),
            )
            if getattr(labels, kind)
        },
        unmarked=report.unmarked,
        versions=library_versions(),
    )
    with written_whole(folder / CARD) as file:
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


def _figures(score: Score) -> dict[str, str]:
    return {
        "precision": figure(score.precision, score),
        "recall": figure(score.recall, score),
        "f1": figure(score.f1, score),
        "interval": spread(score.interval) if score.interval else "",
        "support": f"{score.support:,}",
    }
