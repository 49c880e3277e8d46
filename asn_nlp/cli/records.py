"""List who holds which post where, in news that a run reads: one row a person and article, with the
province's codes by registry. News is read from text files, JSON Lines, CSV and Parquet, and from
folders of them.
"""

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tqdm import tqdm

from asn_nlp.articles import Article
from asn_nlp.cli.boundary import DONE, FOUND
from asn_nlp.cli.parser import command_parser
from asn_nlp.formats import problem_log, read_news
from asn_nlp.predictor import Predictor
from asn_nlp.shipped import run_folder
from asn_nlp.tables import (
    columns,
    print_summary,
    summarise,
    to_rows,
    write_page,
    write_rows,
    writer_for,
)


def main(arguments: Sequence[str]) -> int:
    parser = command_parser("records", "RUN NEWS ... --output FILE [--summary PAGE]", __doc__)
    parser.add_argument("run", help="a run folder, or ready for the model that ships")
    parser.add_argument("news", type=Path, nargs="+", help="files of news, or folders of them")
    parser.add_argument(
        "--output", type=Path, required=True, help="a .csv, .jsonl, .parquet or .xlsx file"
    )
    parser.add_argument("--text_column", default="text", help="the field that holds the words")
    parser.add_argument("--id_column", default="id", help="the field that holds the id")
    parser.add_argument(
        "--meta", type=str, default="", help="meta columns to keep, parted by commas: url,date"
    )
    parser.add_argument(
        "--summary", type=Path | None, help="a page to write, with a map and themes by province"
    )
    parser.add_argument(
        "--precision",
        type=float | dict[str, float] | None,
        help="leave out spans that score too little for it, such as .95 or '{entities: .98}'",
    )
    return records(**parser.parse_args(arguments).as_dict())


def records(
    run: str,
    news: Sequence[Path],
    output: Path,
    *,
    text_column: str = "text",
    id_column: str = "id",
    meta: str = "",
    summary: Path | None = None,
    precision: float | Mapping[str, float] | None = None,
) -> int:
    """Write the records that ``run`` finds in ``news``; print and draw where they come from."""
    kept = [name for part in meta.split(",") if (name := part.strip())]
    names = columns("records", meta=kept)
    writer_for(output)  # a wrong ending is told before anything is opened
    predictor = Predictor.from_pretrained(run_folder(run), precision=precision)
    rejects_file = output.with_name(f"{output.name}.rejects.jsonl")
    read, rejected = 0, 0
    kept_articles: list[Article] = []
    start = time.perf_counter()
    with (
        tqdm(desc="reading", unit="B", unit_scale=True, disable=None) as bar,
        problem_log(rejects_file) as keep,
    ):

        def advance(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        def articles() -> Iterator[Article]:
            nonlocal read, rejected
            for record in read_news(
                news,
                exclude=(output, rejects_file),
                progress=advance,
                text_column=text_column,
                id_column=id_column,
            ):
                if isinstance(record, Article):
                    read += 1
                    yield record
                else:
                    rejected += 1
                    keep(record)

        def predicted() -> Iterator[Article]:
            for article in predictor.predict(articles()):
                if summary:
                    kept_articles.append(article)
                yield article

        people = write_rows(to_rows(predicted(), "records", meta=kept), output, names)
    seconds = time.perf_counter() - start
    print(f"{people:,} people in {read:,} articles, {seconds:,.1f} seconds: {output}")
    if rejected:
        print(f"{rejected:,} REJECTED, all in {rejects_file}", file=sys.stderr)
    if summary:
        counts = summarise(kept_articles)
        print_summary(counts)
        write_page(counts, summary, title=f"News by province, {counts.articles:,} articles")
        print(f"page: {summary}")
    if not read:
        print("nothing was read; name files or folders that hold news", file=sys.stderr)
    return DONE if read else FOUND
