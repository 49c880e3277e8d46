from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asn_nlp.articles import Article, EntitySpan, ThemeSpan
from asn_nlp.config import WindowConfig
from asn_nlp.labels import ASN_LABELS, LabelSet
from asn_nlp.reading.decoding import (
    ArticleLogits,
    _trimmed,
    decode,
    decode_entities,
    decode_themes,
    join_windows,
)
from asn_nlp.reading.encoding import EncodedArticle, encode_articles
from asn_nlp.reading.options import DecodeOptions

N_TAGS, N_THEMES = len(ASN_LABELS.tags), len(ASN_LABELS.themes)
OPTIONS = DecodeOptions(2.0, 0.0, (0.5,) * N_THEMES, (0.0,) * 3)


@pytest.fixture
def encoded(news, tiny_tokenizer) -> list[EncodedArticle]:
    return encode_articles(
        news, tiny_tokenizer.backend_tokenizer, ASN_LABELS, WindowConfig(24, 4), with_gold=True
    )


def gold_logits(article: EncodedArticle, sharpness: float = 20.0) -> ArticleLogits:
    """What a perfect model says."""
    tags = np.concatenate([window.tags[window.own] for window in article.windows])
    themes = np.full((len(article.passages), N_THEMES), -sharpness, dtype=np.float32)
    for window in article.windows:
        for piece in window.pieces:
            themes[piece.passage] = sharpness * (2 * piece.themes - 1)
    return ArticleLogits(sharpness * np.eye(N_TAGS, dtype=np.float32)[tags], themes)


def random_logits(articles: list[EncodedArticle], seed: int = 0) -> list[ArticleLogits]:
    rng = np.random.default_rng(seed)

    def draw(*shape: int) -> np.ndarray:
        return (2 * rng.normal(size=shape)).astype(np.float32)

    return [
        ArticleLogits(draw(len(one.offsets), N_TAGS), draw(len(one.passages), N_THEMES))
        for one in articles
    ]


def test_every_token_is_read_out_of_the_window_that_owns_it(encoded):
    article = max(encoded, key=lambda one: len(one.windows))
    assert len(article.windows) > 2
    tags = []
    for number, window in enumerate(article.windows):
        logits = np.full((len(window), N_TAGS), -1, dtype=np.float32)
        logits[window.own, 0] = number
        logits[window.own, 1] = range(window.window.own_start, window.window.own_end)
        tags.append(logits)
    nothing = [np.ones((len(window.pieces), N_THEMES)) for window in article.windows]
    joined = join_windows(article, tags, list(zip(nothing, nothing, strict=True)))
    assert joined.tags[:, 1].tolist() == list(range(len(article.offsets)))
    owners = np.repeat(
        range(len(article.windows)),
        [window.own.stop - window.own.start for window in article.windows],
    )
    assert joined.tags[:, 0].tolist() == owners.tolist()


def test_the_pieces_of_a_passage_are_averaged_by_their_attention(encoded):
    article = max(encoded, key=lambda one: len(one.windows))
    rng = np.random.default_rng(0)
    tags = [np.zeros((len(window), N_TAGS), dtype=np.float32) for window in article.windows]
    shapes = [(len(window.pieces), N_THEMES) for window in article.windows]
    themes = [
        (rng.normal(size=shape).astype(np.float32), rng.gamma(2, size=shape).astype(np.float32))
        for shape in shapes
    ]
    joined = join_windows(article, tags, themes)
    parts = [
        (piece.passage, mass, row)
        for window, pieces in zip(article.windows, themes, strict=True)
        for piece, row, mass in zip(window.pieces, *pieces, strict=True)
    ]
    assert len(parts) > len(article.passages), "no passage is cut"
    for place in range(len(article.passages)):
        masses, rows = zip(*[part[1:] for part in parts if part[0] == place], strict=True)
        expected = np.average(rows, axis=0, weights=masses)
        np.testing.assert_allclose(joined.themes[place], expected, rtol=1e-5)


