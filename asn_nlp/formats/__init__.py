"""Articles in files: one module a format, chosen by a file's ending or by name.

===============  ========================  ================================================
``jsonl``        ``.jsonl``                annotated, the guidelines' own
``json``         ``.json``                 the same as a JSON list, read only
``parquet``      ``.parquet``              annotated, needs the extra ``tables``
``inline``       by name                   annotated in the text itself, one article a file
``label-studio`` ``.json``                 tasks, annotations, predictions; exports full and min
``doccano``      ``.jsonl``                spans, spans with relations, text classification
``prodigy``      ``.jsonl``                spans
``brat``         a folder, ``.ann``        standoff beside each text
``conll``        ``.conll .iob .bio``      tokens with tags, and a sidecar for all else
``spacy``        ``.spacy``                a DocBin, needs the extra ``spacy``
``uima``         a folder, ``.xmi``        of INCEpTION, needs the extra ``inception``
``table``        ``.csv``                  a row for each article and span
``xlsx``         ``.xlsx``                 the same, needs the extra ``xlsx``
``text``         ``.txt``                  plain text, one article a file
``csv``          ``.csv``                  raw news, read only
``news``         by name                   raw news of any shape, read only
===============  ========================  ================================================

A file that several may have made is told apart by its first record when it is read. What is written
as ``.jsonl`` is the guidelines' own, as ``.json`` Label Studio's, as ``.csv`` a table.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from asn_nlp.articles import Article
from asn_nlp.errors import AnnotationError, ConfigError, nearest
from asn_nlp.formats import (
    brat,
    conll,
    doccano,
    inline,
    jsonl,
    label_studio,
    news,
    parquet,
    prodigy,
    spacy_docs,
    table,
    uima,
)
from asn_nlp.formats.abilities import abilities
from asn_nlp.formats.datasets import from_dataset, to_dataset
from asn_nlp.formats.news import find_news, read_found, read_news
from asn_nlp.formats.problems import Problem, problem_log, write_problems
from asn_nlp.formats.protocol import Format, Placed
from asn_nlp.formats.spacy_docs import from_doc, to_doc

__all__ = [
    "FORMATS",
    "Format",
    "Placed",
    "Problem",
    "abilities",
    "choose",
    "find_news",
    "from_dataset",
    "from_doc",
    "problem_log",
    "read_articles",
    "read_found",
    "read_news",
    "scan",
    "scan_placed",
    "to_dataset",
    "to_doc",
    "write_articles",
    "write_problems",
]

FORMATS = (
    jsonl.FORMAT,
    parquet.FORMAT,
    inline.FORMAT,
    label_studio.FORMAT,
    jsonl.LIST,
    doccano.FORMAT,
    prodigy.FORMAT,
    brat.FORMAT,
    conll.FORMAT,
    spacy_docs.FORMAT,
    uima.FORMAT,
    table.CSV,
    table.XLSX,
    news.TEXT,
    news.CSV,
    news.NEWS,
)


def choose(
    path: str | Path, format: str | Format | None = None, *, writing: bool = False
) -> Format:
    """The format called ``format``, or the one for the ending of ``path``.

    Where formats share an ending, what is read is told apart by its first record, and what is
    written has the one that needs no telling: ``.jsonl`` is this package's own.

    Raises:
        ConfigError: there is none, or it cannot be written although ``writing``.
    """
    if isinstance(format, Format):
        return format
    path = Path(path)
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
    ending = path.suffix.lower()
    fitting = [one for one in known if ending in one.endings or (path.is_dir() and not writing)]
    if not writing:
        for one in fitting:
            if one.recognises and one.recognises(path):
                return one
    for one in fitting:
        if ending in one.endings and (writing or not one.recognises):
            return one
    endings = sorted({ending for one in known for ending in one.endings})
    raise ConfigError(
        f"a file that is {verb} must end in {', '.join(endings)}, found {path.name!r}; did "
        f"you mean {nearest(ending, endings)!r}? Else name its format"
    )


def scan(path: str | Path, format: str | Format | None = None) -> Iterator[Article | Problem]:
    """The articles of a file, streamed; whatever cannot be read, the file included, is a problem.

    Raises:
        ConfigError: no format is called ``format``, or has the file's ending.
        MissingExtra: the format needs a package that is not installed.
    """
    records = scan_placed(path, format)
    return (one.article if isinstance(one, Placed) else one for one in records)


def scan_placed(path: str | Path, format: str | Format | None = None) -> Iterator[Placed | Problem]:
    """As ``scan``, each article with its line."""
    path = Path(path)
    chosen = choose(path, format)

    def records() -> Iterator[Placed | Problem]:
        try:
            yield from chosen.scan(path)
        except OSError as error:
            yield news.unreadable(path, error)

    return records()


def read_articles(path: str | Path, format: str | Format | None = None) -> list[Article]:
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
    articles: Iterable[Article],
    path: str | Path,
    format: str | Format | None = None,
    *,
    lossy: bool = False,
) -> None:
    """Write articles, through a temporary name: the file appears whole or not at all.

    Args:
        lossy: leave out what the format cannot hold, instead of refusing the article.

    Raises:
        AnnotationError: the format cannot hold an article as it is, and not ``lossy``; or it
            cannot hold the article at all.
        ConfigError: no format that can be written has the name or the ending.
        MissingExtra: as ``scan``.
        OSError: the file cannot be written; what stood in its place is untouched.
    """
    chosen = choose(path, format, writing=True)
    assert chosen.write
    chosen.write(articles if lossy else _held(articles, chosen), Path(path))


def _held(articles: Iterable[Article], chosen: Format) -> Iterator[Article]:
    for article in articles:
        if problems := chosen.cannot_hold(article):
            raise AnnotationError(problems)
        yield article
