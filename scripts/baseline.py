"""python scripts/baseline.py TRAIN.jsonl TEST.jsonl

Train the baselines on one file and score them on another, side by side: strict F1 with 95 %
intervals over articles.
"""

import sys
from pathlib import Path

from jsonargparse import auto_cli
from rich.console import Console
from rich.table import Table

from asn_nlp.articles import AnnotationError
from asn_nlp.baselines import CrfTagger, Lexicon, TfidfThemes
from asn_nlp.evaluation import Report, Score, evaluate
from asn_nlp.formats import read_articles


def main(train: Path, test: Path) -> None:
    """Score the baselines.

    Args:
        train: annotated articles to learn from, JSON Lines.
        test: annotated articles to be scored on, JSON Lines.
    """
    seen, gold = read_articles(train), read_articles(test)
    known = frozenset(a.text[span.start : span.end] for a in seen for span in a.entities)
    table = Table("F1", title=f"baselines on {test} ({len(gold)} articles)")
    columns = []
    for title, baseline in (
        ("lexicon", Lexicon),
        ("CRF", CrfTagger),
        ("TF-IDF + logistic regression", TfidfThemes),
    ):
        predicted = baseline.from_articles(seen).predict(gold)
        columns.append(_scores(evaluate(gold, predicted, known_mentions=known)))
        table.add_column(title)
    for row in columns[0]:
        table.add_row(row, *(_cell(column[row]) for column in columns))
    Console().print(table)


def _scores(report: Report) -> dict[str, Score | None]:
    entities, themes = report.entities, report.themes
    return {
        "entities, micro": entities.micro,
        "entities, macro": entities.macro,
        **entities.labels,
        "seen in training": report.seen,
        "not seen in training": report.unseen,
        "themes, micro": themes.micro,
        "themes, macro": themes.macro,
        **themes.labels,
    }


def _cell(score: Score | None) -> str:
    """Blank where the baseline predicts nothing of the kind."""
    if score is None or not score.predicted:
        return ""
    if score.interval is None:
        return f"{score.f1:.3f}"
    return f"{score.f1:.3f}  {score.interval.low:.3f}–{score.interval.high:.3f}"


if __name__ == "__main__":
    try:
        auto_cli(main)
    except (AnnotationError, OSError) as error:
        sys.exit(f"error: {error}")
