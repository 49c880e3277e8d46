from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asn_nlp.articles import Article, EntitySpan, ThemeSpan
from asn_nlp.baselines import CrfTagger, Lexicon, TfidfThemes, fit_baselines, word_offsets
from asn_nlp.cli import main
from asn_nlp.errors import AnnotationError, TextError
from asn_nlp.evaluation import evaluate
from asn_nlp.formats import inline, jsonl
from asn_nlp.labels import ASN_LABELS, LabelSet
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


@pytest.fixture(scope="module")
def fitted(corpus):
    return fit_baselines(corpus, ASN_LABELS)


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


@pytest.mark.parametrize("name", ["lexicon", "CRF", "TF-IDF + logistic regression"])
def test_prediction_replaces_every_span_it_came_with(name, fitted, corpus):
    given_spans = replace(
        corpus[0],
        id="x",
        text="pasar pun ramai",
        entities=(EntitySpan(0, 5, "OFFICIAL"),),
        themes=(ThemeSpan(0, 15, "INTEGRITAS"),),
        meta={"url": "u"},
    )
    blank = Article("", "\n 12 \n")
    predicted = fitted[name].predict([given_spans, blank])
    assert predicted == [Article("x", "pasar pun ramai", meta={"url": "u"}), blank]


def test_crf_finds_names_it_has_not_seen_by_the_words_around_them(corpus):
    (article,) = CrfTagger.from_articles(corpus, ASN_LABELS).predict(
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
    model = TfidfThemes.from_articles(corpus, ASN_LABELS)
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
    (article,) = TfidfThemes.from_articles(moved, ASN_LABELS).predict(
        [replace(corpus[0], entities=())]
    )
    assert [(theme.start, theme.label) for theme in article.themes] == [(0, "DISIPLIN")]


def test_every_baseline_is_scored_by_the_same_evaluation(corpus, fitted):
    scores = {
        name: evaluate(corpus, baseline.predict(corpus), labels=ASN_LABELS, resamples=50).leading
        for name, baseline in fitted.items()
    }
    assert {name: (one.entity_f1, one.theme_f1) for name, one in scores.items()} == {
        "lexicon": (1, 0),
        "CRF": (1, 0),
        "TF-IDF + logistic regression": (0, 1),
    }


def test_any_labels_are_learned():
    ships = [
        Article(
            str(number),
            f"KM {name} berlabuh malam ini.\nOmbak tinggi di selat.",
            (EntitySpan(0, 3 + len(name), "SHIP"),),
            (ThemeSpan(4 + len(name) + 19, 4 + len(name) + 42, "SEA"),),
        )
        for number, name in enumerate(["Rinjani", "Kelud", "Semeru", "Agung", "Tambora"])
    ]
    assert ships[0].surface(ships[0].themes[0]).endswith("Ombak tinggi di selat."[-10:])
    labels = LabelSet.from_articles(ships)
    fitted = fit_baselines(ships, labels)
    assert evaluate(ships, fitted["CRF"].predict(ships), labels=labels).leading.entity_f1 == 1
    bare = [replace(ship, themes=()) for ship in ships]
    assert fit_baselines(bare, LabelSet.from_articles(bare)).keys() == {"lexicon", "CRF"}
    assert fit_baselines(bare, labels).keys() == {"lexicon", "CRF"}
    bare = [replace(ship, entities=()) for ship in ships]
    (name,) = fit_baselines(bare, LabelSet.from_articles(bare))
    assert name == "TF-IDF + logistic regression"


@pytest.mark.parametrize(
    "articles", [[], [Article("a", "Apel pagi")] * 2, [Article("a", "\n")] * 4]
)
def test_too_few_articles_are_refused(articles):
    with pytest.raises(TextError, match=r"learn from 3 articles with text or more, but there are"):
        fit_baselines(articles, ASN_LABELS)


def test_labels_that_the_set_lacks_are_refused(corpus):
    with pytest.raises(AnnotationError, match=r"unknown entity type 'OFFICIAL' on 'Wayan Tirta'"):
        fit_baselines(corpus, LabelSet(("TITLE",), ASN_LABELS.themes))


def test_the_command_prints_scores_side_by_side(corpus, tmp_path, capsys, monkeypatch):
    jsonl.write(corpus, tmp_path / "train.jsonl")
    jsonl.write(corpus[:4], tmp_path / "test.jsonl")
    monkeypatch.setenv("COLUMNS", "160")
    assert main(["baseline", str(tmp_path / "train.jsonl"), str(tmp_path / "test.jsonl")]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    perfect = ["1.000", "1.000–1.000"]
    assert ["entities,", "micro", *perfect, *perfect] in lines
    assert ["themes,", "micro", *perfect] in lines
    assert ["mentions", "seen", "in", "training", "1.000", "1.000"] in lines
    assert ["DISIPLIN", *perfect] in lines
