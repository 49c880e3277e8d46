"""Readers as actors of Ray, on one machine or many. Needs the extra ``ray``.

Every node has the package, and the run in a folder of the same name. Only the process that started
the command reads and writes files.
"""

import logging
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from asn_nlp.articles import Article
from asn_nlp.batch.crew import Failed, Opening, Task, Told, read_task
from asn_nlp.errors import AsnError, RunError, extra
from asn_nlp.predictor import Predictor

_POLL = 1.0  # seconds
_ANSWER = 10.0  # seconds in which a living actor says how far it is
_PLACING = 600  # seconds in which the cluster must find a core for an actor


class _Reader:
    """The actor: it opens the run at its first task, and counts the batches it reads."""

    def __init__(self, opening: Opening) -> None:
        self._opening = opening
        self._predictor: Predictor | None = None
        self._beats = 0

    def read(self, articles: list[Article]) -> list[Article] | Failed | RunError:
        try:
            if self._predictor is None:
                self._predictor = self._opening.open(threads=1, beat=self._beat)
            return read_task(self._predictor, articles, lambda _articles, _words: None)
        except AsnError as error:
            return RunError(str(error))

    def beats(self) -> int:
        return self._beats

    def _beat(self) -> None:
        self._beats += 1


@contextmanager
def _signals_kept() -> Iterator[None]:
    """Ray takes SIGTERM for itself, and ends the process by it without a word; not beyond this."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handler = signal.getsignal(signal.SIGTERM)
    ended = False
    try:
        yield
    except SystemExit:
        ended = True
    finally:
        signal.signal(signal.SIGTERM, handler)
    if ended:
        signal.raise_signal(signal.SIGTERM)


@dataclass
class _Actor:
    handle: Any
    placed: Any  # a future, until the cluster has found a core for it
    task: Task | None = None
    result: Any = None  # its future
    seen: float = 0.0  # when it was last known to live
    beats: int = -1


class Cluster:
    """A crew of actors, a core each. One that ends or hangs gives way to a new one.

    Args:
        address: of a cluster; "" for the one of this machine, which is started where there is none.
        size: how many actors, or None for as many as the cluster has cores; those of a node that
            is lost are not waited for.
        patience: seconds without a batch read after which an actor hangs.
        told: called in this process, once a task.

    Raises:
        MissingExtra: Ray is not installed.
        RunError: there is no cluster at ``address``.
    """

    def __init__(
        self, opening: Opening, *, address: str, size: int | None, patience: float, told: Told
    ) -> None:
        with extra("ray", "reading on a cluster"):
            import ray
        self._ray = ray
        self._joined = not ray.is_initialized()  # by us, and so to be left
        if self._joined:
            try:
                with _signals_kept():
                    ray.init(
                        address=address or None, log_to_driver=False, logging_level=logging.ERROR
                    )
            except (ConnectionError, ValueError) as error:
                raise RunError(
                    f"there is no Ray cluster at {address!r} ({error!s:.200}); start one with "
                    "'ray start', or leave the address out"
                ) from error
        self._opening = opening
        self._patience = patience
        self._told = told
        self._actors: list[_Actor] = []
        try:
            cores = int(ray.cluster_resources().get("CPU", 1))
            self._actors += [self._spawned() for _ in range(size or max(1, cores))]
            self._place()
        except BaseException:
            self.close()
            raise

    @property
    def size(self) -> int:
        return sum(one.placed is None for one in self._actors)

    def start(self, task: Task, articles: Sequence[Article]) -> None:
        actor = next(one for one in self._actors if one.task is None and one.placed is None)
        actor.task, actor.seen, actor.beats = task, time.monotonic(), -1
        actor.result = actor.handle.read.remote(list(articles))

    def finish(self) -> tuple[Task, list[Article] | Failed]:
        while True:
            self._place(timeout=0)
            busy = [one for one in self._actors if one.task is not None]
            ready, _ = self._ray.wait([one.result for one in busy], timeout=_POLL)
            for actor in busy:
                if actor.result in ready:
                    return self._result(actor)
                if self._hangs(actor):
                    failed = Failed(f"gave no sign of life for {self._patience:g} seconds")
                    return self._replaced(actor), failed

    def close(self) -> None:
        for actor in self._actors:
            self._end(actor)
        if self._joined:
            self._ray.shutdown()

    def _result(self, actor: _Actor) -> tuple[Task, list[Article] | Failed]:
        task = actor.task
        assert task
        try:
            outcome = self._ray.get(actor.result)
        except self._ray.exceptions.RayError as error:
            reason = " ".join(str(error).split())
            return self._replaced(actor), Failed(f"was lost ({reason:.200})")
        actor.task = None
        if isinstance(outcome, RunError):
            raise outcome
        if not isinstance(outcome, Failed):
            self._told(len(outcome), sum(one.text.count(" ") + 1 for one in outcome))
        return task, outcome

    def _hangs(self, actor: _Actor) -> bool:
        if time.monotonic() - actor.seen <= self._patience:
            return False
        beats = actor.beats
        with suppress(self._ray.exceptions.RayError):
            beats = self._ray.get(actor.handle.beats.remote(), timeout=_ANSWER)
        lives = beats != actor.beats
        actor.seen, actor.beats = time.monotonic(), beats
        return not lives

    def _replaced(self, actor: _Actor) -> Task:
        """Put a new actor in the place of one; the task it had."""
        assert actor.task
        self._end(actor)
        self._actors[self._actors.index(actor)] = self._spawned()
        self._place()
        return actor.task

    def _place(self, timeout: float = _PLACING) -> None:
        """Let the actors work for which there is a core; wait only where there is none at all."""
        waiting = [one for one in self._actors if one.placed is not None]
        if not waiting:
            return
        wait = 0 if self.size else timeout
        ready, _ = self._ray.wait([one.placed for one in waiting], timeout=wait)
        for actor in waiting:
            if actor.placed in ready:
                actor.placed = None
        if not self.size and timeout:
            raise RunError(
                f"the cluster found no core for a reader in {_PLACING:,} seconds; add nodes, and "
                "give the command again"
            )

    def _end(self, actor: _Actor) -> None:
        with suppress(self._ray.exceptions.RayError):
            self._ray.kill(actor.handle)

    def _spawned(self) -> _Actor:
        # Two calls at once, so that it can say how far it is while it reads.
        kind = self._ray.remote(_Reader).options(num_cpus=1, max_concurrency=2)
        handle: Any = kind.remote(self._opening)
        return _Actor(handle, handle.beats.remote())
