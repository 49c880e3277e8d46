"""Articles in files: one module a format, chosen by a file's ending or by name.

=========  ================  =================================================================
``jsonl``   ``.jsonl``        annotated, the guidelines' own
``parquet`` ``.parquet``      annotated, needs the extra ``tables``
``inline``  by name           annotated in the text itself, one article a file
``text``    ``.txt``          plain text, one article a file
``csv``     ``.csv``          raw news, read only
``news``    by name           raw news of any of these endings, read only
=========  ================  =================================================================
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from asn_nlp.articles import Article
from asn_nlp.errors import AnnotationError, ConfigError, nearest
from asn_nlp.formats import inline, jsonl, news, parquet
from asn_nlp.formats.news import read_news
from asn_nlp.formats.problems import Problem, problem_log, write_problems
from asn_nlp.formats.protocol import Format, Placed

__all__ = [
    "FORMATS",
    "Format",
    "Placed",
    "Problem",
    "choose",
    "problem_log",
    "read_articles",
    "read_news",
    "scan",
    "scan_placed",
    "write_articles",
    "write_problems",
]

FORMATS = (jsonl.FORMAT, parquet.FORMAT, inline.FORMAT, news.TEXT, news.CSV, news.NEWS)


def choose(path: str | Path, format: str | None = None, *, writing: bool = False) -> Format:
    """The format called ``format``, or the one for the ending of ``path``.

    Raises:
        ConfigError: there is none, or it cannot be written although ``writing``.
    """
    known = [one for one in FORMATS if one.write or not writing]
    verb = "written" if writing else "read"
    if format is not None:
        for one in known:
            if one.name == format:
                return one
        names = [one.name for one in known]
        raise ConfigError(
            f"files are {verb} as {', '.join(names)}, not as {format!r}; did you mean "
            f"{nearest(format, names)!r}?"
        )
    ending = Path(path).suffix.lower()
    for one in known:
        if ending in one.endings:
            return one
    endings = [ending for one in known for ending in one.endings]
    raise ConfigError(
        f"a file that is {verb} must end in {', '.join(endings)}, found {Path(path).name!r}; did "
        f"you mean {nearest(ending, endings)!r}? Else name its format"
    )


def scan(path: str | Path, format: str | None = None) -> Iterator[Article | Problem]:
    """The articles of a file, streamed; whatever cannot be read, the file included, is a problem.

    Raises:
        ConfigError: no format is called ``format``, or has the file's ending.
        MissingExtra: the format needs a package that is not installed.
    """
    records = scan_placed(path, format)
    return (one.article if isinstance(one, Placed) else one for one in records)


def scan_placed(path: str | Path, format: str | None = None) -> Iterator[Placed | Problem]:
    """As ``scan``, each article with its line."""
    path = Path(path)
    chosen = choose(path, format)

    def records() -> Iterator[Placed | Problem]:
        try:
            yield from chosen.scan(path)
        except OSError as error:
            yield news.unreadable(path, error)

    return records()


def read_articles(path: str | Path, format: str | None = None) -> list[Article]:
    """Read the articles of a file; any label is taken.

    Raises:
        AnnotationError: a record breaks a rule, an id occurs twice, or the file holds no article;
            the message names file, line and article.
        ConfigError, MissingExtra: as ``scan``.
        OSError: the file cannot be read.
    """
    articles = []
    for record in choose(path, format).scan(Path(path)):
        if isinstance(record, Problem):
            raise AnnotationError(record.lines)
        articles.append(record.article)
    return articles


def write_articles(
    articles: Iterable[Article], path: str | Path, format: str | None = None
) -> None:
    """Write articles, through a temporary name: the file appears whole or not at all.

    Raises:
        AnnotationError: the format cannot hold an article as it is.
        ConfigError: no format that can be written has the name or the ending.
        MissingExtra: as ``scan``.
        OSError: the file cannot be written; what stood in its place is untouched.
    """
    chosen = choose(path, format, writing=True)
    assert chosen.write
    chosen.write(_held(articles, chosen), Path(path))


def _held(articles: Iterable[Article], chosen: Format) -> Iterator[Article]:
    for article in articles:
        if problems := chosen.cannot_hold(article):
            raise AnnotationError(problems)
        yield article
