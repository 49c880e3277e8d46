"""Raw news in files of any common shape, read one record at a time; bad records are kept apart."""

import csv
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
from pyarrow import parquet

from asn_nlp.articles import Article
from asn_nlp.files import written_whole

_EXCERPT = 200  # characters of a rejected record, enough to find it again


@dataclass(frozen=True, slots=True)
class RejectedRecord:
    """A record that is no article: where it stands, why it was rejected, and how it begins.

    ``line`` counts from 1, rows in Parquet; None where the whole file is meant.
    """

    path: Path
    line: int | None
    reason: str
    raw: str

    def __str__(self) -> str:
        where = self.path if self.line is None else f"{self.path}:{self.line}"
        return f"{where}: {self.reason}"


def read_records(paths: Iterable[Path]) -> Iterator[Article | RejectedRecord]:
    """Read raw news from files, and from folders with all below them in order of name.

    A ``.txt`` file holds one article; ``.jsonl``, ``.csv`` (commas, a header) and ``.parquet``
    hold one a record: its words in ``text``, perhaps an ``id``, and anything else, which goes into
    the article's meta. The members of an object called ``meta`` go there one by one, unless a name
    would clash. What JSON cannot express, such as a date in Parquet, is kept as its text.

    An article without an id is called by its file's stem, and its line where there are several
    (``berita:17``). An id met before gets a number (``berita:17#2``), so that ids are unique.

    Nothing is dropped: what cannot be read, a file of unknown ending included, comes as a
    ``RejectedRecord``, and reading goes on behind it.

    Raises:
        FileNotFoundError: one of ``paths`` does not exist; raised before anything is read.
    """
    files = [file for path in paths for file in _files(path)]
    return _with_unique_ids(record for file in files for record in _read_file(file))


def write_rejects(rejects: Sequence[RejectedRecord], path: Path) -> None:
    """Write one JSON object a line, with the fields of ``RejectedRecord``.

    Where nothing was rejected no file is written, and one of an earlier run is removed.

    Raises:
        OSError: the file cannot be written; what stood in its place is untouched.
    """
    if not rejects:
        path.unlink(missing_ok=True)
        return
    with written_whole(path) as file:
        for reject in rejects:
            file.write(json.dumps(asdict(reject), default=str) + "\n")


def _files(path: Path) -> list[Path]:
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist; name a file or folder that does")
    return sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]


def _with_unique_ids(
    records: Iterable[Article | RejectedRecord],
) -> Iterator[Article | RejectedRecord]:
    times_met: dict[str, int] = {}
    for record in records:
        if isinstance(record, Article):
            unique = record.id
            while unique in times_met:
                times_met[record.id] += 1
                unique = f"{record.id}#{times_met[record.id]}"
            times_met[unique] = 1
            yield Article(unique, record.text, meta=record.meta)
        else:
            yield record


class _Row(NamedTuple):
    """A place in a file: the fields of a record, or the problem why it has none."""

    line: int | None
    raw: bytes
    fields: object = None
    problem: str | None = None


def _read_file(path: Path) -> Iterator[Article | RejectedRecord]:
    if path.suffix.lower() not in _READERS:
        known = ", ".join(_READERS)
        reason = f"the file's ending must be one of {known}, found {path.suffix!r}; convert it"
        yield RejectedRecord(path, None, reason, "")
        return
    empty = True
    try:
        for row in _READERS[path.suffix.lower()](path):
            empty = False
            name = path.stem if row.line is None else f"{path.stem}:{row.line}"
            article = row.problem or _article(row.fields, name)
            if isinstance(article, Article):
                yield article
            else:
                excerpt = row.raw[: 4 * _EXCERPT].decode(errors="replace")[:_EXCERPT]
                yield RejectedRecord(path, row.line, article, excerpt)
    except (OSError, pa.ArrowException) as error:
        reason = f"the file must be readable to its end, but: {error}; get it anew"
        yield RejectedRecord(path, None, reason, "")
        return
    if empty:
        reason = "the file holds no record; fill it or leave it out"
        yield RejectedRecord(path, None, reason, "")


