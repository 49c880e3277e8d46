"""python scripts/predict.py RUN articles/ more.jsonl --output predictions.jsonl

Read news from text files, folders, JSON Lines, CSV and Parquet, and write it with the spans a run
predicts. What cannot be read goes to OUTPUT.rejects.jsonl and does not stop the rest.
"""

import sys
import time
from collections.abc import Iterator
from pathlib import Path

from jsonargparse import ArgumentParser
from rich.console import Console
from rich.progress import track

from asn_nlp.articles import Article
from asn_nlp.formats import jsonl, parquet
from asn_nlp.model import RunError
from asn_nlp.predictor import Predictor, run_folder
from asn_nlp.sources import RejectedRecord, read_records, write_rejects

WRITERS = {".jsonl": jsonl.write, ".parquet": parquet.write}


def main(run: str, inputs: list[Path], output: Path, device: str | None) -> None:
    if output.suffix not in WRITERS:
        sys.exit(f"error: --output must end in {' or '.join(WRITERS)}, found {output.name!r}")
    rejects: list[RejectedRecord] = []

    def articles() -> Iterator[Article]:
        for record in read_records(inputs):
            if isinstance(record, Article):
                yield record
            else:
                rejects.append(record)

    # Reading costs next to nothing beside the model, and with a total the bar tells the time left.
    total = sum(isinstance(record, Article) for record in read_records(inputs))
    predictor = Predictor.from_pretrained(run_folder(run), device=device)
    start = time.perf_counter()
    WRITERS[output.suffix](track(predictor.predict(articles()), "reading", total=total), output)
    print(f"{total:,} articles, {total / (time.perf_counter() - start):,.1f} a second: {output}")
    rejects_file = output.with_name(f"{output.name}.rejects.jsonl")
    write_rejects(rejects, rejects_file)
    if rejects:
        console = Console(stderr=True, soft_wrap=True)
        console.print(f"{len(rejects):,} REJECTED, all in {rejects_file}", style="bold red")
        console.print(*map(str, rejects[:10]), sep="\n", markup=False, highlight=False)


if __name__ == "__main__":
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("run", help="a run folder, or ready for the model that ships")
    parser.add_argument("inputs", type=Path, nargs="+", help="files of news, or folders of them")
    parser.add_argument("--output", type=Path, required=True, help="a .jsonl or .parquet file")
    parser.add_argument("--device", type=str | None, help="cpu, cuda; by default a GPU if any")
    try:
        main(**parser.parse_args().as_dict())
    except (RunError, OSError) as error:
        sys.exit(f"error: {error}")
