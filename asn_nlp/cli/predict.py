"""Read news from text files, JSON Lines, CSV and Parquet, and from folders of them, and write it
with the entities and themes that a run finds. What cannot be read goes to OUTPUT.rejects.jsonl and
does not stop the rest.
"""

import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.progress import Progress

from asn_nlp.articles import Article
from asn_nlp.cli.boundary import DONE, FOUND
from asn_nlp.cli.parser import command_parser
from asn_nlp.formats import choose, problem_log, read_news, write_articles
from asn_nlp.predictor import Predictor
from asn_nlp.shipped import run_folder

_REJECTS_SHOWN = 10


def main(arguments: Sequence[str]) -> int:
    parser = command_parser("predict", "RUN NEWS ... --output FILE", __doc__)
    parser.add_argument("run", help="a run folder, or ready for the model that ships")
    parser.add_argument("news", type=Path, nargs="+", help="files of news, or folders of them")
    parser.add_argument("--output", type=Path, required=True, help="a .jsonl or .parquet file")
    parser.add_argument(
        "--engine",
        choices=("onnx", "torch"),
        help="what runs the encoder; by default onnx where the run has a graph",
    )
    parser.add_argument(
        "--device", type=str | None, help="for torch: cpu, cuda, mps; by default the best"
    )
    return predict(**parser.parse_args(arguments).as_dict())


def predict(
    run: str,
    news: Sequence[Path],
    output: Path,
    *,
    engine: Literal["onnx", "torch"] | None = None,
    device: str | None = None,
) -> int:
    """Write what ``run`` finds in ``news``, and say how much of it was read."""
    choose(output, writing=True)  # a wrong ending is told before anything is opened
    rejects_file = output.with_name(f"{output.name}.rejects.jsonl")
    predictor = Predictor.from_pretrained(run_folder(run), engine=engine, device=device)
    read = rejected = 0
    shown: list[str] = []
    start = time.perf_counter()
    with Progress(console=Console(stderr=True)) as bar, problem_log(rejects_file) as keep:
        task = bar.add_task("reading", total=None)

        def articles() -> Iterator[Article]:
            nonlocal read, rejected
            for record in read_news(
                news,
                exclude=(output, rejects_file),
                progress=lambda done, total: bar.update(task, completed=done, total=total),
            ):
                if isinstance(record, Article):
                    read += 1
                    yield record
                else:
                    rejected += 1
                    keep(record)
                    shown.extend(record.lines if len(shown) < _REJECTS_SHOWN else ())

        write_articles(predictor.predict(articles()), output)
    print(f"{read:,} articles, {read / (time.perf_counter() - start):,.1f} a second: {output}")
    if rejected:
        print(f"{rejected:,} REJECTED, all in {rejects_file}", file=sys.stderr)
        print(*shown[:_REJECTS_SHOWN], sep="\n", file=sys.stderr)
    if not read:
        print("nothing was read; name files or folders that hold news", file=sys.stderr)
    return DONE if read else FOUND
