"""One system in a process of its own, so that its start and its memory are its alone.

``race`` starts it and sends a line of JSON: what to open, and a text to read at once. The next line
names a file of annotated articles and how many of them are read by the clock. Then it is told
``time`` or ``score`` a line, and answers each line with one.
"""

import json
import os
import re
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from asn_nlp.articles import Article
from asn_nlp.benchmark.systems import Read, Setting, open_system
from asn_nlp.errors import AsnError

_WARM_UP = 2  # articles


def main() -> None:
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1)
    # What libraries print must not come between the answers.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def answer(content: dict[str, Any]) -> None:
        answers.write(json.dumps(content, allow_nan=False) + "\n")

    asked = json.loads(sys.stdin.readline())
    setting = Setting(**asked["setting"])
    if hasattr(os, "sched_setaffinity"):  # one thread is one core, whatever a library starts
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-setting.threads :])
    try:
        read = open_system(asked["system"], setting)
        read([Article("first", asked["first"])])
    except AsnError as error:
        answer({"skipped": str(error)})
        return
    except Exception as error:  # whatever a library raises; the others go on
        answer({"skipped": f"{type(error).__name__}: {error}"})
        return
    answer({"skipped": None})
    _serve(read, setting, answer)


def _serve(read: Read, setting: Setting, answer: Callable[[dict[str, Any]], None]) -> None:
    from asn_nlp.formats import read_articles

    asked = json.loads(sys.stdin.readline())
    every = read_articles(asked["file"])
    timed = every[: asked["articles"]]
    read(timed[:_WARM_UP])
    answer({})
    for line in sys.stdin:
        if line.strip() == "time":
            start = time.perf_counter()
            read(timed)
            answer({"seconds": time.perf_counter() - start, "memory": _peak_memory()})
        else:
            answer(_scores(every, read(every), Path(setting.run)))


def _scores(gold: Sequence[Article], read: Sequence[Article], run: Path) -> dict[str, float | None]:
    """Both F1; None of a kind that the system does not read."""
    from asn_nlp.engines.run_folder import open_run
    from asn_nlp.evaluation import leading_f1

    if not read:
        return {}
    scores = asdict(leading_f1(gold, read, labels=open_run(run).labels))
    reads = {
        "entity_f1": any(article.entities for article in read),
        "theme_f1": any(article.themes for article in read),
    }
    return {name: score if reads[name] else None for name, score in scores.items()}


def _peak_memory() -> int | None:
    """Bytes; None where the system does not say."""
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
    return int(found[1]) * 1024 if found else None


if __name__ == "__main__":
    main()
