from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asn_nlp import Article, EntitySpan, records

TEXT = "[Bupati Sigi|T] [Rudi Hakim|O] hadir. [Rudi|O] menegur [Sekda|T] di [Sulawesi Tengah|P]."


def test_a_record_holds_the_spans_of_the_article(marked):
    article = marked(TEXT)
    (record,) = records(article)
    assert record.name == "Rudi Hakim"
    assert record.mentions == (article.entities[1], article.entities[2])
    assert record.titles == (article.entities[0],)
    assert (record.province.name, record.basis, record.score) == ("Sulawesi Tengah", "stated", None)


def test_the_score_is_the_least_of_what_a_record_rests_on(marked):
    article = marked(TEXT)
    scores = dict(zip(article.entities, (0.9, 0.8, 0.7, 0.1, 0.6), strict=True))
    scored = replace(
        article, entities=tuple(replace(span, score=score) for span, score in scores.items())
    )
    (record,) = records(scored)
    assert record.score == 0.6  # the lone Sekda is nobody's


@pytest.mark.parametrize("missing", ["TITLE", "PROVINCE"])
def test_what_the_labels_leave_out_the_records_lack(marked, missing):
    article = marked(TEXT)
    kept = tuple(span for span in article.entities if span.label != missing)
    (record,) = records(replace(article, entities=kept))
    assert len(record.mentions) == 2
    assert bool(record.titles) == (missing != "TITLE")
    expected = {"TITLE": None, "PROVINCE": "registry"}[missing]
    assert record.basis == expected


def test_without_officials_there_are_none(marked):
    assert records(marked("Hujan turun di [Bali|P], kata [Sekda|T].")) == ()
    assert records(Article("kosong", "")) == ()


def test_spans_of_other_types_are_passed_over():
    article = Article(
        "a",
        "BKD Sigi: Rudi Hakim, camat",
        (EntitySpan(0, 8, "AGENCY"), EntitySpan(10, 20, "OFFICIAL")),
    )
    assert [record.name for record in records(article)] == ["Rudi Hakim"]


def test_a_name_of_no_letters_is_a_person_of_its_own():
    article = Article(
        "a", "12 dan 😀", (EntitySpan(0, 2, "OFFICIAL"), EntitySpan(7, 8, "OFFICIAL"))
    )
    assert sum(len(record.mentions) for record in records(article)) == 2


_SURFACES = [
    "Rudi Hakim",
    "Rudi",
    "R. H.",
    "Bupati Sigi",
    "AKBP",
    "Bali",
    "12",
    "(RH)",
    "😀",
    "dr.",
]
_BETWEEN = [
    "",
    " ",
    ", ",
    "\n",
    ". ",
    " (",
    ") ",
    " dan ",
    " selaku ",
    " alias ",
    ", sapaan akrabnya",
]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(_SURFACES),
            st.sampled_from(["OFFICIAL", "TITLE", "PROVINCE", "AGENCY"]),
            st.sampled_from(_BETWEEN),
        ),
        max_size=12,
    )
)
def test_every_official_is_in_one_record_whatever_the_spans(pieces):
    text, spans = "", []
    for surface, label, between in pieces:
        spans.append(EntitySpan(len(text), len(text) + len(surface), label))
        text += surface + between
    found = records(Article("a", text, tuple(spans)))
    mentions = [span for record in found for span in record.mentions]
    assert sorted(mentions, key=lambda span: span.start) == [
        span for span in spans if span.label == "OFFICIAL"
    ]
    for record in found:
        assert {span.label for span in record.titles} <= {"TITLE"}
        assert list(record.titles) == sorted(record.titles, key=lambda span: span.start)
        assert (record.province is None) == (record.basis is None)
        assert (record.province_span is None) == (record.basis != "stated")
