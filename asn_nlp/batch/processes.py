"""Readers in processes of their own on this machine, each with its share of the cores."""

import logging
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

from asn_nlp.articles import Article
from asn_nlp.batch.crew import Failed, Opening, Task, Told, read_task
from asn_nlp.engines.onnx import cores
from asn_nlp.errors import AsnError, RunError

_OPENING = 600  # seconds in which a reader must have opened the run
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_THREADS = ("OMP_NUM_THREADS", "RAYON_NUM_THREADS")  # of NumPy's products, and the tokeniser's
_BEAT = 0.5  # seconds between two messages of a reader about how far it is


@dataclass
class _Reader:
    process: SpawnProcess
    connection: Connection
    seen: float  # when it last gave a sign of life
    task: Task | None = None


class Processes:
    """A crew of processes. One that ends or hangs gives way to a new one.

    Args:
        size: how many; each opens the run, and has the cores divided by them as its threads.
        patience: seconds without a batch read after which a reader hangs.
        told: called in this process.

    Raises:
        AsnError: the run cannot be opened.
    """

    def __init__(self, opening: Opening, size: int, *, patience: float, told: Told) -> None:
        self.size = size
        self._opening = opening
        self._patience = patience
        self._told = told
        self._readers: list[_Reader] = []
        try:
            for place in range(size):
                with _undisturbed():
                    self._readers.append(self._spawned(quiet=place > 0))
            for reader in self._readers:
                self._opened(reader)
        except BaseException:
            self.close()
            raise

    def start(self, task: Task, articles: Sequence[Article]) -> None:
        reader = next(one for one in self._readers if one.task is None)
        reader.task, reader.seen = task, time.monotonic()
        with suppress(OSError):  # it has ended, which the next wait notices
            reader.connection.send(articles)

    def finish(self) -> tuple[Task, list[Article] | Failed]:
        while True:
            busy = {one.connection: one for one in self._readers if one.task is not None}
            for connection in wait(list(busy), timeout=_BEAT):
                reader = busy[connection]  # type: ignore[index]
                message = self._received(reader)
                if isinstance(message, AsnError):
                    raise message
                if isinstance(message, list | Failed):
                    return self._free(reader), message
                self._told(*message)
            for reader in busy.values():
                if time.monotonic() - reader.seen > self._patience:
                    failed = Failed(f"gave no sign of life for {self._patience:g} seconds")
                    reader.process.kill()
                    self._replace(reader)
                    return self._free(reader), failed

    def close(self) -> None:
        for reader in self._readers:
            reader.connection.close()
            reader.process.kill()
        for reader in self._readers:
            reader.process.join()

    def _received(self, reader: _Reader) -> AsnError | list[Article] | Failed | tuple[int, int]:
        reader.seen = time.monotonic()
        try:
            return reader.connection.recv()
        except (EOFError, OSError):
            reader.process.join(5)
            code = reader.process.exitcode or 0
            how = f"was ended by signal {-code}" if code < 0 else f"ended with status {code}"
            self._replace(reader)
            return Failed(how)

    def _free(self, reader: _Reader) -> Task:
        task, reader.task = reader.task, None
        assert task is not None
        return task

    def _replace(self, reader: _Reader) -> None:
        reader.connection.close()
        reader.process.kill()  # where it has closed its pipe and lives on
        reader.process.join()
        with _undisturbed():
            new = self._spawned(quiet=True)
            reader.process, reader.connection = new.process, new.connection
        self._opened(reader)

    def _spawned(self, *, quiet: bool) -> _Reader:
        context = multiprocessing.get_context("spawn")  # a fork would share locks and threads
        here, there = context.Pipe()
        threads = max(1, cores() // self.size)
        process = context.Process(
            target=_work,
            args=(there, self._opening, threads, quiet),
            daemon=True,
            name="asn-nlp reader",
        )
        with _sharing(threads):
            process.start()
        there.close()
        return _Reader(process, here, time.monotonic())

    def _opened(self, reader: _Reader) -> None:
        try:
            if not reader.connection.poll(_OPENING):
                raise RunError(
                    f"a reader was not ready after {_OPENING:,} seconds; use fewer workers"
                )
            message = reader.connection.recv()
        except (EOFError, OSError) as error:
            reader.process.join(5)
            raise RunError(
                f"a reader ended with status {reader.process.exitcode} before it had opened the "
                "run; use fewer workers if the memory is short"
            ) from error
        if isinstance(message, AsnError):
            raise message
        reader.seen = time.monotonic()


@contextmanager
def _sharing(threads: int) -> Iterator[None]:
    """Processes started within take so many threads: what NumPy multiplies by and the tokeniser ask
    when they are loaded or first used, take all cores unless told, and the first waits in a loop.
    """
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, str(threads)))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Within, a signal waits: a reader that was told but half of what it is would end in a
    traceback. It has the signals blocked from then on: its parent ends it.
    """
    if threading.current_thread() is not threading.main_thread():  # signals end the main one
        yield
        return
    came: list[int] = []
    handlers = {
        number: signal.signal(number, lambda number, _: came.append(number)) for number in _SIGNALS
    }
    resource_tracker.ensure_running()  # which lets signals pass where it is started within
    masks = hasattr(signal, "pthread_sigmask")  # not on Windows
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS) if masks else set()
    try:
        yield
    finally:
        if masks:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        for number, handler in handlers.items():
            signal.signal(number, handler)
        if came:
            signal.raise_signal(came[0])


def _work(connection: Connection, opening: Opening, threads: int, quiet: bool) -> None:
    """The life of a reader: it opens the run, then takes articles and gives them back."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's, where it is not blocked
    if quiet:  # a run that warns need warn once
        logging.disable(logging.WARNING)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    counts = [0, 0]
    last = 0.0

    def beat(articles: int = 0, words: int = 0) -> None:
        nonlocal last
        counts[0] += articles
        counts[1] += words
        if time.monotonic() - last > _BEAT:
            connection.send((counts[0], counts[1]))
            counts[:] = 0, 0
            last = time.monotonic()

    try:
        predictor = opening.open(threads=threads, beat=beat)
        connection.send((0, 0))
        while True:
            last = time.monotonic()
            done = read_task(predictor, connection.recv(), beat)
            if counts != [0, 0]:
                connection.send((counts[0], counts[1]))
                counts[:] = 0, 0
            connection.send(done)
    except AsnError as error:
        connection.send(RunError(str(error)))  # not all its children come through a pipe
    except (EOFError, BrokenPipeError, ConnectionResetError):
        pass  # the parent has ended


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent
    parent.join()
    os._exit(1)