def _article(fields: object, name: str) -> Article | str:
    """The article of a record, called ``name`` if it has no id; or the reason why it is none."""
    if not isinstance(fields, Mapping):
        return f"a record must be an object with a 'text', found {type(fields).__name__}; repair it"
    meta = dict(fields)
    text, given = meta.pop("text", None), meta.pop("id", None)
    if text is None:
        met = ", ".join(map(repr, fields)) or "no field"
        return f"'text' must hold the article, but is missing or null beside {met}; add it"
    if not isinstance(text, str):
        return f"'text' must be a string, found {type(text).__name__} {text!r:.60}; correct it"
    if not text.strip():
        return "'text' must hold the article, but is empty; fill it or remove the record"
    if isinstance(given, bool) or not isinstance(given, str | int | None):
        kind = type(given).__name__
        return f"'id' must be a string or a whole number, found {kind} {given!r:.60}; correct it"
    inner = meta.get("meta")
    if isinstance(inner, Mapping) and not inner.keys() & meta.keys():
        del meta["meta"]
        meta = {**inner, **meta}
    content = json.dumps(
        {"id": name if given in (None, "") else str(given), "text": text, "meta": meta},
        ensure_ascii=False,
        default=str,
    )
    try:
        content.encode()
    except UnicodeEncodeError as error:
        half = ord(content[error.start])
        return f"a text must be whole Unicode, found half a pair, U+{half:04X}; remove it"
    return Article(**json.loads(content))


def _read_text(path: Path) -> Iterator[_Row]:
    raw = path.read_bytes()
    try:
        yield _Row(None, raw, {"text": raw.decode("utf-8-sig")})
    except UnicodeDecodeError as error:
        yield _Row(None, raw, problem=_not_utf8(error))


def _read_jsonl(path: Path) -> Iterator[_Row]:
    with path.open("rb") as file:
        for line, raw in enumerate(file, start=1):
            if not raw.strip():
                continue
            try:
                yield _Row(line, raw, json.loads(raw.decode("utf-8-sig")))
            except UnicodeDecodeError as error:
                yield _Row(line, raw, problem=_not_utf8(error))
            except (ValueError, RecursionError) as error:
                yield _Row(line, raw, problem=f"a line must be JSON, but: {error}; repair it")


def _read_csv(path: Path) -> Iterator[_Row]:
    rows = _csv_rows(path)
    header = next(rows, None)
    if header is None:
        return
    line, raw, names, problem = header
    if problem is None and (names.count("text") != 1 or len(set(names)) < len(names)):
        problem = (
            "the header must name each column once, one of them 'text', with commas between, "
            f"found {names!r:.200}; rename"
        )
    if problem:
        yield _Row(None, raw, problem=problem)
        return
    for line, raw, values, problem in rows:
        if problem is None and len(values) != len(names):
            problem = (
                f"a record must have the {len(names)} fields of the header, found {len(values)}; "
                "quote commas and line breaks inside a field"
            )
        yield _Row(line, raw, dict(zip(names, values, strict=False)), problem)


def _csv_rows(path: Path) -> Iterator[tuple[int, bytes, list[str], str | None]]:
    """Line, bytes, values and problem of each row that is not blank."""
    # The limit of the csv module itself, 128 KB a field, would refuse long articles.
    csv.field_size_limit(sys.maxsize)
    consumed: list[str] = []

    def remembered(lines: Iterable[str]) -> Iterator[str]:
        for line in lines:
            consumed.append(line)
            yield line

    # A byte that is not UTF-8 becomes half a surrogate pair, so that it spoils its record alone.
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        reader = csv.reader(remembered(file), strict=True)
        while True:
            consumed.clear()
            line = reader.line_num + 1
            values, problem = [], None
            try:
                values = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                problem = (
                    "a quoted field must end with a quote and double those inside, but: "
                    f"{error}, in lines {line} to {reader.line_num}; correct the quotes"
                )
            raw = "".join(consumed).encode(errors="surrogateescape")
            try:
                raw.decode()
            except UnicodeDecodeError as error:
                problem = _not_utf8(error)
            if raw.strip():
                yield line, raw, values, problem


def _read_parquet(path: Path) -> Iterator[_Row]:
    line = 0
    with parquet.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=256):
            for place in range(batch.num_rows):
                line += 1
                # Row by row, so that a value without a Python counterpart spoils its row alone.
                try:
                    fields = batch.slice(place, 1).to_pylist()[0]
                    yield _Row(line, repr(fields)[:_EXCERPT].encode(errors="replace"), fields)
                except ValueError as error:
                    yield _Row(line, b"", problem=f"a row must be readable, but: {error}; mend it")


def _not_utf8(error: UnicodeDecodeError) -> str:
    return (
        f"text must be UTF-8, but byte {error.start} of the record is "
        f"0x{error.object[error.start]:02x}; save it as UTF-8"
    )


_READERS = {
    ".txt": _read_text,
    ".jsonl": _read_jsonl,
    ".csv": _read_csv,
    ".parquet": _read_parquet,
}
