"""python tests/hostile/torture_batch.py [--kills 20] [--articles 2000] [--seed 0]

Kill asn-nlp predict at random moments, start it again, and compare what it wrote in the end, byte
for byte, with what an undisturbed command writes. Fill its disk where this machine lets us mount a
small one. Prints the table of faults; ends with status 1 where anything was lost.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
KINDS = {
    "file": ("out.jsonl", []),
    "parquet": ("out.parquet", []),
    "folder": ("out", ["--format", "parquet"]),
    "workers": ("out", ["--workers", "2"]),
}


@dataclass(frozen=True)
class Result:
    """Faults tried, and how many files or articles were other than they should be in the end."""

    fault: str
    tried: int
    lost: int


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--run", default="ready")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--articles", type=int, default=2000)
    parser.add_argument("--shard", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    results = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        texts = [f"Bupati Sigi Irma Yuliana menegur {n} pegawai." for n in range(given.articles)]
        news = write_news(folder / "berita.jsonl", texts)
        for kind in KINDS:
            place = folder / kind
            place.mkdir()
            results.append(
                torture(
                    given.run,
                    news,
                    place,
                    kind,
                    kills=given.kills,
                    shard=given.shard,
                    seed=given.seed,
                )
            )
            print(results[-1], flush=True)
        results += full_disk(given.run, news, folder / "small", shard=given.shard)
    print("| fault | tried | survived | lost |\n|---|---|---|---|")
    for one in results:
        print(f"| {one.fault} | {one.tried} | {one.tried if not one.lost else '?'} | {one.lost} |")
    return 1 if any(one.lost for one in results) else 0


def write_news(path: Path, texts: Sequence[str]) -> Path:
    """Each text a line, and after every hundredth one that is no record."""
    with path.open("w", encoding="utf-8") as file:
        for n, text in enumerate(texts):
            file.write(json.dumps({"text": text}) + "\n" + ("{\n" if n % 100 == 50 else ""))
    return path


def torture(
    run: str, news: Path, folder: Path, kind: str, *, kills: int, shard: int, seed: int
) -> Result:
    """Kill one command ``kills`` times, let it end, and compare."""
    name, options = KINDS[kind]
    options = [*options, "--shard", str(shard)]
    start = time.monotonic()
    _command(run, news, folder / "calm" / name, options).wait()
    seconds = time.monotonic() - start
    draw = random.Random(seed)
    tried = lost = parts = 0
    place = folder / "killed"
    while tried < kills:
        process = _command(run, news, place / name, options)
        time.sleep(seconds * draw.uniform(0.2, 1.0))
        process.kill()
        if process.wait() == 0:  # it was faster than we
            lost += _other(folder / "calm", place)
            subprocess.run(["rm", "-r", str(place)], check=True)
            parts = 0
            tried += 1
            continue
        tried += 1
        _wait_for_group(process.pid)
        there = len(list(place.glob("*/_part-*.json")))
        lost += max(0, parts - there) if not (place / name).is_file() else 0
        parts = there
    process = _command(run, news, place / name, options)
    if process.wait():
        lost += 1
    return Result(f"kill -9, {kind}", tried, lost + _other(folder / "calm", place))


def full_disk(run: str, news: Path, place: Path, *, shard: int) -> list[Result]:
    """Let the disk be full at ever later writes, make room, and compare; nothing without mount."""
    place.mkdir()
    calm = place.with_name("calm")
    _command(run, news, calm / "out", ["--shard", str(shard)]).wait()
    # Each file takes whole pages, and the last part must fit beside its temporary file.
    needed = sum(path.stat().st_size // 1024 + 16 for path in (calm / "out").iterdir())
    sizes = range(16, needed + 1024, max(32, needed // 20))
    lost = tried = 0
    ended = False
    mount = ["mount", "-t", "tmpfs", "-o"]
    if subprocess.run([*mount, "size=16k", "tmpfs", str(place)], capture_output=True).returncode:
        print("no small disk can be mounted here; the disk was not filled", file=sys.stderr)
        return []
    try:
        for size in sizes:
            subprocess.run(["mount", "-o", f"remount,size={size}k", str(place)], check=True)
            tried += 1
            ended = not _command(run, news, place / "out", ["--shard", str(shard)]).wait()
            left = list(place.rglob(".*.tmp"))
            lost += len(left)
            if ended:
                break
        if not ended:
            raise RuntimeError(f"{sizes[-1]:,} KB were not enough; the test is at fault")
        lost += _other(calm, place)
    finally:
        subprocess.run(["umount", str(place)], check=True)
    return [Result("the disk full", tried, lost)]


def _command(run: str, news: Path, output: Path, options: Sequence[str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "asn_nlp", "predict", run, str(news), "--output", str(output)]
    return subprocess.Popen(
        [*command, *options],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _wait_for_group(leader: int) -> None:
    """Until the workers of a killed process have ended by themselves.

    Raises:
        TimeoutError: they live on.
    """
    for _ in range(200):
        try:
            os.killpg(leader, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    os.killpg(leader, signal.SIGKILL)
    raise TimeoutError("workers outlived their parent by ten seconds")


def _other(calm: Path, place: Path) -> int:
    """How many files differ, are missing, or are left over."""
    one, other = (
        {str(path.relative_to(top)): path.read_bytes() for path in top.rglob("*") if path.is_file()}
        for top in (calm, place)
    )
    return sum(one.get(name) != other.get(name) for name in {*one, *other})


if __name__ == "__main__":
    sys.exit(main())
