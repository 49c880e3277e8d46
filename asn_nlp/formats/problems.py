"""Records that could not be read: where they stand, why, and what they hold."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from asn_nlp.files import written_whole


@dataclass(frozen=True, slots=True)
class Problem:
    """A record that is no article, or a whole file without one.

    ``line`` counts from 1, rows in Parquet; None where the whole file is meant. Each of
    ``messages`` gives a broken rule, the value met and the cure. ``raw`` is the record as it stood,
    bytes that are no UTF-8 as ``\\xe9``; of a record longer than ``rows.LONGEST_RECORD`` its
    beginning, and "" where the whole file is meant.
    """

    path: Path
    line: int | None
    messages: tuple[str, ...]
    raw: str = ""

    @property
    def where(self) -> str:
        return str(self.path) if self.line is None else f"{self.path}:{self.line}"

    @property
    def lines(self) -> tuple[str, ...]:
        """The messages, each with its place before it."""
        return tuple(f"{self.where}: {message}" for message in self.messages)

    def __str__(self) -> str:
        return "\n".join(self.lines)


@contextmanager
def problem_log(path: Path) -> Iterator[Callable[[Problem], None]]:
    """A function that keeps problems in a JSON Lines file, one at a time and each whole.

    Where none comes no file is written, and one of an earlier run is removed.

    Raises:
        OSError: the file cannot be written; what stood in its place is untouched.
    """
    with ExitStack() as stack:
        write: Callable[[str], object] | None = None

        def keep(problem: Problem) -> None:
            nonlocal write
            if write is None:
                write = stack.enter_context(written_whole(path)).write
            record = {
                "path": str(problem.path),
                "line": problem.line,
                "messages": problem.messages,
                "raw": problem.raw,
            }
            # ASCII alone, because a file's name may hold bytes that are no UTF-8.
            write(json.dumps(record, allow_nan=False) + "\n")

        yield keep
        if write is None:
            path.unlink(missing_ok=True)


def write_problems(problems: Iterable[Problem], path: Path) -> None:
    """Write one JSON object a line, with the fields of ``Problem``; else as ``problem_log``."""
    with problem_log(path) as keep:
        for problem in problems:
            keep(problem)
