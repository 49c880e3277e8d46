"""python tests/hostile/torture.py [--kills 20] [--only train]

Kill commands at random moments, give them again, and compare what comes out in the end, byte for
byte, with what comes out undisturbed; fill the disk where a small one can be mounted. Prints the
table of faults; ends with status 1 where anything was lost.

A moment is a share of the processor time that a whole command takes, since seconds on a busy
machine say little of how far it is.
"""

import argparse
import math
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

import psutil
import yaml
from transformers import AutoModel, AutoTokenizer, BertConfig, set_seed

from asn_nlp import read_articles, write_articles
from asn_nlp.files import is_temporary
from asn_nlp.formats.records import to_json
from asn_nlp.shipped import CORPUS, ENCODER

ROOT = Path(__file__).parents[2]
LONGEST = 3600  # seconds of one command, however busy the machine
_POLL = 0.05  # seconds
_READING = {
    "a file": ("out.jsonl", ()),
    "a Parquet file": ("out.parquet", ()),
    "a folder": ("out", ("--format", "parquet")),
    "two workers": ("out", ("--workers", "2")),
}


@dataclass(frozen=True)
class Task:
    """A command, and the folder it writes into, which is its alone.

    Attributes:
        compared: files of the folder that must come out the same; all where none is named.
        begun: a file whose presence means that ``again`` makes the command go on.
    """

    name: str
    arguments: tuple[str, ...]
    folder: Path
    compared: tuple[str, ...] = ()
    begun: Path | None = None
    again: tuple[str, ...] = ()


@dataclass(frozen=True)
class Result:
    """Faults tried, how many the next attempts overcame, and files lost or other in the end."""

    fault: str
    tried: int
    survived: int
    lost: int


def write_news(path: Path, texts: Sequence[str]) -> Path:
    """Each text a line, and after every hundredth one that is no record."""
    with path.open("w", encoding="utf-8") as file:
        for n, text in enumerate(texts):
            file.write(to_json({"text": text}) + "\n" + ("{\n" if n % 100 == 50 else ""))
    return path


def reading(
    kind: str, news: Path, folder: Path, *, shard: int, run: str = "ready", ray: str | None = None
) -> Task:
    name, options = _READING.get(kind, ("out", ("--ray", ray or "")))
    place = folder / kind.replace(" ", "-")
    command = ("predict", run, str(news), "--output", str(place / name))
    return Task(f"predict, {kind}", (*command, "--shard", str(shard), *options), place)


def training(folder: Path) -> Iterator[Task]:
    """A tiny encoder, trained and pretrained."""
    articles = read_articles(CORPUS / "train.jsonl")[:24]
    write_articles(articles[:12], folder / "train.jsonl")
    write_articles(articles[12:18], folder / "dev.jsonl")
    (folder / "texts").mkdir()
    for number, article in enumerate(articles):
        (folder / "texts" / f"{number}.txt").write_text(article.text, encoding="utf-8")
    tokenizer = AutoTokenizer.from_pretrained(ENCODER)
    set_seed(0)
    shape = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=48,
    )
    AutoModel.from_config(shape).save_pretrained(folder / "tiny")
    tokenizer.save_pretrained(folder / "tiny")
    train = {
        "data": {"train": str(folder / "train.jsonl"), "dev": str(folder / "dev.jsonl")},
        "encoder": {"name": str(folder / "tiny")},
        "optimizer": {"epochs": 6},
    }
    pretrain = {
        "data": {"train": [str(folder / "texts")], "held_out": 0.1},
        "encoder": {
            "vocabulary": 300,
            "hidden_size": 32,
            "layers": 3,
            "heads": 2,
            "intermediate_size": 48,
        },
        "optimizer": {"tokens": 60_000, "sequence_length": 64, "batch_size": 8},
        "checkpoint_minutes": 0.002,
    }
    for name, config, begun, compared in (
        (
            "train",
            train,
            "checkpoints/begun.json",
            ("model.safetensors", "model.onnx", "theme_head.safetensors", "run.json"),
        ),
        ("pretrain", pretrain, "checkpoint/state.safetensors", ("model.safetensors",)),
    ):
        path, place = folder / f"{name}.yaml", folder / name
        output = place / "out"
        path.write_text(yaml.safe_dump(config | {"output": str(output)}), encoding="utf-8")
        yield Task(
            name,
            (name, "--config", str(path), "--overwrite"),
            place,
            tuple(f"out/{one}" for one in (*compared, "tokenizer.json")),
            output / begun,
            (name, "--config", str(path), "--resume"),
        )


