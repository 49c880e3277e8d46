from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerFast

from asn_nlp.articles import Article, EntitySpan, ThemeSpan
from asn_nlp.config import WindowConfig
from asn_nlp.labels import ASN_LABELS
from asn_nlp.reading.encoding import (
    IGNORED,
    EncodedArticle,
    batches_by_tokens,
    collate,
    encode_articles,
)
from asn_nlp.reading.tagging import tags_to_spans

TOKENIZERS = ("tiny_tokenizer", "byte_tokenizer", "unigram_tokenizer")
WINDOW = WindowConfig(24, 4)

# What outlets put around the post in the middle, and what a name may hold.
AROUND = {
    "nothing": ("", ""),
    "spaces": ("  \t ", "   "),
    "hard spaces": ("\u00a0\u2003", "\u202f"),
    "emoji": ("Apel 😀 👩\u200d👩\u200d👧 ", " 🇮🇩 selesai 👍🏽"),
    "combining marks": ("Re\u0301sume\u0301 ", " a\u0301\u0323\u0308 selesai"),
    "zero width": ("\ufeff\u200b", "\u200b\u200d"),
    "windows line ends": ("Apel pagi.\r\n\r\n", "\r\nSelesai.\r\n"),
    "old line ends": ("Apel pagi.\r", "\rSelesai.\r"),
    "other planes": ("𝐁𝐚𝐥𝐢 ", " 𠀋"),
    "ligatures": ("ﬁrma ½ ", " … ﬀ"),
    "controls": ("\x00\x0c", "\x1f"),
}
POSTS = ("Bupati Sigi", "Jose\u0301 Tirta", "M", "Tirto Rene\u0301", "ﬁrman", "İrma Şen")


@pytest.fixture(params=TOKENIZERS)
def tokenizer(request: pytest.FixtureRequest) -> PreTrainedTokenizerFast:
    return request.getfixturevalue(request.param)


def encode(article: Article, tokenizer: PreTrainedTokenizerFast, **options: Any) -> EncodedArticle:
    settings = {"config": WINDOW, "with_gold": True, **options}
    return encode_articles([article], tokenizer.backend_tokenizer, ASN_LABELS, **settings)[0]


def owned_tags(encoded: EncodedArticle) -> np.ndarray:
    tags = [window.tags[window.own] for window in encoded.windows]
    return np.concatenate(tags) if tags else np.zeros(0, dtype=np.int64)


def owned_ids(encoded: EncodedArticle) -> list[int]:
    return [i for window in encoded.windows for i in window.input_ids[window.own].tolist()]


def assert_gold_comes_back(
    before: str, post: str, after: str, tokenizer: PreTrainedTokenizerFast
) -> None:
    # A space on each side, since a word piece may join a letter with the emoji behind it.
    text = f"{before} {post} {after}"
    start = len(before) + 1
    gold = EntitySpan(start, start + len(post), "TITLE")
    encoded = encode(Article("a", text, (gold,)), tokenizer)
    assert encoded.unaligned == 0
    assert tags_to_spans(owned_tags(encoded), encoded.offsets, ASN_LABELS) == [gold]


@pytest.mark.parametrize("around", AROUND.values(), ids=AROUND)
@pytest.mark.parametrize("post", POSTS)
def test_gold_comes_back_at_the_exact_characters(tokenizer, around, post):
    before, after = around
    assert_gold_comes_back(before, post, after, tokenizer)


def test_gold_comes_back_from_the_depth_of_a_long_article(tiny_tokenizer):
    before = "Hujan turun sampai sore 😀. " * 7_500
    assert len(before) > 200_000
    assert_gold_comes_back(before, "Bupati Sigi", "\nPohon ditata." * 100, tiny_tokenizer)


@pytest.mark.parametrize("text", ["a", "7", ".", "😀", "é", "e\u0301", "ß", "ﬁ", "각"])
def test_one_character_is_covered_to_its_end(tokenizer, text):
    encoded = encode(Article("a", text), tokenizer)
    covered = {place for row in encoded.offsets.tolist() for place in range(*row)}
    assert covered == set(range(len(text)))
    assert len(encoded.windows) == 1


@pytest.mark.parametrize("text", ["", " ", "   \t  ", "\r\n\r\n", "\u00a0\u3000", "\u200b"])
def test_an_article_without_a_word_has_no_passage_and_no_entity(tokenizer, text):
    encoded = encode(Article("a", text), tokenizer)
    assert encoded.passages == ()
    assert all(not window.pieces for window in encoded.windows)
    assert not owned_tags(encoded).any()
    starts, ends = encoded.offsets.T
    assert all(
        text[start:end].strip() for start, end in zip(starts, ends, strict=True) if end > start
    )


