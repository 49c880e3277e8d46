"""python scripts/evaluate.py RUN FILE.jsonl [--against OTHER_RUN] [--output FOLDER]

Score a run on annotated articles: tables here, report.json, report.html and predictions.jsonl
beside the run. The run `ready` is the model that ships with the package.
"""

import sys
from pathlib import Path

from jsonargparse import auto_cli
from rich.progress import track

from asn_nlp.articles import AnnotationError, Article
from asn_nlp.evaluation import compare, evaluate
from asn_nlp.files import fingerprint
from asn_nlp.formats import read_articles, write_articles
from asn_nlp.model import RunError
from asn_nlp.predictor import READY_MODEL, Predictor
from asn_nlp.report import print_report, write_report


def main(run: str, file: Path, *, against: str | None = None, output: Path | None = None) -> None:
    """Score a run on annotated articles.

    Args:
        run: a run folder, or `ready` for the model that ships with the package.
        file: annotated articles, JSON Lines.
        against: another run, to test the difference by paired bootstrap.
        output: the folder to write to; by default evaluation-FILE in the run's.
    """
    folder = _folder(run)
    output = output or Path("runs/ready" if run == "ready" else run) / f"evaluation-{file.stem}"
    gold = read_articles(file)
    predicted = _predict(folder, gold)
    known = folder / "known_mentions.txt"
    mentions = frozenset(known.read_text("utf-8").split("\n") if known.exists() else ()) - {""}
    report = evaluate(gold, predicted, known_mentions=mentions)
    provenance = {
        "run": run,
        "weights": fingerprint(folder / "model.safetensors"),
        "data": str(file),
        "data fingerprint": fingerprint(file),
        "known mentions": f"{len(mentions):,}",
    }
    comparison = None
    if against:
        provenance["against"] = against
        comparison = compare(gold, predicted, _predict(_folder(against), gold))
    write_articles(predicted, output / "predictions.jsonl")
    page = write_report(
        report, gold, predicted, output, provenance=provenance, comparison=comparison
    )
    print_report(report, comparison=comparison)
    print(f"page: {page}")


def _folder(run: str) -> Path:
    return READY_MODEL if run == "ready" else Path(run)


def _predict(folder: Path, articles: list[Article]) -> list[Article]:
    reading = Predictor.from_pretrained(folder).predict(articles)
    return list(track(reading, f"reading with {folder.name}", total=len(articles)))


if __name__ == "__main__":
    try:
        auto_cli(main)
    except (AnnotationError, RunError, OSError) as error:
        sys.exit(f"error: {error}")
