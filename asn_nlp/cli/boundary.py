"""What ends a command: a line on stderr and an exit status, and no traceback unless asked for."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from asn_nlp.errors import AnnotationError, AsnError

DONE = 0
FOUND = 1  # what the command looked for: findings, or records none of which could be read
REFUSED = 2  # options, files or folders that cannot be worked with
FAULT = 70  # of this package

_SHOWN = 5  # problems of articles; a file of foreign labels has thousands

_INTERRUPTED = 130
_TERMINATED = 143
_PIPE_CLOSED = 141


def guarded(command: Callable[[], int], *, debug: bool, stopped: str) -> int:
    """The exit status of ``command``, whatever ends it.

    Args:
        debug: let every error pass, with its traceback.
        stopped: what to say of a command that is interrupted.
    """
    asked: list[int] = []  # the signals that came
    try:
        with _stoppable(asked):
            status = command()
            sys.stdout.flush()  # else a closed pipe shows only when Python ends
            return status
    except KeyboardInterrupt:
        return _stopped(asked, stopped)
    except BrokenPipeError:  # ``asn-nlp … | head``
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _PIPE_CLOSED
    except Exception as error:
        if asked:  # what was interrupted made an error of its own of it, as C extensions do
            return _stopped(asked, stopped)
        if debug:
            raise
        if isinstance(error, AsnError | OSError):
            print(f"error: {_line(error)}", file=sys.stderr)
            return REFUSED
        reason = " ".join(str(error).split())
        print(
            f"error: a fault in asn-nlp or below it, {type(error).__name__}: {reason:.500}; "
            "--debug shows where",
            file=sys.stderr,
        )
        return FAULT


def _stopped(asked: Sequence[int], line: str) -> int:
    print(f"\n{line}", file=sys.stderr)
    return _TERMINATED if signal.SIGTERM in asked else _INTERRUPTED


def _line(error: AsnError | OSError) -> str:
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{error.filename}: {error.strerror}"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror  # our own words, without the system's number
    if isinstance(error, AnnotationError) and (more := len(error.problems) - _SHOWN) > 0:
        shown = "\n".join(error.problems[:_SHOWN])
        return f"{shown}\n... and {more:,} more of the kind; asn-nlp validate FILE lists them all"
    return str(error)


@contextmanager
def _stoppable(asked: list[int]) -> Iterator[None]:
    """Within, SIGINT and SIGTERM are noted, and raise the interrupt that libraries clean up for.

    Only the main thread may and need say so.
    """

    def stop(number: int, _frame: FrameType | None) -> None:
        asked.append(number)
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
