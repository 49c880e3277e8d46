from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from asn_nlp.articles import Article, EntitySpan
from asn_nlp.labels import LabelSet
from asn_nlp.reading.tagging import (
    begins_line,
    best_paths,
    inside_word,
    legal_transitions,
    spans_to_tags,
    tags_to_spans,
)

LABELS = LabelSet(("NAME", "POST"), ())
N_TAGS = len(LABELS.tags)
OUT, B_NAME, I_NAME, B_POST, I_POST = range(N_TAGS)


def offsets(*pairs: tuple[int, int]) -> np.ndarray:
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


@st.composite
def tokens(draw) -> np.ndarray:
    """Offsets of tokens in order, with gaps between some of them."""
    widths = draw(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 4)), max_size=12))
    starts, end = [], 0
    for gap, width in widths:
        starts.append((end + gap, end + gap + width))
        end += gap + width
    return offsets(*starts)


@st.composite
def shared_tokens(draw) -> np.ndarray:
    """Offsets as byte-level tokenisers give them: shared characters and tokens without any."""
    cuts = draw(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), max_size=12))
    start = end = 0
    rows = []
    for forward, width in cuts:
        start = min(start + forward, end)
        end = max(end, start + width)
        rows.append((start, end))
    return offsets(*rows)


@st.composite
def aligned_spans(draw) -> tuple[np.ndarray, list[EntitySpan]]:
    """Tokens, and entities that begin and end with them."""
    at = draw(tokens())
    spans, first = [], 0
    while first < len(at):
        last = draw(st.integers(first, len(at)))
        if last > first:
            label = draw(st.sampled_from(LABELS.entities))
            spans.append(EntitySpan(int(at[first, 0]), int(at[last - 1, 1]), label))
        first = last + draw(st.integers(0 if last > first else 1, 2))
    return at, spans