def test_examples_that_are_no_passage_are_not_read(tiny_tokenizer):
    text = "Apel pagi dimulai pukul tujuh di lapangan kantor."
    article = Article("a", text, (), (ThemeSpan(0, 9, "DISIPLIN"),))
    (one,) = encode_articles(
        [article], tiny_tokenizer.backend_tokenizer, ASN_LABELS, WindowConfig(64, 4), with_gold=True
    )
    (window,) = one.windows
    assert [piece.passage for piece in window.pieces] == [0, -1]
    themes = np.array([[1.0] * N_THEMES, [9.0] * N_THEMES], dtype=np.float32)
    tags = [np.zeros((len(window), N_TAGS), dtype=np.float32)]
    joined = join_windows(one, tags, [(themes, np.ones_like(themes))])
    assert joined.themes.tolist() == [[1.0] * N_THEMES]


def test_a_perfect_model_gives_the_gold_back_with_its_scores(encoded):
    decoded = decode(encoded, [gold_logits(one) for one in encoded], ASN_LABELS, OPTIONS)
    for article, one in zip(decoded, encoded, strict=True):
        unscored = replace(
            article,
            entities=tuple(replace(span, score=None) for span in article.entities),
            themes=tuple(replace(span, score=None) for span in article.themes),
        )
        assert unscored == one.article
        for span in (*article.entities, *article.themes):
            assert span.score == pytest.approx(1, abs=1e-4)


def test_each_theme_has_its_own_threshold(encoded):
    probabilities = np.array([0.2, 0.5, 0.8])
    article = encoded[0]
    logits = np.full((len(article.passages), N_THEMES), -9, dtype=np.float32)
    logits[0, :3] = np.log(probabilities / (1 - probabilities))
    outside = np.zeros((len(article.offsets), N_TAGS), dtype=np.float32)
    outside[:, 0] = 9
    thresholds = (0.19, 0.51, 0.79, *(0.5,) * (N_THEMES - 3))
    options = replace(OPTIONS, theme_thresholds=thresholds)
    (decoded,) = decode([article], [ArticleLogits(outside, logits)], ASN_LABELS, options)
    assert decoded.entities == ()
    first = article.passages[0]
    assert {(span.start, span.end, span.label) for span in decoded.themes} == {
        (first.start, first.end, ASN_LABELS.themes[0]),
        (first.start, first.end, ASN_LABELS.themes[2]),
    }
    scores = {span.label: span.score for span in decoded.themes}
    assert scores[ASN_LABELS.themes[0]] == pytest.approx(0.2)
    assert scores[ASN_LABELS.themes[2]] == pytest.approx(0.8)


def test_a_change_inside_a_word_must_pay(encoded):
    article = next(one for one in encoded if one.continues.any())
    inside = int(np.flatnonzero(article.continues)[0])
    tags = np.zeros((len(article.offsets), N_TAGS), dtype=np.float32)
    tags[:, 0] = 1
    tags[inside, ASN_LABELS.tag_ids["B-TITLE"]] = 3
    logits = ArticleLogits(tags, np.full((len(article.passages), N_THEMES), -9, dtype=np.float32))
    found = {
        cost: decode([article], [logits], ASN_LABELS, replace(OPTIONS, word_break_cost=cost))[0]
        for cost in (0.0, 8.0)
    }
    start, end = article.offsets[inside].tolist()
    assert [(one.start, one.end) for one in found[0.0].entities] == [(start, end)]
    assert found[8.0].entities == ()


def test_a_bias_for_outside_drops_what_is_doubtful(encoded):
    article = encoded[0]
    tags = np.zeros((len(article.offsets), N_TAGS), dtype=np.float32)
    tags[:, 0] = 9
    sure, doubtful = np.flatnonzero(~article.continues)[:2]
    tags[sure, ASN_LABELS.tag_ids["B-TITLE"]] = 18
    tags[doubtful, ASN_LABELS.tag_ids["B-OFFICIAL"]] = 10
    logits = ArticleLogits(tags, np.full((len(article.passages), N_THEMES), -9, dtype=np.float32))
    found = {
        bias: decode([article], [logits], ASN_LABELS, replace(OPTIONS, outside_bias=bias))[0]
        for bias in (0.0, 2.0)
    }
    assert [one.label for one in found[0.0].entities] == ["TITLE", "OFFICIAL"]
    assert [one.label for one in found[2.0].entities] == ["TITLE"]


