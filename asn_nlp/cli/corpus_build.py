"""Build the corpus that ships with the package from the sources people edit."""

from collections.abc import Sequence
from pathlib import Path

from asn_nlp.cli.boundary import DONE
from asn_nlp.cli.parser import command_parser
from asn_nlp.errors import TextError, extra
from asn_nlp.formats import read_articles, write_articles
from asn_nlp.shipped import CORPUS

# The first seed with which dev and test hold at least eight passages of each theme.
_SPLIT_SEED = 0


def main(arguments: Sequence[str]) -> int:
    parser = command_parser("corpus build", "[--sources FOLDER] [--output FOLDER]", __doc__)
    parser.add_argument(
        "--sources",
        type=Path,
        default=CORPUS / "sources",
        help="folder of marked-up articles, one a text file; its name is the article's id",
    )
    parser.add_argument("--output", type=Path, default=CORPUS, help="folder to write to")
    return build(**parser.parse_args(arguments).as_dict())


def build(*, sources: Path, output: Path) -> int:
    """Write train.jsonl, dev.jsonl and test.jsonl; the same sources give the same bytes."""
    with extra("train", "splitting a corpus"):
        from asn_nlp.annotation.splits import split_articles
    articles = [
        article
        for path in sorted(sources.glob("*.txt"))
        for article in read_articles(path, "inline")
    ]
    if not articles:
        raise TextError(f"{sources} holds no .txt file; name the folder of the sources")
    split = split_articles(articles, dev=0.15, test=0.15, seed=_SPLIT_SEED)
    for name in ("train", "dev", "test"):
        part = getattr(split, name)
        write_articles(part, output / f"{name}.jsonl")
        print(f"{name}.jsonl: {len(part)} articles")
    return DONE
