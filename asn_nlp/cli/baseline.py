"""Train the baselines on one file and score them on another, side by side: strict F1 with 95 %
intervals over articles.
"""

from collections.abc import Sequence
from pathlib import Path

from asn_nlp.cli.boundary import DONE
from asn_nlp.cli.parser import command_parser
from asn_nlp.errors import extra
from asn_nlp.formats import read_articles
from asn_nlp.labels import LabelSet


def main(arguments: Sequence[str]) -> int:
    parser = command_parser("baseline", "TRAIN TEST", __doc__)
    parser.add_argument("train", type=Path, help="annotated articles to learn from")
    parser.add_argument("test", type=Path, help="annotated articles to be scored on")
    return baseline(**parser.parse_args(arguments).as_dict())


def baseline(train: Path, test: Path) -> int:
    """Print the scores of the baselines."""
    with extra("train", "the baselines"):
        from asn_nlp.baselines import fit_baselines
        from asn_nlp.evaluation import evaluate
        from asn_nlp.report import print_side_by_side
    seen, gold = read_articles(train), read_articles(test)
    labels = LabelSet.from_articles([*seen, *gold])
    known = frozenset(article.surface(span) for article in seen for span in article.entities)
    reports = {
        name: evaluate(gold, one.predict(gold), labels=labels, known_mentions=known)
        for name, one in fit_baselines(seen, labels).items()
    }
    print_side_by_side(reports, title=f"baselines on {test} ({len(gold)} articles)")
    return DONE
