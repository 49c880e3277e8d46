"""What a command tells people: lines and tables that any terminal can show."""

import re
import sys
import textwrap
from collections.abc import Iterable, Sequence
from functools import partial
from shutil import get_terminal_size

from tabulate import SEPARATING_LINE, tabulate

SECTION: tuple[str, ...] = ()
"""Among the rows of a table: a line across it."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_NARROWEST = 12  # characters of a column that wraps


def print_line(text: str) -> None:
    r"""Print a line. What would steer the terminal is shown as an escape, such as ``\x1b``, and so
    is what the terminal's encoding lacks."""
    print(_shown(text))


def print_prose(text: str) -> None:
    """Print sentences in lines that are no wider than the terminal."""
    for line in textwrap.wrap(text, get_terminal_size().columns):
        print_line(line)


def print_table(
    headings: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    title: str = "",
    align: Sequence[str] | None = None,
) -> None:
    """Print a table of plain text, and an empty line behind it.

    Where it is wider than the terminal, the words of a heading stand below each other, and the
    widest column wraps.

    Args:
        rows: a cell for each heading, or ``SECTION``.
        align: left or right, for each column; by default all but the first stand on the right.
    """
    head = [_shown(heading) for heading in headings]
    body = [[_shown(cell) for cell in row] for row in rows]
    table = partial(
        tabulate,
        [row or SEPARATING_LINE for row in body],
        disable_numparse=True,  # figures come as they are to be shown
        colalign=align or ("left", *["right"] * (len(head) - 1)),
    )
    text = table(head)
    if _excess(text) > 0:
        stacked = [heading.replace(" ", "\n") for heading in head]
        widths = [max(map(len, column)) for column in zip(head, *filter(None, body), strict=True)]
        widest = widths.index(max(widths))
        left = max(_NARROWEST, widths[widest] - _excess(table(stacked)))
        text = table(stacked, maxcolwidths=[*[None] * widest, left])
    if title:
        print_line(title)
    print(f"{text}\n")


def _excess(text: str) -> int:
    """By how many characters ``text`` is wider than the terminal."""
    return max(map(len, text.splitlines())) - get_terminal_size().columns


def _shown(text: str) -> str:
    encoding = sys.stdout.encoding or "utf-8"
    known = text.encode(encoding, "backslashreplace").decode(encoding)
    return _CONTROL.sub(lambda found: ascii(found[0])[1:-1], known)
