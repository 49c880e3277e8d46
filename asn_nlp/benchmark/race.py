"""Systems timed against each other: the same articles, in rounds that are interleaved."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any

from asn_nlp.articles import Article
from asn_nlp.benchmark.systems import Setting
from asn_nlp.errors import RunError
from asn_nlp.formats import read_articles


@dataclass(frozen=True, slots=True)
class System:
    """What was measured of one system.

    Attributes:
        laps: seconds of each round, by threads.
        start: seconds from nothing to the first text read, in a new process; the least.
        memory: bytes at the peak, by all threads; None where the system does not say.
        entity_f1, theme_f1: None where it reads no such thing, or was not scored.
        skipped: why it was not timed.
    """

    name: str
    laps: dict[int, tuple[float, ...]] = field(default_factory=dict)
    start: float = float("inf")
    memory: int | None = None
    entity_f1: float | None = None
    theme_f1: float | None = None
    skipped: str | None = None


@dataclass(frozen=True, slots=True)
class Race:
    """``words`` are those of the articles that each lap reads."""

    title: str
    articles: int
    words: int
    systems: tuple[System, ...]

    def speed(self, system: System, threads: int) -> float:
        """Words a second in the median round."""
        return self.words / median(system.laps[threads])


def race(
    title: str,
    names: Sequence[str],
    run: Path,
    file: Path,
    *,
    articles: int,
    rounds: int,
    threads: Sequence[int],
    baselines: Path | None,
    scored: bool,
) -> Race:
    """Time the systems of these ``names`` that can be opened on the first ``articles`` of ``file``.

    Args:
        threads: for each number, the systems are opened anew and read ``rounds`` times in turn.
        baselines: where ``cache`` keeps spaCy's pipeline and the CRF; None leaves them out.
        scored: score each on the whole file.

    Raises:
        RunError: a system ended in the midst of it.
    """
    timed = read_articles(file)[:articles]
    systems = {name: System(name) for name in names}
    for number in threads:
        setting = Setting(str(run), None if baselines is None else str(baselines), number)
        with ExitStack() as stack:
            racers = {}
            for name, system in systems.items():
                if system.skipped is not None:
                    continue
                racer = stack.enter_context(_racer(name, setting, timed[0]))
                systems[name] = replace(
                    system, start=min(system.start, racer.start), skipped=racer.skipped
                )
                if racer.skipped is None:
                    racer.ask(
                        json.dumps({"file": str(file), "articles": articles}, allow_nan=False)
                    )
                    racers[name] = racer
            laps = [
                {name: racer.ask("time") for name, racer in racers.items()} for _ in range(rounds)
            ]
            for name, racer in racers.items():
                seconds = tuple(lap[name]["seconds"] for lap in laps)
                scores = racer.ask("score") if scored and number == max(threads) else {}
                systems[name] = replace(
                    systems[name],
                    laps=systems[name].laps | {number: seconds},
                    memory=laps[-1][name]["memory"],
                    **scores,
                )
    words = sum(len(article.text.split()) for article in timed)
    return Race(title, len(timed), words, tuple(systems.values()))


@dataclass(frozen=True, slots=True)
class _Racer:
    """A process with one system opened; ``start`` and ``skipped`` as ``System`` has them."""

    name: str
    process: subprocess.Popen[str]
    start: float
    skipped: str | None

    def ask(self, line: str) -> dict[str, Any]:
        return answer_of(self.name, self.process, line)


@contextmanager
def _racer(name: str, setting: Setting, first: Article) -> Iterator[_Racer]:
    """A new process that has opened a system and read one text; it ends with the context."""
    threads = str(setting.threads)
    environment = os.environ | {
        "OMP_NUM_THREADS": threads,
        "RAYON_NUM_THREADS": threads,  # tokenizers
        "TRANSFORMERS_VERBOSITY": "error",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    }
    begun = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", "asn_nlp.benchmark.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        text=True,
    ) as process:
        asked = {"system": name, "setting": asdict(setting), "first": first.text}
        opened = answer_of(name, process, json.dumps(asked, allow_nan=False))
        yield _Racer(name, process, time.perf_counter() - begun, opened["skipped"])


def answer_of(name: str, process: subprocess.Popen[str], line: str) -> dict[str, Any]:
    """What the process that times a system says to a line.

    Raises:
        RunError: it has ended.
    """
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(line + "\n")
        process.stdin.flush()
        answer = process.stdout.readline()
    except BrokenPipeError:
        with suppress(BrokenPipeError):  # it would be told once more where the process is left
            process.stdin.close()
        answer = ""
    if not answer:
        raise RunError(
            f"the process that timed {name!r} ended with status {process.wait()} before it was "
            "done; make memory free, or lower --articles"
        )
    return json.loads(answer)
