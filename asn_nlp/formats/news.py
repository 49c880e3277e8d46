"""Raw news in files of any common shape: plain text, and rows with the words in ``text``."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from asn_nlp.articles import Article
from asn_nlp.errors import AnnotationError, MissingExtra, TextError
from asn_nlp.files import Found, real, walk, written_whole
from asn_nlp.formats.parquet import parquet_rows
from asn_nlp.formats.problems import Problem
from asn_nlp.formats.protocol import Format, Placed
from asn_nlp.formats.records import articles_of, plain, text_faults
from asn_nlp.formats.rows import Row, csv_rows, jsonl_rows, text_rows

_ROWS: dict[str, Callable[[BinaryIO], Iterator[Row]]] = {
    ".txt": text_rows,
    ".jsonl": jsonl_rows,
    ".csv": csv_rows,
    ".parquet": parquet_rows,
}


def read_news(
    paths: Iterable[Path],
    *,
    exclude: Iterable[Path] = (),
    progress: Callable[[int, int], object] = lambda _done, _total: None,
) -> Iterator[Article | Problem]:
    """Read raw news from files, and from folders with all below them in order of name.

    A ``.txt`` file holds one article; ``.jsonl``, ``.csv`` (commas, a header) and ``.parquet``
    hold one a record: its words in ``text``, perhaps an ``id``, and anything else, which goes into
    the article's meta. The members of an object called ``meta`` go there one by one, unless a name
    would clash. What JSON cannot express, such as a date in Parquet, is kept as its text; NaN
    becomes None.

    An article without an id is called by its file's stem, and its line where there are several
    (``berita:17``). An id met before gets a number (``berita:17#2``), so that ids are unique.

    Nothing is dropped: what cannot be read, a file of unknown ending or a pipe in a folder
    included, comes as a ``Problem``, and reading goes on behind it.

    Args:
        exclude: files left out of folders, such as those that are being written; temporary files
            of this package always are.
        progress: called with the bytes read and those to read, about once a record.

    Raises:
        FileNotFoundError: one of ``paths`` does not exist; raised before anything is read.
        TextError: one of ``paths`` is to be left out; likewise.
    """
    named, left_out = list(paths), list(exclude)
    written = {real(path) for path in left_out}
    for path in named:
        if real(path) in written:
            raise TextError(
                f"{path} is both read and written; name another file for what is written"
            )
    files = [found for path in named for found in walk(path, exclude=left_out)]
    placed = _with_unique_ids(_records(files, progress))
    return (one.article if isinstance(one, Placed) else one for one in placed)


def scan(path: Path) -> Iterator[Placed | Problem]:
    with path.open("rb") as file:
        yield from _with_unique_ids(_scan_file(path, file))


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
    if article.text.startswith("\ufeff") or "\0" in article.text:
        problems.append(f"{where} byte order mark or NUL, which would not be read again; {cure}")
    return problems


def _with_unique_ids(records: Iterable[Placed | Problem]) -> Iterator[Placed | Problem]:
    times_met: dict[str, int] = {}
    for record in records:
        if isinstance(record, Problem):
            yield record
            continue
        article = record.article
        unique = article.id
        while unique in times_met:
            times_met[article.id] += 1
            unique = f"{article.id}#{times_met[article.id]}"
        times_met[unique] = 1
        yield replace(record, article=replace(article, id=unique))


def _records(
    files: list[Found], progress: Callable[[int, int], object]
) -> Iterator[Placed | Problem]:
    sizes = [0 if found.fault else _size(found.path) for found in files]
    done, total = 0, sum(sizes)
    for (path, fault), size in zip(files, sizes, strict=True):
        if fault:
            yield Problem(path, None, (fault,))
            continue
        try:
            with path.open("rb") as file:
                for record in _scan_file(path, file):
                    yield record
                    progress(done + min(file.tell(), size), total)
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


def _scan_file(path: Path, file: BinaryIO) -> Iterator[Placed | Problem]:
    rows = _ROWS.get(path.suffix.lower())
    if rows is None:
        known = ", ".join(_ROWS)
        message = f"the file's ending must be one of {known}, found {path.suffix!r}; convert it"
        yield Problem(path, None, (message,))
        return
    yield from articles_of(path, rows(file), lambda row: _article(row, path.stem), unique=False)


def _article(row: Row, stem: str) -> Article:
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
    text, given = fields.get("text"), fields.get("id")
    problems = []
    if text is None:
        met = ", ".join(map(repr, fields)) or "no field"
        problems.append(
            f"'text' must hold the article, but is missing or null beside {met:.200}; add it"
        )
    elif not isinstance(text, str):
        problems.append(
            f"'text' must be a string, found {type(text).__name__} {text!r:.60}; correct it"
        )
    else:
        problems += text_faults(text)
    if isinstance(given, bool) or not isinstance(given, str | int | None):
        kind = type(given).__name__
        problems.append(
            f"'id' must be a string or a whole number, found {kind} {given!r:.60}; correct it"
        )
    if problems or not isinstance(text, str):
        raise AnnotationError(problems)
    del meta["text"]
    meta.pop("id", None)
    inner = meta.get("meta")
    if isinstance(inner, dict) and not inner.keys() & meta.keys():
        del meta["meta"]
        meta = {**inner, **meta}
    name = stem if row.line is None else f"{stem}:{row.line}"
    return Article(name if given in (None, "") else str(given), text, meta=meta)


TEXT = Format("text", (".txt",), scan, write_text, text_cannot_hold)
CSV = Format("csv", (".csv",), scan)
NEWS = Format("news", (), scan)
