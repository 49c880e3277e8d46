import numpy as np
import pytest

from asn_nlp.articles import EntitySpan
from asn_nlp.labels import ASN_LABELS
from asn_nlp.reading.encoding import token_offsets
from asn_nlp.reading.returning import returning_words

BIASES = (2.0, 0.0, 1.0)  # officials, titles, provinces
BEGIN = ASN_LABELS.tag_ids["B-OFFICIAL"]


@pytest.fixture(scope="module")
def offsets_of(tiny_tokenizer):
    return lambda text: token_offsets(text, tiny_tokenizer.backend_tokenizer)


def raised(text, spans, offsets):
    """The words that are made likelier, as they stand in ``text``."""
    added = returning_words(text, offsets, spans, BIASES, ASN_LABELS)
    if added is None:
        return []
    rows = np.flatnonzero(added[:, BEGIN])
    assert (added[rows, BEGIN + 1] == added[rows, BEGIN]).all()
    assert set(added[rows, BEGIN].tolist()) <= {2.0}
    cover = np.zeros(len(text), dtype=bool)
    for start, end in offsets[rows].tolist():
        cover[start:end] = True
    return "".join(c if mark else " " for c, mark in zip(text, cover, strict=True)).split()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Bupati Suryo Wibawa hadir. Menurut Wibawa, apel itu penting.", ["Wibawa"]),
        ("Bupati Suryo Wibawa hadir. WIBAWA DAN SURYO PULANG.", ["WIBAWA", "SURYO"]),
        ("Bupati Suryo Wibawa hadir penuh wibawa.", []),
        ("Bupati Suryo Wibawa hadir. Wibawanya terasa.", []),
        ("Bupati Suryo Wibawa hadir. Pegawai pulang.", []),
    ],
)
def test_a_word_of_a_name_is_likelier_where_it_returns(text, expected, offsets_of):
    start = text.index("Suryo")
    spans = [EntitySpan(start, start + len("Suryo Wibawa"), "OFFICIAL")]
    assert raised(text, spans, offsets_of(text)) == expected


def test_titles_and_what_is_read_already_stay(offsets_of):
    text = "Camat Suryo dan Camat Wibawa. Camat lain, dan Suryo lagi."
    spans = [
        EntitySpan(0, 5, "TITLE"),
        EntitySpan(6, 11, "OFFICIAL"),
        EntitySpan(text.rindex("Suryo"), text.rindex("Suryo") + 5, "OFFICIAL"),
    ]
    assert raised(text, spans, offsets_of(text)) == []


def test_initials_and_degrees_are_no_names(offsets_of):
    text = "Dr. A. Wibawa, SH hadir. Dr. B. Sari, SH pulang."
    spans = [EntitySpan(0, text.index(" hadir"), "OFFICIAL")]
    assert raised(text, spans, offsets_of(text)) == []
