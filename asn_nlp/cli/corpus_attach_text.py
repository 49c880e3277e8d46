"""Turn stand-off annotations, which hold offsets but no text, back into articles for those who hold
the text they were made on: each row names a row of the Parquet file and how many characters of its
text were annotated, with the SHA-256 that proves it is the same text.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from asn_nlp.articles import Article, EntitySpan, ThemeSpan
from asn_nlp.cli.boundary import DONE
from asn_nlp.cli.parser import command_parser
from asn_nlp.errors import AnnotationError, TextError, extra
from asn_nlp.files import check_apart
from asn_nlp.formats import write_articles


def main(arguments: Sequence[str]) -> int:
    parser = command_parser("corpus attach-text", "STANDOFF PARQUET --output FILE", __doc__)
    parser.add_argument("standoff", type=Path, help="stand-off annotations, JSON Lines")
    parser.add_argument("parquet", type=Path, help="the texts, in the column text")
    parser.add_argument("--output", type=Path, required=True, help="annotated file to write")
    options = parser.parse_args(arguments)
    check_apart(options.output, [options.standoff, options.parquet])
    articles = attach(options.standoff, options.parquet)
    write_articles(articles, options.output)
    print(f"{len(articles)} articles written to {options.output}")
    return DONE


def attach(standoff: Path, parquet: Path) -> list[Article]:
    """The annotated articles, their ids the file's stem and the row.

    Raises:
        AnnotationError: a line is none, or a text is not the one that was annotated.
        TextError: the Parquet file cannot be read.
        MissingExtra: pyarrow is not installed.
    """
    with extra("tables", "reading Parquet"):
        from pyarrow.lib import ArrowException
        from pyarrow.parquet import read_table
    try:
        texts = read_table(parquet, columns=["text"]).column("text")
    except (ArrowException, KeyError) as error:
        reason = " ".join(str(error).split())
        raise TextError(f"{parquet} is no Parquet file with a column text ({reason})") from error
    articles = []
    for number, line in enumerate(standoff.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            record = json.loads(line)
            text = texts[record["row"]].as_py().strip()[: record["characters"]]
            entities = tuple(EntitySpan(*span) for span in record["entities"])
            themes = tuple(ThemeSpan(*span) for span in record["themes"])
            expected = record["sha256"]
        except (ValueError, LookupError, TypeError) as error:
            reason = f"is no stand-off annotation of {parquet} ({error}); name the files it is of"
            raise AnnotationError([f"{standoff}:{number}: the line {reason}"]) from error
        if hashlib.sha256(text.encode()).hexdigest()[:16] != expected:
            raise AnnotationError(
                [
                    f"{standoff}:{number}: row {record['row']} of {parquet} is not the text that "
                    f"was annotated, it begins {text[:40]!r}; use the same version of the file"
                ]
            )
        articles.append(Article(f"{parquet.stem}-{record['row']}", text, entities, themes))
    return articles
