"""Two annotators against each other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from asn_nlp.articles import Article, EntitySpan, ThemeSpan
from asn_nlp.errors import EvaluationError
from asn_nlp.evaluation import agreement, cohens_kappa


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=2, max_size=40))
def test_kappa_is_that_of_scikit_learn(marks):
    kappa = cohens_kappa(marks)
    if len({one for pair in marks for one in pair}) == 1:
        assert kappa is None
    else:
        assert kappa == pytest.approx(cohen_kappa_score(*zip(*marks, strict=True)))


def test_agreement_counts_what_both_have():
    text = "Bupati Sigi\nHujan"
    first = Article("a", text, (EntitySpan(0, 11, "TITLE"),), (ThemeSpan(0, 11, "KARIER"),))
    second = Article("a", text, (EntitySpan(0, 6, "TITLE"),), (ThemeSpan(0, 11, "KARIER"),))
    found = agreement([first, Article("b", "x")], [second])
    assert found.report.entities is not None
    assert found.report.partial is not None
    assert (found.report.entities.micro.f1, found.report.partial.micro.f1) == (0, 1)
    assert (found.kappas, found.one_sided) == ({"KARIER": 1.0}, 1)
    assert agreement([second], [first]).report.entities.micro.f1 == 0
    with pytest.raises(EvaluationError, match="no id stands on both sides; compare"):
        agreement([first], [Article("b", text)])
