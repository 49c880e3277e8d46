"""What ends a command: a line on stderr and an exit status, and no traceback unless asked for."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
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


class _Terminated(KeyboardInterrupt):
    """SIGTERM, in the clothes of the interrupt that libraries clean up for."""


def guarded(command: Callable[[], int], *, debug: bool, stopped: str) -> int:
    """The exit status of ``command``, whatever ends it.

    Args:
        debug: let every error pass, with its traceback.
        stopped: what to say of a command that is interrupted.
    """
    try:
        with _terminable():
            status = command()
            sys.stdout.flush()  # else a closed pipe shows only when Python ends
            return status
    except KeyboardInterrupt as error:
        print(f"\n{stopped}", file=sys.stderr)
        return _TERMINATED if isinstance(error, _Terminated) else _INTERRUPTED
    except BrokenPipeError:  # ``asn-nlp … | head``
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _PIPE_CLOSED
    except (AsnError, OSError) as error:
        if debug:
            raise
        print(f"error: {_line(error)}", file=sys.stderr)
        return REFUSED
    except Exception as error:
        if debug:
            raise
        reason = " ".join(str(error).split())
        print(
            f"error: a fault in asn-nlp or below it, {type(error).__name__}: {reason:.500}; "
            "--debug shows where",
            file=sys.stderr,
        )
        return FAULT


def _line(error: AsnError | OSError) -> str:
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{error.filename}: {error.strerror}"
    if isinstance(error, AnnotationError) and (more := len(error.problems) - _SHOWN) > 0:
        shown = "\n".join(error.problems[:_SHOWN])
        return f"{shown}\n... and {more:,} more of the kind; asn-nlp validate FILE lists them all"
    return str(error)


@contextmanager
def _terminable() -> Iterator[None]:
    """Within, SIGTERM is an exception; only the main thread may and need say so."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise _Terminated

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
