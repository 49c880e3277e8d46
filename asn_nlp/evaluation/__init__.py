"""Gold and predicted articles to scores; knows no model.

Every measure rests on two readings of an article: ``align``, which pairs its gold and predicted
mentions, and ``passage_themes``, which says what each passage is about.
"""

from asn_nlp.evaluation.agreement import Agreement, agreement, cohens_kappa
from asn_nlp.evaluation.alignment import (
    Case,
    Pair,
    Themes,
    align,
    match_articles,
    passage_themes,
)
from asn_nlp.evaluation.comparison import Comparison, Difference, compare
from asn_nlp.evaluation.curves import Curve
from asn_nlp.evaluation.intervals import Interval
from asn_nlp.evaluation.leading import LeadingF1, entity_f1, leading_f1, theme_f1
from asn_nlp.evaluation.mistakes import KINDS, Mistake, mistakes
from asn_nlp.evaluation.reliability import Bin, Reliability, RiskCoverage, Trust
from asn_nlp.evaluation.scores import Confusion, Score, Scores
from asn_nlp.evaluation.slices import Slice, slice_values
from asn_nlp.evaluation.summary import Report, evaluate

__all__ = [
    "KINDS",
    "Agreement",
    "Bin",
    "Case",
    "Comparison",
    "Confusion",
    "Curve",
    "Difference",
    "Interval",
    "LeadingF1",
    "Mistake",
    "Pair",
    "Reliability",
    "Report",
    "RiskCoverage",
    "Score",
    "Scores",
    "Slice",
    "Themes",
    "Trust",
    "agreement",
    "align",
    "cohens_kappa",
    "compare",
    "entity_f1",
    "evaluate",
    "leading_f1",
    "match_articles",
    "mistakes",
    "passage_themes",
    "slice_values",
    "theme_f1",
]
