"""What ends a command: a line on stderr and an exit status, and no traceback unless asked for."""

import atexit
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from types import FrameType
from typing import TYPE_CHECKING

from asn_nlp.errors import AnnotationError, AsnError

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

DONE = 0
FOUND = 1  # what the command looked for: findings, or records none of which could be read
REFUSED = 2  # options, files or folders that cannot be worked with
FAULT = 70  # of this package

_SHOWN = 5  # problems of articles; a file of foreign labels has thousands

_INTERRUPTED = 130
_TERMINATED = 143
_PIPE_CLOSED = 141

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_AGAIN = 0.05  # seconds after which an interrupt that nobody could catch is raised anew


class Stopped(KeyboardInterrupt):
    """A signal asked the command to end.

    A class of its own, for one that passes through ``exec`` as Python's makes ``python -m`` end by
    SIGINT in place of the status that the command gives.
    """


def guarded(command: Callable[[], int], *, debug: bool, stopped: str) -> int:
    """The exit status of ``command``, whatever ends it.

    Args:
        debug: let every error pass, with its traceback.
        stopped: what to say of a command that is interrupted.
    """
    if threading.current_thread() is not threading.main_thread():  # no signal reaches it
        return _ended(command, [], debug=debug, stopped=stopped)
    asked: list[int] = []  # the signals that came
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    try:
        return _ended(_stoppable(command, asked), asked, debug=debug, stopped=stopped)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        atexit.register(_ignore)  # all is done but Python's own end


def _ended(command: Callable[[], int], asked: Sequence[int], *, debug: bool, stopped: str) -> int:
    try:
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


def _stoppable(command: Callable[[], int], asked: list[int]) -> Callable[[], int]:
    """``command``, where SIGINT and SIGTERM are noted, and raise the interrupt that libraries clean
    up for; once it has ended they are ignored.
    """

    def stop(number: int, _frame: FrameType | None) -> None:
        asked.append(number)
        raise Stopped

    def unraisable(lost: "UnraisableHookArgs") -> None:
        """Raised where Python was tidying up it goes no further, and the command would go on."""
        if isinstance(lost.exc_value, Stopped):
            threading.Timer(_AGAIN, _send, asked[-1:]).start()
        else:
            hook(lost)

    def run() -> int:
        sys.unraisablehook = unraisable
        try:
            for number in _SIGNALS:
                signal.signal(number, stop)
            return command()
        finally:
            _ignore()
            sys.unraisablehook = hook

    hook = sys.unraisablehook
    return run


def _send(number: int) -> None:
    """Give the main thread a signal, and wake it for that where the system can."""
    main = threading.main_thread().ident
    if main is not None and hasattr(signal, "pthread_kill"):
        signal.pthread_kill(main, number)
    else:
        signal.raise_signal(number)


def _ignore() -> None:
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)
