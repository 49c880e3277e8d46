"""python scripts/evaluate.py RUN FILE.jsonl [--against OTHER_RUN] [--output FOLDER]

Score a run: tables here; report.json, report.html and predictions.jsonl beside the run.
"""

import sys
from pathlib import Path

from jsonargparse import auto_cli
from rich.progress import track

from asn_nlp.articles import AnnotationError, Article
from asn_nlp.evaluation import compare, evaluate
from asn_nlp.files import fingerprint
from asn_nlp.formats import read_articles, write_articles
from asn_nlp.model import RunError, read_known_mentions
from asn_nlp.predictor import Predictor, run_folder
from asn_nlp.report import print_report, write_report


def main(run: str, file: Path, *, against: str | None = None, output: Path | None = None) -> None:
    """Score a run on annotated articles.

    Args:
        run: a run folder, or `ready` for the model that ships with the package.
        file: annotated articles, JSON Lines.
        against: another run, to test the difference by paired bootstrap.
        output: the folder to write to; by default evaluation-FILE in the run's.
    """
    folder = run_folder(run)
    output = output or Path("runs/ready" if run == "ready" else run) / f"evaluation-{file.stem}"
    gold = read_articles(file)
    predicted = _predict(folder, gold)
    known = read_known_mentions(folder)
    report = evaluate(gold, predicted, known_mentions=known)
    comparison = compare(gold, predicted, _predict(run_folder(against), gold)) if against else None
    sources = {
        "run": run,
        "weights": fingerprint(folder / "model.safetensors"),
        "data": f"{file} ({fingerprint(file)})",
        "known mentions": f"{len(known):,}",
        **({"against": against} if against else {}),
    }
    page = write_report(report, gold, predicted, output, provenance=sources, comparison=comparison)
    write_articles(predicted, output / "predictions.jsonl")
    print_report(report, comparison=comparison)
    print(f"page: {page}")


def _predict(folder: Path, articles: list[Article]) -> list[Article]:
    reading = Predictor.from_pretrained(folder).predict(articles)
    return list(track(reading, f"reading with {folder.name}", total=len(articles)))


if __name__ == "__main__":
    try:
        auto_cli(main)
    except (AnnotationError, RunError, OSError) as error:
        sys.exit(f"error: {error}")
