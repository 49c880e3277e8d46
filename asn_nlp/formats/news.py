"""Raw news in files of any common shape: plain text, and rows with the words in ``text``."""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from io import BufferedReader
from itertools import islice
from pathlib import Path
from typing import BinaryIO, NamedTuple

from asn_nlp.articles import Article
from asn_nlp.errors import AnnotationError, MissingExtra, TextError
from asn_nlp.files import Found, check_apart, walk, written_whole
from asn_nlp.formats.compression import bare, opened
from asn_nlp.formats.csv_rows import csv_rows
from asn_nlp.formats.ids import MetIds
from asn_nlp.formats.json_values import json_rows
from asn_nlp.formats.parquet import parquet_rows
from asn_nlp.formats.problems import Problem
from asn_nlp.formats.protocol import Format, Placed
from asn_nlp.formats.records import articles_of, gathered, plain, text_faults
from asn_nlp.formats.rows import Row, jsonl_rows, text_rows

# The rows of a file whose words stand in the column that is named, which CSV alone asks for.
_ROWS: dict[str, Callable[[BinaryIO, str], Iterator[Row]]] = {
    ".txt": lambda file, _: text_rows(file),
    ".json": lambda file, _: json_rows(file),
    ".jsonl": lambda file, _: jsonl_rows(file),
    ".parquet": lambda file, _: parquet_rows(file),
    ".csv": csv_rows,
    ".tsv": csv_rows,
}

STDIN = Path("-")


class _Columns(NamedTuple):
    text: str = "text"
    id: str = "id"


def read_news(
    paths: Iterable[Path],
    *,
    exclude: Iterable[Path] = (),
    progress: Callable[[int, int], object] = lambda _done, _total: None,
    text_column: str = "text",
    id_column: str = "id",
) -> Iterator[Article | Problem]:
    """Read raw news from files, and from folders with all below them in order of name.

    A ``.txt`` file holds one article; ``.json`` (a list), ``.jsonl``, ``.csv``, ``.tsv`` (commas,
    semicolons or tabs) and ``.parquet`` hold one a record: its words in ``text``, perhaps an
    ``id``, and anything else, which goes into the article's meta. All but Parquet may be
    compressed: ``berita.csv.gz``, ``berita.jsonl.zst``. ``-`` is standard input: JSON Lines if it
    begins with ``{``, a JSON list if with ``[``, else the text of one article.

    The members of an object called ``meta`` go into the meta one by one, unless a name would
    clash. What JSON cannot express, such as a date in Parquet, is kept as its text; NaN becomes
    None.

    An article without an id is called by its file's stem, and its line where there are several
    (``berita:17``). An id met before gets a number (``berita:17#2``), so that ids are unique.

    Nothing is dropped: what cannot be read, a file of unknown ending or a pipe in a folder
    included, comes as a ``Problem``, and reading goes on behind it.

    Args:
        exclude: files left out of folders, such as those that are being written; temporary files
            of this package always are.
        progress: called with the bytes read and those to read, about once a record.
        text_column: the field of a record that holds its words, where it is not ``text``.
        id_column: the field that holds its id.

    Raises:
        FileNotFoundError: one of ``paths`` does not exist; raised before anything is read.
        ConfigError: one of ``paths`` is to be left out; likewise.
    """
    records = read_found(
        find_news(paths, exclude=exclude),
        progress=progress,
        text_column=text_column,
        id_column=id_column,
    )
    return (one.article if isinstance(one, Placed) else one for one in records)


def find_news(paths: Iterable[Path], *, exclude: Iterable[Path] = ()) -> list[Found]:
    """The files that ``read_news`` reads, in order; arguments and errors as there."""
    named, left_out = list(paths), list(exclude)
    for path in left_out:
        check_apart(path, named)
    return [
        found
        for path in named
        for found in ([Found(path)] if path == STDIN else walk(path, exclude=left_out))
    ]


def read_found(
    files: Iterable[Found],
    *,
    progress: Callable[[int, int], object] = lambda _done, _total: None,
    text_column: str = "text",
    id_column: str = "id",
) -> Iterator[Placed | Problem]:
    """As ``read_news``, each article with its file and line."""
    return _with_unique_ids(_records(list(files), progress, _Columns(text_column, id_column)))


def scan(path: Path) -> Iterator[Placed | Problem]:
    yield from _with_unique_ids(_scan_file(path, lambda _: None, _Columns()))


def write_text(articles: Iterable[Article], path: Path) -> None:
    """Write the text of one article.

    Raises:
        AnnotationError: there is more or less than one.
    """
    with written_whole(path) as file:
        file.write(only_one(articles, path).text)


def only_one(articles: Iterable[Article], path: Path) -> Article:
    """The article of formats whose files hold one.

    Raises:
        AnnotationError: there is more or less than one.
    """
    taken = list(islice(articles, 2))
    if len(taken) != 1:
        found = "more" if taken else "none"
        raise AnnotationError(
            [f"{path}: a text file holds one article, found {found}; write each by itself"]
        )
    return taken[0]


def text_cannot_hold(article: Article) -> list[str]:
    where = f"article {article.id!r}: plain text cannot hold its"
    cure = "write JSON Lines, or remove what is to be lost"
    counts = (
        (len(article.entities), "entities"),
        (len(article.themes), "themes"),
        (len(article.meta), "fields of meta"),
    )
    problems = [f"{where} {count:,} {name}; {cure}" for count, name in counts if count]
    return problems + text_only_cannot_hold(article)