def start(arguments: Sequence[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "asn_nlp", *arguments],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def watch(process: subprocess.Popen[str], *, until: float = math.inf) -> float:
    """Wait for the end, or for so many seconds of processor time; how many it took.

    Raises:
        TimeoutError: neither comes.
    """
    one = psutil.Process(process.pid)
    used = 0.0
    end = time.monotonic() + LONGEST
    while process.poll() is None and used < until:
        if time.monotonic() > end:
            process.kill()
            raise TimeoutError(f"{process.args} did not end in {LONGEST:,} seconds")
        with suppress(psutil.Error):
            family = [one, *one.children(recursive=True)]
            used = max(used, sum(sum(member.cpu_times()[:2]) for member in family))
        time.sleep(_POLL)
    return used


def finish(task: Task, arguments: Sequence[str]) -> float:
    """Let a command come to its end; how many seconds of processor time it took."""
    process = start(arguments)
    used = watch(process)
    _, errors = process.communicate()
    assert process.returncode == 0, f"{task.name}: {errors[-2000:]}"
    return used


def killed(arguments: Sequence[str], *, after: float, how: signal.Signals) -> bool:
    """Kill after so many seconds of processor time; False where it was done before.

    Raises:
        AssertionError: it ended by an error, or with a traceback where it had time for a word.
        TimeoutError: its workers live on.
    """
    process = start(arguments)
    watch(process, until=after)
    with suppress(ProcessLookupError):
        # As a terminal does, to all that the command started.
        (os.killpg if how is signal.SIGINT else os.kill)(process.pid, how)
    _, errors = process.communicate(timeout=LONGEST)
    assert "Traceback" not in errors or how is signal.SIGKILL, errors
    assert process.returncode in (0, -how, 128 + how), (process.returncode, how, errors)
    _wait_for_group(process.pid)
    return process.returncode != 0


def _wait_for_group(leader: int) -> None:
    for _ in range(LONGEST):
        try:
            os.killpg(leader, 0)
        except ProcessLookupError:
            return
        time.sleep(1)
    os.killpg(leader, signal.SIGKILL)
    raise TimeoutError(f"workers outlived their parent by {LONGEST:,} seconds")


def litter(folder: Path) -> list[Path]:
    return [path for path in folder.rglob(".*") if is_temporary(path)]


def tree(task: Task) -> dict[str, bytes]:
    files = [path for path in task.folder.rglob("*") if path.is_file()]
    if task.compared:
        files = [task.folder / name for name in task.compared] + litter(task.folder)
    return {
        str(path.relative_to(task.folder)): path.read_bytes()
        for path in files
        if path.exists() and not path.name.endswith(".lock.tmp")
    }


def torture(task: Task, *, kills: int, random: Random) -> Result:
    """Kill a command ``kills`` times, in rounds that end where it comes to its end."""

    def one_round(lasted: float, left: int) -> tuple[int, int]:
        arguments: Sequence[str] = task.arguments
        tried = lost = parts = 0
        going = True
        while going and tried < left:
            how = random.choice((signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT))
            going = killed(arguments, after=random.uniform(0.05, 1.0) * lasted, how=how)
            tried += going
            if task.begun and task.begun.exists():
                arguments = task.again
            there = len(list(task.folder.rglob("_part-*.json")))
            if list(task.folder.rglob("_job.json")):  # else they were put together
                lost += max(0, parts - there)
                parts = there
        for path in litter(task.folder):  # as if it had lain there for long
            os.utime(path, (0, 0))
        finish(task, arguments)
        return tried, lost

    return in_rounds(task, "killed", one_round, kills=kills)


def torture_workers(task: Task, *, kills: int, random: Random) -> Result:
    """Kill one of a command's workers, in each of ``kills`` attempts; the command goes on."""

    def one_round(lasted: float, _left: int) -> tuple[int, int]:
        process = start(task.arguments)
        watch(process, until=random.uniform(0.05, 1.0) * lasted)
        tried = 0
        with suppress(psutil.Error):
            children = psutil.Process(process.pid).children()
            if workers := [one for one in children if "spawn_main" in " ".join(one.cmdline())]:
                random.choice(workers).kill()
                tried = 1
        _, errors = process.communicate(timeout=LONGEST)
        assert "Traceback" not in errors, errors
        if process.returncode:  # it is no article's fault where it had not opened the run
            assert "a reader ended with status -9 before it had opened the run" in errors, errors
            finish(task, task.arguments)
        return tried, 0

    return in_rounds(task, "a worker killed", one_round, kills=kills)


def in_rounds(
    task: Task, fault: str, one_round: Callable[[float, int], tuple[int, int]], *, kills: int
) -> Result:
    """Compare what each round leaves with what an undisturbed command does.

    Args:
        one_round: from the seconds that a command lasts, and the kills that are left, to those that
            it tried and the parts that they lost.
    """
    lasted = finish(task, task.arguments)
    undisturbed = tree(task)
    tried = survived = lost = 0
    while tried < kills:
        shutil.rmtree(task.folder)
        more, parts = one_round(lasted, kills - tried)
        other = differing(task, undisturbed)
        tried += more
        lost += parts + other
        survived += 0 if other else more
    return Result(f"{fault}: {task.name} ({lasted:.0f} s each)", tried, survived, lost)


def differing(task: Task, undisturbed: Mapping[str, bytes]) -> int:
    """How many files of a task are other than ``undisturbed``, which is told."""
    found = tree(task)
    other = {name for name in {*found, *undisturbed} if found.get(name) != undisturbed.get(name)}
    if other:
        print(f"{task.name}: other than undisturbed are {sorted(other)}", file=sys.stderr)
    return len(other)


def full_disk(task: Task) -> Result | None:
    """Let the disk be full at ever later writes, make room, and compare; None without mount."""
    finish(task, task.arguments)
    undisturbed = tree(task)
    # Each file takes whole pages, and the last must fit beside its temporary file and the parts.
    needed = sum(3 * len(content) // 1024 + 16 for content in undisturbed.values())
    shutil.rmtree(task.folder)
    task.folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(task.folder)]
    if subprocess.run(mount, capture_output=True).returncode:
        print("no small disk can be mounted here; none was filled", file=sys.stderr)
        return None
    tried, ended = 0, False
    try:
        for size in range(16, needed + 1024, max(32, needed // 20)):
            remount = ["mount", "-o", f"remount,size={size}k", str(task.folder)]
            subprocess.run(remount, check=True)
            process = start(task.arguments)
            _, errors = process.communicate(timeout=LONGEST)
            left = litter(task.folder)
            assert not left, f"a full disk left {left}"
            if ended := process.returncode == 0:
                break
            assert process.returncode == 2, (process.returncode, errors)
            assert "No space left on device" in errors, errors
            tried += 1
        assert ended, "the disk was never large enough; the test is at fault"
        lost = differing(task, undisturbed)
    finally:
        subprocess.run(["umount", str(task.folder)], check=True)
    return Result(f"the disk full: {task.name}", tried, tried if not lost else 0, lost)


def faults(task: Task, *, kills: int, random: Random) -> Iterator[Result]:
    yield torture(task, kills=kills, random=random)
    shutil.rmtree(task.folder)
    if task.name.endswith("workers"):
        yield torture_workers(task, kills=kills, random=random)
    elif task.name.startswith("predict") and "cluster" not in task.name:
        yield from filter(None, [full_disk(task)])


@contextmanager
def cluster() -> Iterator[str | None]:
    """The address of a Ray cluster on this machine; None where Ray is not installed."""
    try:
        from ray.cluster_utils import Cluster
    except ModuleNotFoundError:
        yield None
        return
    nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 2})
    try:
        yield nodes.address
    finally:
        nodes.shutdown()


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[2])
    parser.add_argument("--kills", type=int, default=20, help="of each command [20]")
    parser.add_argument("--articles", type=int, default=1000, help="that are read [1000]")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of all chance [now]")
    parser.add_argument("--only", default="", help="tasks whose name begins so [all]")
    given = parser.parse_args(arguments)
    print(f"seed {given.seed}", flush=True)
    shard = max(1, given.articles // 20)
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        texts = [f"Bupati Sigi Irma Yuliana menegur {n} pegawai." for n in range(given.articles)]
        news = write_news(folder / "berita.jsonl", texts)
        tasks = [reading(kind, news, folder, shard=shard) for kind in _READING]
        wanted = "predict, a cluster".startswith(given.only)
        if wanted and (address := stack.enter_context(cluster())):
            tasks.append(reading("a cluster", news, folder, shard=shard, ray=address))
        tasks += training(folder)
        results = []
        for task in tasks:
            if task.name.startswith(given.only):
                for result in faults(task, kills=given.kills, random=Random(given.seed)):
                    print(result, flush=True)
                    results.append(result)
    print("| fault | tried | survived | lost |\n|---|---|---|---|")
    for one in results:
        print(f"| {one.fault} | {one.tried} | {one.survived} | {one.lost} |")
    return 1 if any(one.lost for one in results) else 0


if __name__ == "__main__":
    sys.exit(main())