@st.composite
def sequences(draw, longest: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Emissions (n, tags) and continues (n,) of one sequence."""
    length = draw(st.integers(0, longest))
    scores = st.floats(-8, 0, width=32)
    return (
        draw(arrays(np.float32, (length, N_TAGS), elements=scores)),
        draw(arrays(np.bool_, length)),
    )


def path_score(path, emissions, continues, transitions, word_break_cost) -> float:
    """By the words of ``best_paths``, one step at a time."""
    score = 0.0
    previous = N_TAGS
    for step, tag in enumerate(path):
        score += transitions[previous, tag] + emissions[step, tag]
        extends = tag in (I_NAME, I_POST) and previous in (tag, tag - 1)
        if step and continues[step] and not (extends or previous == tag == OUT):
            score -= word_break_cost
        previous = tag
    return float(score)


@given(aligned_spans())
def test_spans_on_token_boundaries_come_back(case):
    at, spans = case
    tagged = spans_to_tags(spans, at, LABELS)
    assert tagged.unaligned == ()
    assert tags_to_spans(tagged.tags, at, LABELS) == spans


def test_span_inside_a_token_is_counted_and_still_tagged():
    span = EntitySpan(2, 9, "NAME")
    tagged = spans_to_tags([span], offsets((0, 4), (5, 9), (10, 12)), LABELS)
    assert tagged.tags.tolist() == [B_NAME, I_NAME, OUT]
    assert tagged.unaligned == (span,)


def test_span_no_token_touches_is_counted():
    span = EntitySpan(4, 5, "NAME")
    tagged = spans_to_tags([span], offsets((0, 4), (5, 9)), LABELS)
    assert tagged.tags.tolist() == [OUT, OUT]
    assert tagged.unaligned == (span,)


def test_stray_inside_tag_opens_nothing():
    at = offsets((0, 1), (1, 2), (2, 3))
    assert tags_to_spans(np.array([I_NAME, B_POST, I_NAME]), at, LABELS) == [
        EntitySpan(1, 2, "POST")
    ]


def test_a_score_is_asked_for_by_tokens_and_first_tag():
    asked = []

    def score(*place: int) -> float:
        asked.append(place)
        return 0.5

    at = offsets((0, 1), (1, 2), (2, 3), (3, 4))
    spans = tags_to_spans(np.array([B_NAME, I_NAME, OUT, B_NAME]), at, LABELS, score)
    assert spans == [EntitySpan(0, 2, "NAME", 0.5), EntitySpan(3, 4, "NAME", 0.5)]
    assert asked == [(0, 2, B_NAME), (3, 4, B_NAME)]


@given(shared_tokens(), st.data())
def test_any_path_over_any_tokens_gives_spans_an_article_accepts(at, data):
    tags = data.draw(arrays(np.int64, len(at), elements=st.integers(0, N_TAGS - 1)))
    spans = tags_to_spans(tags, at, LABELS)
    text = "x" * int(at[-1, 1]) if len(at) else ""
    assert Article("any", text, tuple(spans)).entities == tuple(spans)


def test_characters_shared_by_two_entities_stay_with_the_first():
    at = offsets((0, 3), (2, 3), (2, 5))
    assert tags_to_spans(np.array([B_NAME, B_POST, B_POST]), at, LABELS) == [
        EntitySpan(0, 3, "NAME"),
        EntitySpan(3, 5, "POST"),
    ]


@pytest.mark.parametrize(
    ("text", "at", "expected"),
    [
        ("Herman Deru", [(0, 6), (7, 11)], [False, False]),
        ("Herman", [(0, 3), (3, 6)], [False, True]),
        ("M.Si", [(0, 1), (1, 2), (2, 4)], [False, False, False]),
        ("JambiGubernur", [(0, 5), (5, 13)], [False, False]),
        ("MHmengatakan", [(0, 2), (2, 12)], [False, False]),
        ("Bagus", [(0, 1), (1, 5)], [False, True]),
        ("1945di", [(0, 4), (4, 6)], [False, False]),
        ("é", [(0, 1), (0, 1)], [False, True]),
        ("", [], []),
    ],
)
def test_inside_word_knows_where_words_are_glued(text, at, expected):
    assert inside_word(text, offsets(*at)).tolist() == expected


@given(st.lists(st.sampled_from(["Riau", " ", "\n", "\r\n", "\u2028"])))
def test_a_token_begins_a_line_where_a_break_lies_before_it(pieces):
    text, at, expected = "", [], []
    for piece in pieces:
        if piece == "Riau":
            expected.append(not {"\n", "\r"}.isdisjoint(text[at[-1][1] if at else 0 :]))
            at.append((len(text), len(text) + len(piece)))
        text += piece
    assert begins_line(text, offsets(*at)).tolist() == expected


def test_legal_transitions_let_inside_tags_follow_their_own_entity_only():
    legal = legal_transitions(LABELS)
    allowed = {(a, b) for a, b in product(range(N_TAGS + 1), range(N_TAGS)) if legal[a, b] == 0}
    everywhere = {(a, b) for a in range(N_TAGS + 1) for b in (OUT, B_NAME, B_POST)}
    inside = {(B_NAME, I_NAME), (I_NAME, I_NAME), (B_POST, I_POST), (I_POST, I_POST)}
    assert allowed == everywhere | inside
    assert np.isneginf(legal).sum() == legal.size - len(allowed)


@given(sequences(), st.floats(0, 6))
def test_best_path_is_legal_and_none_is_better(sequence, cost):
    emissions, continues = sequence
    legal = legal_transitions(LABELS)
    (path,) = best_paths([emissions], [continues], transitions=legal, word_break_cost=cost)
    scores = [
        path_score(other, emissions, continues, legal, cost)
        for other in product(range(N_TAGS), repeat=len(emissions))
    ]
    score = path_score(path.tolist(), emissions, continues, legal, cost)
    assert np.isfinite(score)
    assert score == pytest.approx(max(scores), abs=1e-4)


@given(
    sequences(longest=3),
    arrays(np.float32, (N_TAGS + 1, N_TAGS), elements=st.floats(-3, 3, width=32)),
)
def test_best_path_follows_learned_transitions(sequence, learned):
    emissions, continues = sequence
    transitions = learned + legal_transitions(LABELS)
    (path,) = best_paths([emissions], [continues], transitions=transitions, word_break_cost=1.0)
    best = max(
        path_score(other, emissions, continues, transitions, 1.0)
        for other in product(range(N_TAGS), repeat=len(emissions))
    )
    score = path_score(path.tolist(), emissions, continues, transitions, 1.0)
    assert score == pytest.approx(best, abs=1e-4)


@given(st.lists(sequences(longest=9), max_size=5), st.floats(0, 6))
def test_sequences_side_by_side_are_read_as_one_by_one(batch, cost):
    legal = legal_transitions(LABELS)
    emissions, continues = [list(part) for part in zip(*batch, strict=True)] or ([], [])
    together = best_paths(emissions, continues, transitions=legal, word_break_cost=cost)
    alone = [
        best_paths([one], [inside], transitions=legal, word_break_cost=cost)[0]
        for one, inside in batch
    ]
    assert [path.tolist() for path in together] == [path.tolist() for path in alone]


def test_only_strong_evidence_breaks_a_word():
    emissions = np.full((2, N_TAGS), -5, dtype=np.float32)
    emissions[0, B_NAME] = 0
    emissions[1, OUT], emissions[1, I_NAME] = 0, -2
    for cost, expected in ((1.0, [B_NAME, OUT]), (3.0, [B_NAME, I_NAME])):
        (path,) = best_paths(
            [emissions],
            [np.array([False, True])],
            transitions=legal_transitions(LABELS),
            word_break_cost=cost,
        )
        assert path.tolist() == expected
