"""The corpus that ships with the package."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest

from asn_nlp.annotation.validation import validate
from asn_nlp.articles import Article
from asn_nlp.cli import main
from asn_nlp.config import CORPUS
from asn_nlp.formats import read_articles
from asn_nlp.labels import ASN_LABELS

ROOT = Path(__file__).parents[1]
PARTS = [CORPUS / f"{name}.jsonl" for name in ("train", "dev", "test")]
CONTRASTS = CORPUS / "contrasts.jsonl"
REAL_NEWS = ROOT.parent / "shared"
RUN_WORDS = 8
FACTOR = 6_364_136_223_846_793_005  # odd and large, so that two runs hardly have one number

PROVINCES = (
    {"Aceh"},
    {"Sumatera Utara", "Sumut"},
    {"Sumatera Barat", "Sumbar"},
    {"Riau"},
    {"Kepulauan Riau", "Kepri"},
    {"Jambi"},
    {"Sumatera Selatan", "Sumsel"},
    {"Kepulauan Bangka Belitung", "Bangka Belitung", "Babel"},
    {"Bengkulu"},
    {"Lampung"},
    {"DKI Jakarta", "DKI", "Jakarta"},
    {"Jawa Barat", "Jabar"},
    {"Banten"},
    {"Jawa Tengah", "Jateng"},
    {"Daerah Istimewa Yogyakarta", "DI Yogyakarta", "DIY"},
    {"Jawa Timur", "Jatim"},
    {"Bali"},
    {"Nusa Tenggara Barat", "NTB"},
    {"Nusa Tenggara Timur", "NTT"},
    {"Kalimantan Barat", "Kalbar"},
    {"Kalimantan Tengah", "Kalteng"},
    {"Kalimantan Selatan", "Kalsel"},
    {"Kalimantan Timur", "Kaltim"},
    {"Kalimantan Utara", "Kaltara"},
    {"Sulawesi Utara", "Sulut"},
    {"Gorontalo"},
    {"Sulawesi Tengah", "Sulteng"},
    {"Sulawesi Barat", "Sulbar"},
    {"Sulawesi Selatan", "Sulsel"},
    {"Sulawesi Tenggara", "Sultra"},
    {"Maluku"},
    {"Maluku Utara", "Malut"},
    {"Papua"},
    {"Papua Barat"},
    {"Papua Barat Daya"},
    {"Papua Tengah"},
    {"Papua Pegunungan"},
    {"Papua Selatan"},
)


@pytest.fixture(scope="module")
def articles() -> list[Article]:
    return [article for path in PARTS for article in read_articles(path)]


def test_corpus_validates():
    assert validate([*PARTS, CONTRASTS]).errors == ()


def test_corpus_is_large_enough_to_start_from(articles):
    assert len(articles) >= 160
    assert len({article.id for article in articles}) == len(articles)


def test_every_theme_has_forty_passages(articles):
    passages = Counter(span.label for article in articles for span in article.themes)
    assert {theme: passages[theme] for theme in ASN_LABELS.themes if passages[theme] < 40} == {}


def test_every_province_occurs(articles):
    assert len(PROVINCES) == 38
    found = {
        article.text[span.start : span.end]
        for article in articles
        for span in article.entities
        if span.label == "PROVINCE"
    }
    assert [names for names in PROVINCES if not names & found] == []


def test_sources_build_the_same_bytes_every_time(tmp_path):
    assert main(["corpus", "build", "--output", str(tmp_path)]) == 0
    assert [(tmp_path / path.name).read_bytes() for path in PARTS] == [
        path.read_bytes() for path in PARTS
    ], "the shipped files are older than their sources; run scripts/build_corpus.py"


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def runs(numbers: Sequence[int]) -> np.ndarray:
    """A number for each run of so many words; (words - RUN_WORDS + 1,), fewer of a short text."""
    row = np.array(numbers, np.uint64)
    count = max(0, len(row) - RUN_WORDS + 1)
    return sum(
        (
            row[first : first + count] * np.uint64(FACTOR**first % 2**64)
            for first in range(RUN_WORDS)
        ),
        np.zeros(count, np.uint64),
    )


def real_texts() -> Iterator[str]:
    for part in ("train", "dev", "test"):
        path = REAL_NEWS / "corpus" / f"{part}.jsonl"
        yield from (article.text for article in read_articles(path))
    table = pyarrow.parquet.ParquetFile(REAL_NEWS / "text" / "indonesian.parquet")
    for batch in table.iter_batches(columns=["text"]):
        yield from batch.column(0).to_pylist()


@pytest.mark.skipif(not (REAL_NEWS / "corpus").is_dir(), reason="no real news beside the checkout")
def test_no_sentence_is_taken_from_real_news(articles):
    own = [words(article.text) for article in [*articles, *read_articles(CONTRASTS)]]
    # A word of real news alone has no number, and no run of ours has 0.
    numbers = {word: place for place, word in enumerate({w for text in own for w in text}, start=1)}
    ours = {run for text in own for run in runs([numbers[word] for word in text]).tolist()}
    shared = []
    for text in real_texts():
        found = words(text)
        met = [run in ours for run in runs([numbers.get(word, 0) for word in found]).tolist()]
        shared += [" ".join(found[place : place + RUN_WORDS]) for place in np.flatnonzero(met)]
    assert shared == []
