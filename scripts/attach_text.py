"""python scripts/attach_text.py asn_nlp/data/model/standoff.jsonl TEXT.parquet --output FILE.jsonl

Turns stand-off annotations, which hold offsets but no text, back into articles for those who hold
the text they were made on: each row names a row of the Parquet file and how many characters of its
``text`` were annotated, with the SHA-256 that proves it is the same text.
"""

import hashlib
import json
from pathlib import Path

import pyarrow.parquet as pq
from jsonargparse import auto_cli

from asn_nlp import AnnotationError, Article, EntitySpan, ThemeSpan, write_articles


def attach(standoff: Path, parquet: Path) -> list[Article]:
    """The annotated articles, their ids ``text-ROW``.

    Raises:
        AnnotationError: a text is not the one that was annotated.
    """
    texts = pq.read_table(parquet, columns=["text"]).column("text")
    articles = []
    for number, line in enumerate(standoff.read_text(encoding="utf-8").splitlines(), start=1):
        record = json.loads(line)
        text = texts[record["row"]].as_py().strip()[: record["characters"]]
        if hashlib.sha256(text.encode()).hexdigest()[:16] != record["sha256"]:
            raise AnnotationError(
                [
                    f"{standoff}:{number}: row {record['row']} of {parquet} is not the text that "
                    f"was annotated, it begins {text[:40]!r}; use the same version of the file"
                ]
            )
        entities = tuple(EntitySpan(*span) for span in record["entities"])
        themes = tuple(ThemeSpan(*span) for span in record["themes"])
        articles.append(Article(f"text-{record['row']}", text, entities, themes))
    return articles


def main(standoff: Path, parquet: Path, *, output: Path) -> None:
    articles = attach(standoff, parquet)
    write_articles(articles, output)
    print(f"{len(articles)} articles written to {output}")


if __name__ == "__main__":
    auto_cli(main, as_positional=True)