def text_only_cannot_hold(article: Article) -> list[str]:
    """What a text file would lose of the text alone."""
    if not article.text.startswith("\ufeff") and "\0" not in article.text:
        return []
    return [
        f"article {article.id!r}: plain text cannot hold its byte order mark or NUL, which would "
        "not be read again; write JSON Lines, or remove what is to be lost"
    ]


def _with_unique_ids(records: Iterable[Placed | Problem]) -> Iterator[Placed | Problem]:
    met = MetIds()
    for record in records:
        if isinstance(record, Problem):
            yield record
            continue
        unique = met.unique(record.article.id)
        if unique != record.article.id:
            record = replace(record, article=replace(record.article, id=unique))
        yield record


def _records(
    files: list[Found], progress: Callable[[int, int], object], columns: _Columns
) -> Iterator[Placed | Problem]:
    sizes = [0 if found.fault else _size(found.path) for found in files]
    done, total = 0, sum(sizes)
    for (path, fault), size in zip(files, sizes, strict=True):
        if fault:
            yield Problem(path, None, (fault,))
            continue
        try:
            if path == STDIN:
                yield from _scan_standard_input(columns)
            else:
                yield from _scan_file(
                    path,
                    lambda at: progress(done + min(at, size), total),  # noqa: B023
                    columns,
                )
        except OSError as error:
            yield unreadable(path, error)
        except MissingExtra as error:
            yield Problem(path, None, (str(error),))
        done += size
        progress(done, total)


def unreadable(path: Path, error: OSError) -> Problem:
    reason = error.strerror or error
    return Problem(path, None, (f"the file cannot be read ({reason}); check its name",))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _scan_file(
    path: Path, at: Callable[[int], object], columns: _Columns
) -> Iterator[Placed | Problem]:
    """The records of a file; ``at`` is told the bytes read of it, behind each."""
    plain_path = bare(path)
    ending = plain_path.suffix.lower()
    if ending not in _ROWS:
        known = ", ".join(_ROWS)
        found = plain_path.suffix
        message = f"the file's ending must be one of {known}, found {found!r}; convert it"
        yield Problem(path, None, (message,))
        return
    if ending == ".parquet" and plain_path != path:
        message = f"a Parquet file must not be packed again, found {path.suffix!r}; unpack it"
        yield Problem(path, None, (message,))
        return
    if ending == ".txt":
        columns = _Columns(id=columns.id)
    try:
        with opened(path) as (file, raw):
            rows = _ROWS[ending](file, columns.text)
            for record in _articles(path, rows, plain_path.stem, columns):
                yield record
                with suppress(ValueError):  # pyarrow closes what it has read
                    at(raw.tell())
    except TextError as error:  # it cannot be decompressed, or not further
        yield Problem(path, None, (str(error),))


def _scan_standard_input(columns: _Columns) -> Iterator[Placed | Problem]:
    file = BufferedReader(sys.stdin.buffer)  # type: ignore[type-var]
    begin = file.peek(1)[:1]
    rows = {b"{": jsonl_rows, b"[": json_rows}.get(begin, text_rows)(file)
    columns = columns if begin in (b"{", b"[") else _Columns(id=columns.id)
    yield from _articles(STDIN, rows, "stdin", columns)


def _articles(
    path: Path, rows: Iterable[Row], stem: str, columns: _Columns
) -> Iterator[Placed | Problem]:
    return articles_of(path, rows, lambda row: _article(row, stem, columns), unique=False)


def _article(row: Row, stem: str, columns: _Columns) -> Article:
    """The article of a row, called by ``stem`` and line if it has no id.

    Raises:
        AnnotationError: with the reasons why it is none.
    """
    fields = row.fields
    if not isinstance(fields, Mapping):
        kind = type(fields).__name__
        raise AnnotationError(
            [f"a record must be an object with a 'text', found {kind}; repair it"]
        )
    meta = {str(name): plain(value) for name, value in fields.items()}
    text, given = fields.get(columns.text), fields.get(columns.id)
    problems = []
    if text is None:
        met = ", ".join(map(repr, fields)) or "no field"
        problems.append(
            f"{columns.text!r} must hold the article, but is missing or null beside {met:.200}; "
            "add it, or name the column that does"
        )
    elif not isinstance(text, str):
        problems.append(
            f"{columns.text!r} must be a string, found {type(text).__name__} {text!r:.60}; correct "
            "it"
        )
    else:
        problems += text_faults(text)
    if isinstance(given, bool) or not isinstance(given, str | int | None):
        kind = type(given).__name__
        problems.append(
            f"{columns.id!r} must be a string or a whole number, found {kind} {given!r:.60}; "
            "correct it"
        )
    if problems or not isinstance(text, str):
        raise AnnotationError(problems)
    del meta[columns.text]
    meta.pop(columns.id, None)
    name = stem if row.line is None else f"{stem}:{row.line}"
    return Article(name if given in (None, "") else str(given), text, meta=gathered(meta))


TEXT = Format("text", (".txt",), scan, write_text, text_cannot_hold)
CSV = Format("csv", (".csv",), scan)
NEWS = Format("news", (), scan)
