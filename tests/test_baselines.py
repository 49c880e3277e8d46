import runpy
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asn_nlp.articles import Article, EntitySpan, ThemeSpan
from asn_nlp.baselines import CrfTagger, Lexicon, TfidfThemes, word_offsets
from asn_nlp.evaluation import evaluate
from asn_nlp.formats import inline, jsonl
from asn_nlp.passages import Passage


def parsed(*sources: str) -> list[Article]:
    return [
        inline.parse(f"kind: berita\nregion: Bali\n\n{source}", f"a{i}", f"a{i}.txt")
        for i, source in enumerate(sources)
    ]


def mentions(article: Article) -> list[tuple[str, str]]:
    return [(article.text[span.start : span.end], span.label) for span in article.entities]


@pytest.fixture(scope="module")
def corpus() -> list[Article]:
    """Two themes told apart by their words, names by the post in front of them."""
    names = [
        "Wayan Tirta",
        "Darwis Lubuk",
        "Sari Melati",
        "Bona Hutapea",
        "Yosef Wenda",
        "Nur Aini",
    ]
    return parsed(
        *(
            f"[Bupati Kampar|T] [{name}|O] menegur pegawai yang terlambat apel. {{DISIPLIN}}\n"
            f"[Sekda|T] [{name}|O] membuka pelatihan dan ujian sertifikasi. {{KOMPETENSI}}\n"
            "Hujan turun sampai sore di pasar.\n"
            for name in names
        )
    )


def test_lexicon_marks_the_longest_known_mention_at_word_boundaries():
    lexicon = Lexicon.from_articles(
        parsed("[Bupati|T] dan [Bupati Kampar|T] [H. Darwis, S.E|O] di [Bali|P].")
    )
    (article,) = lexicon.predict(
        [Article("x", "Bupati Kampar H. Darwis, S.Etis; Balita; Bupati H. Darwis, S.E. Bali")]
    )
    assert mentions(article) == [
        ("Bupati Kampar", "TITLE"),
        ("Bupati", "TITLE"),
        ("H. Darwis, S.E", "OFFICIAL"),
        ("Bali", "PROVINCE"),
    ]


def test_lexicon_labels_by_majority_and_drops_what_is_more_often_unmarked():
    lexicon = Lexicon.from_articles(
        parsed(
            "[Riau|P] [Riau|P] [Riau|O]",
            "[Jambi|P] Kota Jambi, Kota Jambi",
            "[Sekda|T] para Sekda",
        )
    )
    assert lexicon.labels == {"Riau": "PROVINCE", "Sekda": "TITLE"}


def test_lexicon_counts_a_surface_inside_a_longer_mention_as_neither():
    lexicon = Lexicon.from_articles(parsed("[Bali|P], [Bupati Bali|T], [Bupati Bali|T]"))
    assert lexicon.labels == {"Bali": "PROVINCE", "Bupati Bali": "TITLE"}


@pytest.mark.parametrize("baseline", [Lexicon, CrfTagger, TfidfThemes])
def test_prediction_replaces_every_span_it_came_with(baseline, corpus):
    given_spans = replace(
        corpus[0],
        id="x",
        text="pasar pun ramai",
        entities=(EntitySpan(0, 5, "OFFICIAL"),),
        themes=(ThemeSpan(0, 15, "INTEGRITAS"),),
        meta={"url": "u"},
    )
    blank = Article("", "\n 12 \n")
    predicted = baseline.from_articles(corpus).predict([given_spans, blank])
    assert predicted == [Article("x", "pasar pun ramai", meta={"url": "u"}), blank]


def test_crf_finds_names_it_has_not_seen_by_the_words_around_them(corpus):
    (article,) = CrfTagger.from_articles(corpus).predict(
        [Article("x", "Rapat.\nBupati Kampar Rudi Tambunan menegur pegawai.")]
    )
    assert mentions(article) == [("Bupati Kampar", "TITLE"), ("Rudi Tambunan", "OFFICIAL")]


def test_words_are_cut_where_outlets_glued_them():
    text = "x InilahBupati M.Si, Mas'ud (3/2)"
    words = [text[start:end] for start, end in word_offsets(text, Passage(2, len(text)))]
    assert words == [
        *("Inilah", "Bupati", "M", ".", "Si", ",", "Mas", "'", "ud", "(", "3", "/", "2", ")")
    ]


@given(st.text(alphabet="aBc1é. -\u0301\u200b😀"))
def test_words_are_in_order_and_leave_out_white_space_alone(text):
    offsets = word_offsets(text, Passage(0, len(text))).tolist()
    assert all(start < end for start, end in offsets)
    assert "".join(text[start:end] for start, end in offsets) == "".join(text.split())


def test_tfidf_reads_themes_off_passages_and_scores_them(corpus):
    model = TfidfThemes.from_articles(corpus)
    text = "Pegawai terlambat apel ditegur.\nHujan di pasar.\nPelatihan dan sertifikasi dibuka."
    (article,) = model.predict([Article("x", text)])
    assert [(text[t.start : t.end], t.label) for t in article.themes] == [
        ("Pegawai terlambat apel ditegur.", "DISIPLIN"),
        ("Pelatihan dan sertifikasi dibuka.", "KOMPETENSI"),
    ]
    assert all(model.threshold <= theme.score <= 1 for theme in article.themes)


def test_tfidf_learns_from_passages_a_span_covers_by_half(corpus):
    """A span over most of the first passage and a little of the second is of the first alone."""
    moved = [
        replace(
            article,
            themes=tuple(
                replace(theme, start=theme.start + 2, end=theme.end + 5)
                for theme in article.themes
                if theme.label == "DISIPLIN"
            ),
        )
        for article in corpus
    ]
    (article,) = TfidfThemes.from_articles(moved).predict([replace(corpus[0], entities=())])
    assert [(theme.start, theme.label) for theme in article.themes] == [(0, "DISIPLIN")]


def test_every_baseline_is_scored_by_the_same_evaluation(corpus):
    for baseline in (Lexicon, CrfTagger):
        report = evaluate(corpus, baseline.from_articles(corpus).predict(corpus), resamples=50)
        assert report.entities.micro.f1 == 1.0
        assert report.themes.micro.f1 == 0.0
    report = evaluate(corpus, TfidfThemes.from_articles(corpus).predict(corpus), resamples=50)
    assert report.themes.micro.f1 == 1.0
    assert report.entities.micro.f1 == 0.0


def test_the_script_prints_scores_side_by_side(corpus, tmp_path, capsys, monkeypatch):
    jsonl.write(corpus, tmp_path / "train.jsonl")
    jsonl.write(corpus[:4], tmp_path / "test.jsonl")
    monkeypatch.setenv("COLUMNS", "160")
    script = Path(__file__).parent.parent / "scripts" / "baseline.py"
    runpy.run_path(str(script))["main"](tmp_path / "train.jsonl", tmp_path / "test.jsonl")
    lines = [line.split() for line in capsys.readouterr().out.replace("│", " ").splitlines()]
    perfect = ["1.000", "1.000–1.000"]
    assert ["entities,", "micro", *perfect, *perfect] in lines
    assert ["themes,", "micro", *perfect] in lines
    assert ["seen", "in", "training", "1.000", "1.000"] in lines
    assert ["NETRALITAS"] in lines
