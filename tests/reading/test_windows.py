import pytest
from hypothesis import given
from hypothesis import strategies as st

from asn_nlp.errors import ConfigError
from asn_nlp.reading.windows import Window, cut_windows


@st.composite
def cuts(draw):
    """Arguments of ``cut_windows`` that are in order."""
    n_tokens = draw(st.integers(0, 400))
    context = draw(st.integers(0, 20))
    size = draw(st.integers(2 * context + 1, 2 * context + 60))
    boundaries = sorted(draw(st.sets(st.integers(0, max(n_tokens, 1)), max_size=40)))
    return n_tokens, size, context, boundaries


@given(cuts())
def test_every_token_is_owned_exactly_once_and_in_order(cut):
    n_tokens, size, context, boundaries = cut
    windows = cut_windows(n_tokens, size=size, context=context, boundaries=boundaries)
    owned = [token for w in windows for token in range(w.own_start, w.own_end)]
    assert owned == list(range(n_tokens))


@given(cuts())
def test_windows_hold_what_they_own_and_exactly_its_context(cut):
    n_tokens, size, context, boundaries = cut
    for window in cut_windows(n_tokens, size=size, context=context, boundaries=boundaries):
        assert 0 <= window.start <= window.own_start < window.own_end <= window.end <= n_tokens
        assert window.end - window.start <= size
        assert window.own_start - window.start == min(context, window.own_start)
        assert window.end - window.own_end == min(context, n_tokens - window.own_end)


@given(cuts())
def test_owned_ranges_end_at_a_boundary_in_their_second_half(cut):
    n_tokens, size, context, boundaries = cut
    capacity = size - 2 * context
    windows = cut_windows(n_tokens, size=size, context=context, boundaries=boundaries)
    for window in windows[:-1]:
        reachable = range(window.own_start + capacity // 2 + 1, window.own_start + capacity + 1)
        candidates = [boundary for boundary in boundaries if boundary in reachable]
        assert window.own_end == max(candidates, default=window.own_start + capacity)


def test_a_text_that_fits_is_one_window():
    assert cut_windows(10, size=10, context=4) == [Window(0, 10, 0, 10)]


def test_no_tokens_need_no_window():
    assert cut_windows(0, size=10, context=4) == []


def test_room_that_a_boundary_leaves_is_not_filled_with_context():
    assert cut_windows(30, size=10, context=2, boundaries=[10])[1] == Window(4, 12, 6, 10)


def test_window_without_room_to_own_is_refused():
    with pytest.raises(ConfigError, match="a window of 8 tokens with 4 of context on each side"):
        cut_windows(100, size=8, context=4)
