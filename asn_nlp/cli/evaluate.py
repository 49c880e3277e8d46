"""Score a run on annotated articles: tables here; report.json, report.html and predictions.jsonl
beside the run.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from asn_nlp.articles import Article
from asn_nlp.cli.boundary import DONE
from asn_nlp.cli.parser import command_parser
from asn_nlp.engines.run_folder import GRAPH, WEIGHTS, read_known_mentions
from asn_nlp.errors import ConfigError, extra
from asn_nlp.evaluation import Report, Score, compare
from asn_nlp.evaluation import evaluate as score
from asn_nlp.evaluation.records import read_records, score_records
from asn_nlp.files import check_apart, fingerprint
from asn_nlp.formats import read_articles, write_articles
from asn_nlp.linking import records as derive
from asn_nlp.predictor import Predictor
from asn_nlp.shipped import run_folder

_PREDICTIONS = "predictions.jsonl"


def main(arguments: Sequence[str]) -> int:
    parser = command_parser(
        "evaluate", "RUN FILE [--against RUN] [--records FILE] [--output FOLDER] [--json]", __doc__
    )
    parser.add_argument("run", help="a run folder, or ready for the model that ships")
    parser.add_argument("file", type=Path, help="annotated articles")
    parser.add_argument(
        "--against", type=str | None, help="another run, to test the difference by paired bootstrap"
    )
    parser.add_argument(
        "--output", type=Path | None, help="folder to write to; by default evaluation-FILE in RUN"
    )
    parser.add_argument(
        "--records", type=Path | None, help="who holds which post where in FILE, to score that too"
    )
    parser.add_argument("--json", action="store_true", help="print what report.json holds instead")
    return evaluate(**parser.parse_args(arguments).as_dict())


def evaluate(
    run: str,
    file: Path,
    *,
    against: str | None = None,
    output: Path | None = None,
    records: Path | None = None,
    json: bool = False,
) -> int:
    """Print the scores of ``run`` on ``file``, and write its report."""
    with extra("train", "evaluation"):
        from asn_nlp.report import print_report, write_report
    folder = run_folder(run)
    output = output or Path("runs/ready" if run == "ready" else run) / f"evaluation-{file.stem}"
    if output.is_file():
        raise ConfigError(f"{output} is a file; name a folder to write to")
    check_apart(output / _PREDICTIONS, [file])
    gold = read_articles(file)
    known = read_known_mentions(folder)
    # All that may be wrong with a folder is told before anything is read.
    predictor = Predictor.from_pretrained(folder)
    other = Predictor.from_pretrained(run_folder(against)) if against else None
    report = _score(predictor, gold, known, title=run)
    comparison = compare(report, _score(other, gold, title=str(against))) if other else None
    weights = next(path for name in (WEIGHTS, GRAPH) if (path := folder / name).exists())
    sources = {
        "run": run,
        "weights": fingerprint(weights),
        "data": f"{file} ({fingerprint(file)})",
        "known mentions": f"{len(known):,}",
        **({"against": against} if against else {}),
    }
    predicted = [case.predicted for case in report.cases]
    tables = _score_records(records, gold, predicted) if records else None
    page = write_report(report, output, provenance=sources, comparison=comparison, records=tables)
    write_articles(predicted, output / _PREDICTIONS)
    if json:
        print((output / "report.json").read_text(encoding="utf-8"), end="")
        return DONE
    print_report(report, comparison=comparison, records=tables)
    print(f"page: {page}")
    return DONE


def _score(
    predictor: Predictor,
    gold: Sequence[Article],
    known_mentions: frozenset[str] = frozenset(),
    *,
    title: str,
) -> Report:
    predicted, probabilities = _read(predictor, gold, f"reading with {title}")
    raw = raw_probabilities = None
    if predictor.calibration:  # a second reading, for what calibration changes
        uncalibrated = predictor.without_calibration()
        raw, raw_probabilities = _read(uncalibrated, gold, "reading without calibration")
    return score(
        gold,
        predicted,
        labels=predictor.labels,
        raw=raw,
        probabilities=probabilities,
        raw_probabilities=raw_probabilities,
        known_mentions=known_mentions,
    )


def _read(
    predictor: Predictor, gold: Sequence[Article], task: str
) -> tuple[list[Article], list[NDArray[np.float64]]]:
    """The articles with their spans, and how probable each theme of each passage is."""
    opinions = tqdm(predictor.opinions(gold), task, total=len(gold), disable=None)
    read = [(one.article, one.themes) for one in opinions]  # not what is said of each token
    return [article for article, _ in read], [themes for _, themes in read]


def _score_records(
    file: Path, gold: Sequence[Article], predicted: Sequence[Article]
) -> dict[str, Mapping[str, Score]]:
    """Scores of the records derived from gold entities, and from predicted ones, apart."""
    wanted = read_records(file, gold)
    return {
        source: score_records(wanted, {article.id: derive(article) for article in articles})
        for source, articles in (("gold entities", gold), ("predicted entities", predicted))
    }
