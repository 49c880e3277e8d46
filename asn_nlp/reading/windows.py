"""Token counts to overlapping windows, each of which owns a range of tokens. Pure arithmetic."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from asn_nlp.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Window:
    """Tokens ``start:end`` are read by the encoder; ``own_start:own_end`` are decided here."""

    start: int
    end: int
    own_start: int
    own_end: int


def cut_windows(
    n_tokens: int, *, size: int, context: int, boundaries: Sequence[int] = ()
) -> list[Window]:
    """Cut ``n_tokens`` into windows of at most ``size`` tokens that own every token exactly once.

    A window owns up to ``size - 2 * context`` tokens and reads up to ``context`` more on each
    side. Owned ranges end at one of ``boundaries`` (ascending token positions, such as the starts
    of passages) where one lies in the second half of what a window could own.

    Raises:
        ConfigError: ``context`` is negative, or ``size`` leaves no token to own beside ``context``
            on both sides.
    """
    capacity = size - 2 * context
    if context < 0 or capacity < 1:
        raise ConfigError(
            f"a window of {size} tokens with {context} of context on each side owns none; "
            "make the size more than twice the context, and the context 0 or more"
        )
    if n_tokens <= size:
        return [Window(0, n_tokens, 0, n_tokens)] if n_tokens else []
    windows = []
    own_start = 0
    while own_start < n_tokens:
        own_end = min(own_start + capacity, n_tokens)
        if own_end < n_tokens:
            boundary = bisect_right(boundaries, own_end) - 1
            if boundary >= 0 and boundaries[boundary] > own_start + capacity // 2:
                own_end = boundaries[boundary]
        start = max(own_start - context, 0)
        end = min(own_end + context, n_tokens)
        windows.append(Window(start, end, own_start, own_end))
        own_start = own_end
    return windows
