"""Who reads articles, and what is done about those that end, hang or upset a reader.

A shard that ends its reader is read a second time as it was, since the cause may have lain
elsewhere; then its articles one by one. An article that ends a reader even alone is given up, and
the rest goes on.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from asn_nlp.articles import Article
from asn_nlp.batch.parts import Parts
from asn_nlp.batch.shards import Shard
from asn_nlp.engines.protocol import Engine, Output
from asn_nlp.engines.run_folder import open_run
from asn_nlp.errors import AsnError, RunError
from asn_nlp.predictor import Precision, Predictor, open_engine
from asn_nlp.shipped import run_folder

Told = Callable[[int, int], object]  # articles, and words in them, that have just been read


class Failed(NamedTuple):
    """Why articles could not be read; the reason is a verb with its object."""

    reason: str


class Task(NamedTuple):
    """Articles of a shard, from one place to another."""

    shard: int
    start: int
    end: int
    tries: int = 0


class Crew(Protocol):
    """Readers that take a task each."""

    @property
    def size(self) -> int:
        """How many tasks it takes at once."""
        ...

    def start(self, task: Task, articles: Sequence[Article]) -> None:
        """Give a task to a reader that is free.

        Raises:
            AsnError: the run cannot be read.
        """
        ...

    def finish(self) -> tuple[Task, list[Article] | Failed]:
        """Wait for a task; the reader is free then. Raises as ``start``."""
        ...

    def close(self) -> None:
        """End the readers, whatever they do."""
        ...


@dataclass(frozen=True, slots=True)
class Opening:
    """How a reader opens its run; as ``Predictor.from_pretrained``, but ``run`` may be ready."""

    run: str
    engine: str | None = None
    device: str | None = None
    precision: Precision | None = None

    def open(self, *, threads: int | None = None, beat: Callable[[], object]) -> Predictor:
        """A predictor that calls ``beat`` with every batch it reads."""
        run = open_run(run_folder(self.run))
        engine = open_engine(run, self.engine, self.device, threads)
        return Predictor(run, _Beating(engine, beat), precision=self.precision)


class _Beating:
    """An engine that shows it is alive."""

    def __init__(self, engine: Engine, beat: Callable[[], object]) -> None:
        self._engine = engine
        self._beat = beat
        self.token_budget = engine.token_budget
        self.at_once = engine.at_once

    def __call__(self, input_ids: NDArray[np.int64], attention_mask: NDArray[np.int64]) -> Output:
        self._beat()
        return self._engine(input_ids, attention_mask)


def read_task(
    predictor: Predictor, articles: Sequence[Article], told: Told
) -> list[Article] | Failed:
    """What a reader does. Raises AsnError where it is not the articles' fault."""
    read = []
    try:
        for article in predictor.predict(articles):
            read.append(article)
            told(1, article.text.count(" ") + 1)
    except AsnError:
        raise
    except Exception as error:
        reason = " ".join(str(error).split())
        return Failed(f"raised {type(error).__name__}: {reason:.200}")
    return read


class Alone:
    """One reader, in this process, which an article may end or keep waiting.

    Args:
        parts: knows which shards an earlier attempt died of.
        careful: opens a crew of one process, to which those are left.
        told: called in this process.
    """

    size = 1

    def __init__(
        self, opening: Opening, parts: Parts, *, careful: Callable[[], Crew], told: Told
    ) -> None:
        self._predictor = opening.open(beat=lambda: None)
        self._parts = parts
        self._careful = careful
        self._told = told
        self._crew: Crew | None = None
        self._done: tuple[Task, list[Article] | Failed] | None = None

    def start(self, task: Task, articles: Sequence[Article]) -> None:
        if task.shard in self._parts.suspects:
            self._crew = self._crew or self._careful()
            self._crew.start(task, articles)
            return
        with self._parts.trying(task.shard):
            self._done = task, read_task(self._predictor, articles, self._told)

    def finish(self) -> tuple[Task, list[Article] | Failed]:
        if self._crew and not self._done:
            return self._crew.finish()
        assert self._done
        done, self._done = self._done, None
        return done

    def close(self) -> None:
        if self._crew:
            self._crew.close()


@dataclass
class _Open:
    """A shard of which something is still to be read."""

    shard: Shard
    articles: list[Article]
    results: list[Article | Failed] = field(default_factory=list)
    left: int = 0

    def __post_init__(self) -> None:
        self.left = len(self.articles)
        self.results = [Failed("")] * self.left


def read_shards(
    shards: Iterator[Shard], crew: Crew
) -> Iterator[tuple[Shard, list[Article | Failed]]]:
    """Each shard with what became of its articles, as they come; at most one waits for a reader.

    Raises:
        AsnError: the run cannot be read, or no article of a shard could.
    """
    still: dict[int, _Open] = {}
    waiting: deque[Task] = deque()
    busy = 0
    more = True
    while True:
        while more and len(waiting) <= crew.size - busy:
            shard = next(shards, None)
            if shard is None:
                more = False
            elif articles := shard.articles:
                still[shard.number] = _Open(shard, articles)
                waiting.append(Task(shard.number, 0, len(articles)))
            else:
                yield shard, []
        while waiting and busy < crew.size:
            task = waiting.popleft()
            crew.start(task, still[task.shard].articles[task.start : task.end])
            busy += 1
        if not busy:
            return
        task, outcome = crew.finish()
        busy -= 1
        one = still[task.shard]
        if isinstance(outcome, Failed) and (again := _again(task)):
            waiting.extendleft(reversed(again))
            continue
        one.left -= task.end - task.start
        one.results[task.start : task.end] = [outcome] if isinstance(outcome, Failed) else outcome
        if not one.left:
            del still[task.shard]
            yield one.shard, _sound(one)


def _again(task: Task) -> list[Task]:
    """What is tried next where a task failed."""
    if task.tries == 0:
        return [task._replace(tries=1)]
    if task.end - task.start > 1:
        return [Task(task.shard, place, place + 1, 1) for place in range(task.start, task.end)]
    return []


def _sound(one: _Open) -> list[Article | Failed]:
    failed = [result for result in one.results if isinstance(result, Failed)]
    if len(failed) == len(one.results) > 1:
        raise RunError(
            f"no article of {one.shard.records[0].where} to {one.shard.records[-1].where} could be "
            f"read, as each {failed[0].reason}; the fault lies with the run or the machine"
        )
    return one.results