@given(
    text=st.text(
        st.sampled_from("aB é\u0301\u200b😀1.\r\n\t") | st.characters(codec="utf-8"), max_size=80
    )
)
def test_offsets_are_in_order_and_hold_no_outer_space(text, byte_tokenizer, tiny_tokenizer):
    for tokenizer in (byte_tokenizer, tiny_tokenizer):
        offsets = encode(Article("a", text), tokenizer).offsets
        assert offsets.shape == (len(offsets), 2)
        assert ((offsets >= 0) & (offsets <= len(text))).all()
        assert (offsets[:, 0] <= offsets[:, 1]).all()
        assert (np.diff(offsets, axis=0) >= 0).all()
        for start, end in offsets.tolist():
            assert not text[start:end][:1].isspace()


@given(text=st.text(st.sampled_from("aB é\u0301😀1. \r\n"), max_size=80))
def test_byte_tokens_cover_every_character_but_spaces(text, byte_tokenizer):
    offsets = encode(Article("a", text), byte_tokenizer).offsets
    covered = {place for start, end in offsets.tolist() for place in range(start, end)}
    assert covered == {place for place, character in enumerate(text) if not character.isspace()}


@pytest.mark.parametrize(("size", "context"), [(24, 4), (9, 2), (64, 0)])
def test_no_token_is_lost_and_none_is_decided_twice(tokenizer, news, size, context):
    for article in news:
        encoded = encode(article, tokenizer, config=WindowConfig(size, context))
        ids = tokenizer(article.text, add_special_tokens=False)["input_ids"]
        assert owned_ids(encoded) == ids
        assert len(encoded.offsets) == len(encoded.continues) == len(ids)
        first, last = encoded.windows[0].input_ids, encoded.windows[-1].input_ids
        assert first[0] == tokenizer.cls_token_id
        assert last[-1] == tokenizer.sep_token_id
        assert max(map(len, encoded.windows)) <= size
        for window in encoded.windows:
            assert (window.tags[window.own] != IGNORED).all()
            assert (np.delete(window.tags, window.own) == IGNORED).all()


def test_batches_of_articles_are_encoded_as_each_alone(tokenizer, news):
    together = encode_articles(
        news, tokenizer.backend_tokenizer, ASN_LABELS, WINDOW, with_gold=True
    )
    for index, (article, encoded) in enumerate(zip(news, together, strict=True)):
        alone = encode(article, tokenizer)
        assert encoded.article is article
        assert [window.article for window in encoded.windows] == [index] * len(encoded.windows)
        np.testing.assert_array_equal(encoded.offsets, alone.offsets)
        np.testing.assert_array_equal(owned_tags(encoded), owned_tags(alone))
        assert encoded.passages == alone.passages
    backend = tokenizer.backend_tokenizer
    assert encode_articles([], backend, ASN_LABELS, WindowConfig(9, 2)) == []


def test_windows_end_with_passages_where_they_can(tiny_tokenizer, news):
    text = "\n".join(article.text for article in news)
    encoded = encode(Article("a", text), tiny_tokenizer, config=WindowConfig(160, 8))
    starts = {passage.start for passage in encoded.passages}
    firsts = [int(encoded.offsets[window.window.own_start, 0]) for window in encoded.windows]
    assert len(firsts) > 3
    assert set(firsts) <= starts


def test_pieces_pool_each_passage_over_the_tokens_it_owns(tokenizer, news):
    for article in news:
        encoded = encode(article, tokenizer)
        owned: dict[int, list[int]] = {}
        for window in encoded.windows:
            for piece in window.pieces:
                assert window.own.start <= piece.start < piece.end <= window.own.stop
                shift = window.window.own_start - window.own.start
                owned.setdefault(piece.passage, []).extend(
                    range(piece.start + shift, piece.end + shift)
                )
        for place, passage in enumerate(encoded.passages):
            inside = [
                token
                for token, (start, end) in enumerate(encoded.offsets.tolist())
                if start < passage.end and end > passage.start
            ]
            # Tokens of white space alone may go either way.
            assert [token for token in owned[place] if np.diff(encoded.offsets[token])] == [
                token for token in inside if np.diff(encoded.offsets[token])
            ]


def themes_of(encoded: EncodedArticle) -> dict[int, list[set[str]]]:
    """The gold themes of the pieces, by passage."""
    found: dict[int, list[set[str]]] = {}
    for window in encoded.windows:
        for piece in window.pieces:
            names = {ASN_LABELS.themes[index] for index in np.flatnonzero(piece.themes)}
            found.setdefault(piece.passage, []).append(names)
    return found


