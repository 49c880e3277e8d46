"""python tests/hostile/torture.py --kills 10

Kill prediction, training and pretraining at random moments, go on, and compare what comes out at
the end with what comes out undisturbed, byte for byte; what is killed leaves no half file under a
name, and no litter behind the next start.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import yaml

from asn_nlp import read_articles, write_articles
from asn_nlp.files import is_temporary
from asn_nlp.shipped import CORPUS

ROOT = Path(__file__).parents[2]
LONGEST = 600  # seconds of one command


@dataclass(frozen=True)
class Task:
    """A command, and what it writes."""

    name: str
    arguments: tuple[str, ...]
    output: Path
    compared: tuple[str, ...]  # files of the output; "" where it is one itself
    again: tuple[str, ...] = ()  # what the command is given to go on


def tasks(folder: Path) -> list[Task]:
    articles = read_articles(CORPUS / "train.jsonl")[:24]
    news, texts = folder / "news", folder / "texts"
    for number, article in enumerate(articles):
        for path in (news / f"{number}.txt", texts / f"{number}.txt"):
            path.parent.mkdir(exist_ok=True)
            path.write_text(article.text, encoding="utf-8")
    write_articles(articles[:12], folder / "train.jsonl")
    write_articles(articles[12:18], folder / "dev.jsonl")
    train = {
        "data": {"train": str(folder / "train.jsonl"), "dev": str(folder / "dev.jsonl")},
        "optimizer": {"epochs": 3},
        "output": str(folder / "run"),
    }
    pretrain = {
        "data": {"train": [str(texts)], "held_out": 0.1},
        "encoder": {
            "vocabulary": 300,
            "hidden_size": 32,
            "layers": 3,
            "heads": 2,
            "intermediate_size": 48,
        },
        "optimizer": {"tokens": 60_000, "sequence_length": 64, "batch_size": 8},
        "checkpoint_minutes": 0.002,
        "output": str(folder / "encoder"),
    }
    for name, config in (("train", train), ("pretrain", pretrain)):
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    output = folder / "out" / "read.jsonl"
    resume = ("--resume",)
    return [
        Task("predict", ("predict", "ready", str(news), "--output", str(output)), output, ("",)),
        Task(
            "train",
            ("train", "--config", str(folder / "train.yaml")),
            folder / "run",
            ("model.safetensors", "theme_head.safetensors", "tokenizer.json", "run.json"),
            resume,
        ),
        Task(
            "pretrain",
            ("pretrain", "--config", str(folder / "pretrain.yaml")),
            folder / "encoder",
            ("model.safetensors", "tokenizer.json"),
            resume,
        ),
    ]


def start(arguments: Sequence[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "asn_nlp", *arguments],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(task: Task, arguments: Sequence[str]) -> dict[str, bytes]:
    """Run to the end, and give what came out."""
    process = start(arguments)
    _, errors = process.communicate(timeout=LONGEST)
    assert process.returncode == 0, f"{task.name}: {errors[-2000:]}"
    return {
        name: (task.output / name if name else task.output).read_bytes() for name in task.compared
    }


def kill(arguments: Sequence[str], seconds: float, how: signal.Signals) -> str | None:
    """Kill after ``seconds``; what it said, or None where it was done before."""
    process = start(arguments)
    try:
        process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(how)
        _, errors = process.communicate(timeout=LONGEST)
        return errors
    assert process.returncode == 0
    return None


def litter(task: Task) -> list[Path]:
    return [path for path in task.output.parent.rglob(".*") if is_temporary(path)]


def torture(task: Task, *, kills: int, random: Random) -> str:
    """
    Raises:
        AssertionError: something was lost, differs, or was left behind.
    """
    begun = time.monotonic()
    undisturbed = finish(task, task.arguments)
    lasted = time.monotonic() - begun
    killed = 0
    while killed < kills:
        # Anew each time, with what the last round left standing for the older run.
        overwrite = ("--overwrite",) if task.again else ()
        arguments = (*task.arguments, *overwrite)
        while killed < kills:
            how = random.choice((signal.SIGKILL, signal.SIGTERM))
            said = kill(arguments, random.uniform(0.05, 1.0) * lasted, how)
            if said is None:
                break
            killed += 1
            if how is signal.SIGTERM:
                assert "Traceback" not in said, said
            if task.name == "predict":
                assert task.output.read_bytes() == undisturbed[""], "the old output is gone"
            begun_there = (task.output / "checkpoints" / "begun.json").exists()
            arguments = (*task.arguments, *(task.again if begun_there else overwrite))
            if task.name == "pretrain":
                going = (task.output / "checkpoint" / "state.safetensors").exists()
                arguments = (*task.arguments, *(task.again if going else overwrite))
        for path in litter(task):  # as if it had lain there for long
            os.utime(path, (0, 0))
        assert finish(task, arguments) == undisturbed, f"{task.name}: other bytes came out"
        left = [path for path in litter(task) if not path.name.endswith(".lock.tmp")]
        assert not left, f"{task.name} left {left}"
    return f"{task.name}: {killed} kills, byte for byte as undisturbed ({lasted:.0f} s each)"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[2])
    parser.add_argument("--kills", type=int, default=10, help="of each command [10]")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of all chance [now]")
    parser.add_argument("--only", help="one of predict, train, pretrain [all]")
    options = parser.parse_args(arguments)
    print(f"seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory() as name:
        for task in tasks(Path(name)):
            if options.only in (None, task.name):
                told = torture(task, kills=options.kills, random=Random(options.seed))
                print(told, flush=True)


if __name__ == "__main__":
    main()