def test_an_entity_ends_with_its_line(tiny_tokenizer):
    article = Article("baris", "Irma\nLande")
    (one,) = encode_articles(
        [article], tiny_tokenizer.backend_tokenizer, ASN_LABELS, WindowConfig(24, 4)
    )
    tags = np.zeros((len(one.offsets), N_TAGS), dtype=np.float32)
    tags[:, ASN_LABELS.tag_ids["I-OFFICIAL"]] = 9
    tags[0, ASN_LABELS.tag_ids["B-OFFICIAL"]] = 18
    logits = ArticleLogits(tags, np.full((2, N_THEMES), -9, dtype=np.float32))
    (decoded,) = decode([one], [logits], ASN_LABELS, OPTIONS)
    assert [article.text[span.start : span.end] for span in decoded.entities] == [
        "Irma",
        "Lande",
    ]


def test_articles_keep_what_is_theirs_and_lose_old_spans(tiny_tokenizer):
    article = Article(
        "satu",
        "Sekda hadir.",
        (EntitySpan(0, 5, "TITLE"),),
        (ThemeSpan(0, 12, "KARIER"),),
        {"u": 1},
    )
    (one,) = encode_articles(
        [article], tiny_tokenizer.backend_tokenizer, ASN_LABELS, WindowConfig(24, 4)
    )
    tags = np.zeros((len(one.offsets), N_TAGS), dtype=np.float32)
    tags[:, 0] = 9
    logits = ArticleLogits(tags, np.full((1, N_THEMES), -9, dtype=np.float32))
    (decoded,) = decode([one], [logits], ASN_LABELS, OPTIONS)
    assert decoded == Article("satu", "Sekda hadir.", meta={"u": 1})


def test_decoding_is_the_same_twice_and_for_each_article_alone(encoded):
    logits = random_logits(encoded)
    together = decode(encoded, logits, ASN_LABELS, OPTIONS)
    assert together == decode(encoded, logits, ASN_LABELS, OPTIONS)
    alone = [
        decode([article], [one], ASN_LABELS, OPTIONS)[0]
        for article, one in zip(encoded, logits, strict=True)
    ]
    assert together == alone
    assert all(article.entities and article.themes for article in together)
    for article in together:
        for span in (*article.entities, *article.themes):
            assert 0 <= span.score <= 1


@pytest.mark.parametrize("text", ["", "  \n\t ", "\r\n", "\u200b"])
def test_an_article_of_spaces_has_no_span(text, tiny_tokenizer, byte_tokenizer, encoded):
    for tokenizer in (tiny_tokenizer, byte_tokenizer):
        (blank,) = encode_articles(
            [Article("kosong", text)], tokenizer.backend_tokenizer, ASN_LABELS, WindowConfig(24, 4)
        )
        tags = [np.zeros((len(window), N_TAGS), dtype=np.float32) for window in blank.windows]
        for logits in tags:
            logits[:, 0] = 9
        nothing = np.zeros((0, N_THEMES), dtype=np.float32)
        themes = [(nothing, nothing) for _ in blank.windows]
        joined = join_windows(blank, tags, themes)
        assert len(joined.tags) == len(blank.offsets)
        decoded = decode(
            [blank, encoded[0]], [joined, gold_logits(encoded[0])], ASN_LABELS, OPTIONS
        )
        assert decoded[0] == Article("kosong", text)
        assert decoded[1].entities


def test_extreme_logits_give_finite_scores(encoded):
    article = encoded[0]
    sure = gold_logits(article, sharpness=5e4)
    low = ArticleLogits(sure.tags - 9e4, sure.themes)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        decoded = decode([article, article], [sure, low], ASN_LABELS, OPTIONS)
    assert decoded[0] == decoded[1]
    assert {span.score for span in (*decoded[0].entities, *decoded[0].themes)} == {1.0}


