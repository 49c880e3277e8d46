"""Choose which raw articles to annotate next: those the run is unsure of, in entities and in
themes, unlike each other, and of near-duplicates one. They are written with what the run reads, to
be corrected.
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tqdm import tqdm

from asn_nlp.articles import Article
from asn_nlp.cli.boundary import DONE
from asn_nlp.cli.parser import command_parser
from asn_nlp.errors import extra
from asn_nlp.formats import choose as choose_format
from asn_nlp.formats import problem_log, read_news, write_articles
from asn_nlp.predictor import Predictor
from asn_nlp.shipped import run_folder


def main(arguments: Sequence[str]) -> int:
    parser = command_parser("next", "POOL ... --output FILE [--run RUN] [--number N]", __doc__)
    parser.add_argument("pool", type=Path, nargs="+", help="files of raw news, or folders of them")
    parser.add_argument("--output", type=Path, required=True, help="file or folder to write")
    parser.add_argument("--run", default="ready", help="the model to be improved")
    parser.add_argument("--number", type=int, default=50, help="articles to choose")
    parser.add_argument("--to", type=str | None, help="format to write, else by the ending of FILE")
    parser.add_argument(
        "--lossy", action="store_true", help="leave out what the format cannot hold, as scores"
    )
    return choose_next(**parser.parse_args(arguments).as_dict())


def choose_next(
    pool: Sequence[Path],
    output: Path,
    *,
    run: str = "ready",
    number: int = 50,
    to: str | None = None,
    lossy: bool = False,
) -> int:
    """Write the articles to annotate next, and say of how many."""
    with extra("train", "choosing what to annotate next"):
        from asn_nlp.annotation.selection import candidates, choose
    target = choose_format(output, to, writing=True)  # a wrong ending is told before all else
    predictor = Predictor.from_pretrained(run_folder(run))
    rejects = output.with_name(f"{output.name}.rejects.jsonl")
    rejected = 0
    with problem_log(rejects) as keep:

        def articles() -> Iterator[Article]:
            nonlocal rejected
            for record in read_news(pool, exclude=(output, rejects)):
                if isinstance(record, Article):
                    yield record
                else:
                    rejected += 1
                    keep(record)

        read = predictor.opinions(articles())
        met = candidates(tqdm(read, "reading", file=sys.stdout, disable=None))
    chosen = choose(met, number)
    write_articles([one.article for one in chosen], output, target, lossy=lossy)
    print(f"{len(chosen):,} of {len(met):,} articles: {output}")
    if rejected:
        print(f"{rejected:,} REJECTED, all in {rejects}", file=sys.stderr)
    return DONE
