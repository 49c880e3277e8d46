"""python scripts/baseline.py TRAIN.jsonl TEST.jsonl

Train the baselines on one file and score them on another, side by side: strict F1 with 95 %
intervals over articles.
"""

import sys
from pathlib import Path

from jsonargparse import auto_cli

from asn_nlp.articles import AnnotationError
from asn_nlp.baselines import CrfTagger, Lexicon, TfidfThemes
from asn_nlp.evaluation import evaluate
from asn_nlp.formats import read_articles
from asn_nlp.report import print_side_by_side


def main(train: Path, test: Path) -> None:
    """Score the baselines.

    Args:
        train: annotated articles to learn from, JSON Lines.
        test: annotated articles to be scored on, JSON Lines.
    """
    seen, gold = read_articles(train), read_articles(test)
    known = frozenset(a.text[span.start : span.end] for a in seen for span in a.entities)
    predictions = {
        "lexicon": Lexicon.from_articles(seen).predict(gold),
        "CRF": CrfTagger.from_articles(seen).predict(gold),
        "TF-IDF + logistic regression": TfidfThemes.from_articles(seen).predict(gold),
    }
    reports = {
        name: evaluate(gold, predicted, known_mentions=known)
        for name, predicted in predictions.items()
    }
    print_side_by_side(reports, title=f"baselines on {test} ({len(gold)} articles)")


if __name__ == "__main__":
    try:
        auto_cli(main)
    except (AnnotationError, OSError) as error:
        sys.exit(f"error: {error}")