@pytest.mark.parametrize(
    ("text", "marked", "read"),
    [
        ("Drs. Umar, M.Si., hadir", "Drs. Umar, M.Si.,", "Drs. Umar, M.Si"),
        ("Kata Umar.", "Umar.", "Umar"),
        ("Kata Umar", "Umar", "Umar"),
        ("Letkol Laut (P) Umar", "Letkol Laut (P)", "Letkol Laut (P)"),
        ("Kata Umar .", ".", None),
        ("Umar, S.H hadir", ", S.H", "S.H"),
        ("“Umar” hadir", "“Umar", "Umar"),
        ("“Umar” hadir", "“Umar”", "“Umar”"),
        ("Camat (Umar) hadir", "Umar)", "Umar"),
        ("Camat (Umar) hadir", "(Umar", "Umar"),
        ("Umar –\u200b hadir", "Umar –\u200b", "Umar"),
    ],
)
def test_a_name_is_read_without_what_frays_at_its_ends(tiny_tokenizer, text, marked, read):
    start = text.index(marked)
    span = EntitySpan(start, start + len(marked), "OFFICIAL")
    articles = encode_articles(
        [Article("a", text, (span,))],
        tiny_tokenizer.backend_tokenizer,
        ASN_LABELS,
        WindowConfig(64, 4),
        with_gold=True,
    )
    decoded = decode(articles, [gold_logits(articles[0])], ASN_LABELS, OPTIONS)[0]
    assert [text[one.start : one.end] for one in decoded.entities] == ([read] if read else [])


@given(st.text("aZ1.,;:()[]“”\"'-– \t\u00a0\u0301\u0308é\u200b#", min_size=1), st.data())
def test_no_name_begins_or_ends_with_what_is_no_part_of_it(text, data):
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    trimmed = list(_trimmed([EntitySpan(start, end, "OFFICIAL", 0.5)], text))
    for span in trimmed:
        name = text[span.start : span.end]
        assert start <= span.start < span.end <= end
        assert name[0].isalnum() or name[0] in '#([“"'
        assert name[-1].isalnum() or name[-1] in '#)]”"\u0301\u0308'
        assert name.strip() == name
        assert name.count("(") <= name.count(")") or name[0] != "("
        assert list(_trimmed([span], text)) == [span]
    assert trimmed or not any(map(str.isalnum, text[start:end]))


def test_entities_and_themes_are_decoded_apart_as_together(encoded):
    logits = random_logits(encoded)
    for article, entities, themes in zip(
        decode(encoded, logits, ASN_LABELS, OPTIONS),
        decode_entities(encoded, logits, ASN_LABELS, OPTIONS),
        decode_themes(encoded, logits, ASN_LABELS, OPTIONS),
        strict=True,
    ):
        assert article == replace(article, entities=entities, themes=themes)


@pytest.mark.parametrize("labels", [LabelSet((), ("LAUT",)), LabelSet(("KAPAL",), ())])
def test_labels_may_lack_a_side(tiny_tokenizer, labels):
    article = Article("a", "Kapal berlayar.\nCuaca cerah.")
    (one,) = encode_articles(
        [article], tiny_tokenizer.backend_tokenizer, labels, WindowConfig(24, 4)
    )
    logits = ArticleLogits(
        np.tile(np.arange(len(labels.tags), dtype=np.float32), (len(one.offsets), 1)),
        np.full((2, len(labels.themes)), 9, dtype=np.float32),
    )
    options = DecodeOptions(0.0, 0.0, (0.5,) * len(labels.themes), (0.0,) * len(labels.entities))
    (decoded,) = decode([one], [logits], labels, options)
    assert {span.label for span in decoded.themes} == set(labels.themes)
    assert len(decoded.themes) == 2 * len(labels.themes)
    assert {span.label for span in decoded.entities} <= set(labels.entities)
