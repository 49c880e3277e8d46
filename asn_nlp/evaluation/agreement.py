"""How far two people who annotated the same articles agree."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from asn_nlp.articles import Article
from asn_nlp.errors import EvaluationError
from asn_nlp.evaluation.summary import Report, evaluate
from asn_nlp.labels import LabelSet


@dataclass(frozen=True, slots=True)
class Agreement:
    """``report`` has the first for gold: F1 is the same whoever is; precision and recall are not.

    ``kappas`` holds Cohen's kappa of each theme over passages, None where chance alone would agree
    wholly, as where nobody marks a passage with the theme. ``one_sided`` counts the articles that
    only one of the two has.
    """

    report: Report
    kappas: Mapping[str, float | None]
    one_sided: int


def agreement(first: Sequence[Article], second: Iterable[Article]) -> Agreement:
    """Compare two annotations of the same articles, as far as both have them.

    Raises:
        EvaluationError: they have no article in common, or one with another text.
        ConfigError: neither marks anything.
    """
    others = {article.id: article for article in second}
    common = [article for article in first if article.id in others]
    if not common:
        raise EvaluationError(
            "agreement needs articles that both annotated, but no id stands on both sides; compare "
            "annotations of the same articles"
        )
    matched = [others[article.id] for article in common]
    labels = LabelSet.from_articles([*common, *matched])
    report = evaluate(common, matched, labels=labels)
    passages = [themes for case in report.cases for themes in case.themes]
    kappas = {
        theme: cohens_kappa([(theme in one, theme in other) for one, other in passages])
        for theme in labels.themes
    }
    return Agreement(report, kappas, len(first) + len(others) - 2 * len(common))


def cohens_kappa(marks: Sequence[tuple[bool, bool]]) -> float | None:
    """Agreement beyond chance of two people who said yes or no to each of ``marks``; at most 1."""
    number = len(marks)
    if not number:
        return None
    agreed = sum(one == other for one, other in marks) / number
    yes = sum(one for one, _ in marks) / number, sum(other for _, other in marks) / number
    chance = yes[0] * yes[1] + (1 - yes[0]) * (1 - yes[1])
    return None if chance == 1 else (agreed - chance) / (1 - chance)
