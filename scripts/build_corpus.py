"""python scripts/build_corpus.py

Build the corpus that ships with the package from the sources people edit.
"""

from pathlib import Path

from jsonargparse import auto_cli

from asn_nlp.config import CORPUS
from asn_nlp.formats import inline, write_articles
from asn_nlp.splits import split_articles

# The first seed with which dev and test hold at least eight passages of each theme.
SPLIT_SEED = 0


def build_corpus(*, sources: Path = CORPUS / "sources", output: Path = CORPUS) -> None:
    """Write train.jsonl, dev.jsonl and test.jsonl; the same sources give the same bytes.

    Args:
        sources: folder of marked-up articles, one a text file; its name is the article's id.
        output: folder to write to.
    """
    articles = [
        inline.parse(path.read_text(encoding="utf-8"), path.stem, str(path))
        for path in sorted(sources.glob("*.txt"))
    ]
    split = split_articles(articles, dev=0.15, test=0.15, seed=SPLIT_SEED)
    for name in ("train", "dev", "test"):
        part = getattr(split, name)
        write_articles(part, output / f"{name}.jsonl")
        print(f"{name}.jsonl: {len(part)} articles")


if __name__ == "__main__":
    auto_cli(build_corpus)