def test_themes_mark_their_passage_and_passages_without_any_are_examples(tiny_tokenizer):
    text = "Apel pagi dimulai.\nHujan turun.\nWarga antre di loket."
    article = Article("a", text, (), (ThemeSpan(0, 18, "DISIPLIN"), ThemeSpan(0, 18, "KINERJA")))
    encoded = encode(article, tiny_tokenizer, config=WindowConfig(256, 4))
    assert themes_of(encoded) == {0: [{"DISIPLIN", "KINERJA"}], 1: [set()], 2: [set()]}


def test_a_theme_span_that_marks_no_passage_is_an_example_of_its_own(tiny_tokenizer):
    text = "Apel pagi dimulai pukul tujuh di lapangan kantor.\nHujan turun."
    spans = (ThemeSpan(0, 9, "DISIPLIN"), ThemeSpan(0, 9, "KINERJA"), ThemeSpan(50, 62, "KARIER"))
    encoded = encode(Article("a", text, (), spans), tiny_tokenizer, config=WindowConfig(256, 4))
    assert themes_of(encoded) == {0: [set()], 1: [{"KARIER"}], -1: [{"DISIPLIN", "KINERJA"}]}
    part = next(piece for piece in encoded.windows[0].pieces if piece.passage == -1)
    covered = encoded.offsets[part.start - 1 : part.end - 1]  # less the opening token
    assert text[covered[0, 0] : covered[-1, 1]] == "Apel pagi"


def test_an_entity_inside_a_token_is_counted_and_still_tagged(tiny_tokenizer, tiny_articles):
    token = next(
        (start, end)
        for start, end in encode(tiny_articles[0], tiny_tokenizer).offsets.tolist()
        if end - start > 3
    )
    gold = EntitySpan(token[0] + 1, token[1], "PROVINCE")
    article = replace(tiny_articles[0], entities=(gold,))
    encoded = encode(article, tiny_tokenizer)
    assert encoded.unaligned == 1
    (found,) = tags_to_spans(owned_tags(encoded), encoded.offsets, ASN_LABELS)
    assert (found.start, found.end, found.label) == (*token, "PROVINCE")


def test_articles_to_be_read_need_no_gold(tiny_tokenizer, news):
    encoded = encode(news[0], tiny_tokenizer, with_gold=False)
    assert {window.tags for window in encoded.windows} == {None}
    assert {piece.themes for window in encoded.windows for piece in window.pieces} == {None}


def test_collate_pads_behind_and_numbers_the_pieces_by_row(tiny_tokenizer, news):
    windows = [
        window
        for article in encode_articles(
            news[:3], tiny_tokenizer.backend_tokenizer, ASN_LABELS, WINDOW
        )
        for window in article.windows
    ]
    batch = collate(windows, pad_id=99)
    longest = max(map(len, windows))
    assert min(map(len, windows)) < longest
    for values in (batch.input_ids, batch.attention_mask):
        assert values.shape == (len(windows), longest)
        assert values.dtype == np.int64
    for row, window in enumerate(windows):
        n = len(window)
        assert batch.input_ids[row, :n].tolist() == window.input_ids.tolist()
        assert set(batch.input_ids[row, n:].tolist()) <= {99}
        assert batch.attention_mask[row].tolist() == [1] * n + [0] * (longest - n)
    pieces = [(row, piece) for row, window in enumerate(windows) for piece in window.pieces]
    assert batch.pieces.tolist() == [[row, p.start, p.end] for row, p in pieces]


def test_collate_takes_windows_without_a_passage(byte_tokenizer):
    encoded = encode(Article("a", "***\n123"), byte_tokenizer)
    assert collate(encoded.windows, pad_id=1).pieces.shape == (0, 3)


lengths = st.lists(st.integers(1, 60), max_size=40)


@given(lengths, st.integers(1, 120))
def test_batches_hold_every_item_once_and_in_order(lengths, budget):
    assert [i for batch in batches_by_tokens(lengths, budget) for i in batch] == list(
        range(len(lengths))
    )


@given(lengths, st.integers(1, 120))
def test_batches_stay_within_the_budget_when_padded(lengths, budget):
    for batch in batches_by_tokens(lengths, budget):
        assert batch
        longest = max(lengths[index] for index in batch)
        assert longest * len(batch) <= budget or len(batch) == 1


@given(lengths, st.integers(1, 120))
def test_batches_end_only_where_the_next_item_would_not_fit(lengths, budget):
    batches = batches_by_tokens(lengths, budget)
    for batch, following in pairwise(batches):
        fuller = [lengths[index] for index in (*batch, following[0])]
        assert max(fuller) * len(fuller) > budget
