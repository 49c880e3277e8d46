"""Annotated articles in files. One module a format; the ending of a file's name chooses it."""

from collections.abc import Iterable
from pathlib import Path

from asn_nlp.articles import Article
from asn_nlp.formats import jsonl


def read_articles(path: str | Path) -> list[Article]:
    """Read annotated articles.

    Raises:
        AnnotationError: a record breaks a rule, an id occurs twice, or the file holds no article;
            the message names file, line and article.
    """
    return jsonl.read(Path(path))


def write_articles(articles: Iterable[Article], path: str | Path) -> None:
    """Write articles, through a temporary name: the file appears whole or not at all."""
    jsonl.write(articles, Path(path))
