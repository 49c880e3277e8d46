import pytest
from hypothesis import given
from hypothesis import strategies as st

from asn_nlp.articles import Article
from asn_nlp.config import WindowConfig
from asn_nlp.labels import ASN_LABELS
from asn_nlp.passages import split_passages
from asn_nlp.reading.casing import ordinary_case
from asn_nlp.reading.encoding import encode_articles


@pytest.mark.parametrize(
    ("printed", "read"),
    [
        (
            "BUPATI DAN ASN SIGI HADIR\nPara ASN dan bupati datang.",
            "bupati dan ASN Sigi Hadir\nPara ASN dan bupati datang.",
        ),
        ("wali kota bima tegur pns\nSeorang PNS", "Wali Kota Bima Tegur PNS\nSeorang PNS"),
        ("GUBERNUR RIAU TEGUR CAMAT Riau – Ia", "Gubernur Riau Tegur Camat Riau – Ia"),
        ("MA'RUF AMIN HADIR", "Ma'ruf Amin Hadir"),
        ("PLT. KADIS P2KB 12 MEI", "Plt. Kadis P2kb 12 Mei"),
    ],
)
def test_words_in_one_case_are_put_as_the_rest_of_the_text_has_them(printed, read):
    assert ordinary_case(printed, split_passages(printed)) == read


@pytest.mark.parametrize(
    "text",
    ["Ketua DPRD DKI PDIP hadir.", "KPK\nApel pagi", "ketua", "Bupati Sigi\n12 3", "", "\n\n"],
)
def test_ordinary_text_stays_as_it_is(text):
    assert ordinary_case(text, split_passages(text)) == text


@given(st.text(st.sampled_from("aBC İßẞŉ’'1.\n\r\u2028e\u0301😀DŽdžΣς"), max_size=60) | st.text())
def test_letters_stay_where_they_are(text):
    read = ordinary_case(text, split_passages(text))
    assert len(read) == len(text)
    assert read.casefold() == text.casefold()


def test_a_model_sees_a_headline_in_capitals_as_an_ordinary_one(tiny_tokenizer):
    """The spans stay those of the text as it is printed."""
    encoded = encode_articles(
        [
            Article("a", text)
            for text in ("BUPATI HADIR DI SINI\nBupati", "Bupati Hadir Di Sini\nBupati")
        ],
        tiny_tokenizer.backend_tokenizer,
        ASN_LABELS,
        WindowConfig(32, 4),
    )
    printed, ordinary = encoded
    assert printed.article.text.startswith("BUPATI")
    assert printed.offsets.tolist() == ordinary.offsets.tolist()
    assert printed.windows[0].input_ids.tolist() == ordinary.windows[0].input_ids.tolist()
