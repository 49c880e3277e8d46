"""Read news from text files, JSON, JSON Lines, CSV and Parquet, from folders of them, or from
standard input (-), and write it with the entities and themes that a run finds. What cannot be read
goes to OUTPUT.rejects.jsonl and does not stop the rest. The same command again goes on where it was
stopped, unless it reads standard input: that is read straight through, into one file.
"""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path

from tqdm import tqdm

from asn_nlp.batch import BatchOptions, Progress, predict_files
from asn_nlp.cli.boundary import DONE, FOUND
from asn_nlp.cli.parser import command_parser
from asn_nlp.engines.run_folder import open_run
from asn_nlp.shipped import run_folder

_DEFAULT = {field.name: field.default for field in fields(BatchOptions)}


def main(arguments: Sequence[str]) -> int:
    parser = command_parser("predict", "RUN NEWS ... --output FILE_OR_FOLDER", __doc__)
    parser.add_argument("run", help="a run folder, or ready for the model that ships")
    parser.add_argument("news", type=Path, nargs="+", help="files, folders of them, or -")
    parser.add_argument(
        "--output",
        type=Path,
        required=True,
        help="a .jsonl, .parquet, .csv or .xlsx file, or .json for Label Studio; or a folder for a "
        "file every so many articles",
    )
    parser.add_argument(
        "--text_column", default=_DEFAULT["text_column"], help="the field that holds the words"
    )
    parser.add_argument(
        "--id_column", default=_DEFAULT["id_column"], help="the field that holds the id"
    )
    parser.add_argument(
        "--engine",
        choices=("onnx", "torch"),
        help="what runs the encoder; by default onnx where the run has a graph",
    )
    parser.add_argument(
        "--device", type=str | None, help="for torch: cpu, cuda, mps; by default the best"
    )
    parser.add_argument(
        "--precision",
        type=float | dict[str, float] | None,
        help="leave out what scores too little for it, such as .95 or '{entities: .98}'",
    )
    parser.add_argument(
        "--workers",
        type=int | None,
        help="processes that read, with the cores divided among them; one that an article ends is "
        "replaced, and the article rejected",
    )
    parser.add_argument(
        "--ray",
        type=str | None,
        nargs="?",
        const="",
        metavar="ADDRESS",
        help="read on a Ray cluster; without an address on that of this machine",
    )
    parser.add_argument(
        "--shard",
        type=int,
        default=_DEFAULT["shard"],
        help="articles that are written at once, and at most lost by a kill",
    )
    parser.add_argument(
        "--format",
        choices=("jsonl", "parquet"),
        default=_DEFAULT["format"],
        help="of the files in a folder",
    )
    parser.add_argument(
        "--patience",
        type=float,
        default=_DEFAULT["patience"],
        help="seconds without a sign of life after which a worker is replaced",
    )
    given = parser.parse_args(arguments).as_dict()
    return predict(given.pop("run"), given.pop("news"), given.pop("output"), BatchOptions(**given))


def predict(run: str, news: Sequence[Path], output: Path, options: BatchOptions) -> int:
    """Write what ``run`` finds in ``news``, and say how much of it was read."""
    start = time.perf_counter()
    with _bar() as progress:
        done = predict_files(run, news, output, options, progress=progress)
    seconds = time.perf_counter() - start
    if open_run(run_folder(run)).calibration is None:
        print(f"scores of {run} are not calibrated: they are no probabilities", file=sys.stderr)
    now = done.written + done.rejected - done.earlier
    earlier = f", {done.earlier:,} of the records in an earlier attempt" if done.earlier else ""
    print(f"{done.written:,} articles, {now / seconds:,.1f} a second: {output}{earlier}")
    if done.damaged:
        parts = ", ".join(map(str, done.damaged))
        print(f"damaged, and read again: part {parts}", file=sys.stderr)
    if done.rejected:
        where = output / "_rejects-*.jsonl" if output.is_dir() else f"{output}.rejects.jsonl"
        print(f"{done.rejected:,} REJECTED, all in {where}", file=sys.stderr)
        print(*done.shown, sep="\n", file=sys.stderr)
    if not done.written:
        print("nothing was read; name files or folders that hold news", file=sys.stderr)
    return DONE if done.written else FOUND


@contextmanager
def _bar() -> Iterator[Progress]:
    """Articles, words a second and the time left, on stderr."""
    bar = tqdm(disable=True)  # until the size is told, so that an error is a line alone
    start = time.perf_counter()
    articles = words = 0

    def begin(size: int) -> None:
        nonlocal bar, start
        start = time.perf_counter()
        timed = "{l_bar}{bar}| {elapsed}<{remaining}{postfix}"
        bar = tqdm(
            desc="reading",
            total=size or None,  # unknown of standard input
            bar_format=timed if size else "{desc}: {elapsed}{postfix}",
            miniters=0,  # what is read is told before a part is finished with
            smoothing=0,
            dynamic_ncols=True,
            disable=None,
        )

    def read(more: int, more_words: int) -> None:
        nonlocal articles, words
        articles += more
        words += more_words
        speed = words / (time.perf_counter() - start)
        bar.set_postfix_str(f"{articles:,} articles, {speed:,.0f} words a second", refresh=False)
        bar.update(0)

    def finished(size: int) -> None:
        if not articles and not bar.disable:  # an earlier attempt's, which says nothing of the pace
            bar.initial += size
        bar.update(size)

    try:
        yield Progress(begin, read, finished)
    finally:
        bar.close()
