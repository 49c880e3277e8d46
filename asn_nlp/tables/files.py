"""Rows in files: CSV, JSON Lines, Parquet, XLSX, chosen by a file's ending.

A spreadsheet program runs a cell that begins like a formula. What comes from the net must not run,
so such a cell gets an apostrophe before it in CSV and XLSX; JSON Lines and Parquet hold it as is.
"""

import csv
import json
import re
from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from pathlib import Path

from asn_nlp.errors import ConfigError, TextError, extra, nearest
from asn_nlp.files import written_bytes, written_whole
from asn_nlp.tables.rows import Cell, Row

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_LONGEST_CELL = 32_767  # characters that a cell of XLSX holds


def write_rows(rows: Iterable[Row], path: str | Path, columns: Mapping[str, type]) -> int:
    """Write a table, through a temporary name, and say how many rows it has.

    Args:
        columns: the columns of the rows, in the order in which they are to stand.

    Raises:
        ConfigError: the ending is none of ``ENDINGS``; told before a row is taken.
        MissingExtra: a package that the format needs is not installed.
        TextError: a cell is longer than the format holds.
    """
    path = Path(path)
    writer = writer_for(path)
    count = 0

    def counted() -> Iterable[Row]:
        nonlocal count
        for row in rows:
            count += 1
            yield row

    writer(counted(), path, columns)
    return count


def writer_for(path: Path) -> Callable[[Iterable[Row], Path, Mapping[str, type]], None]:
    """The writer for the ending of ``path``.

    Raises:
        ConfigError: there is none.
    """
    ending = path.suffix.lower()
    if ending not in _WRITERS:
        raise ConfigError(
            f"a table is written as {', '.join(_WRITERS)}, but {str(path)!r} ends otherwise; did "
            f"you mean {path.with_suffix(nearest(ending, ENDINGS)).name!r}?"
        )
    return _WRITERS[ending]


def _harmless(cell: Cell) -> Cell:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def _write_csv(rows: Iterable[Row], path: Path, columns: Mapping[str, type]) -> None:
    with written_whole(path) as file:
        file.write("\ufeff")  # else spreadsheet programs take UTF-8 for something older
        writer = csv.writer(file)  # quotes what holds a line break of any kind
        writer.writerow(map(_harmless, columns))
        for row in rows:
            writer.writerow(_harmless(row[name]) for name in columns)


def _write_jsonl(rows: Iterable[Row], path: Path, columns: Mapping[str, type]) -> None:
    with written_whole(path) as file:
        for row in rows:
            chosen = {name: row[name] for name in columns}
            file.write(json.dumps(chosen, ensure_ascii=False, allow_nan=False) + "\n")


def _write_parquet(rows: Iterable[Row], path: Path, columns: Mapping[str, type]) -> None:
    with extra("tables", "a Parquet file"):
        import pyarrow
        from pyarrow.parquet import write_table
    types = {str: pyarrow.string(), int: pyarrow.int64(), float: pyarrow.float64()}
    schema = pyarrow.schema([(name, types[of]) for name, of in columns.items()])
    with written_bytes(path) as file:
        write_table(pyarrow.Table.from_pylist(list(rows), schema), file)


def _write_xlsx(rows: Iterable[Row], path: Path, columns: Mapping[str, type]) -> None:
    with extra("xlsx", "a spreadsheet"):
        from openpyxl import Workbook
    book = Workbook()
    sheet = book.active
    sheet.freeze_panes = "A2"
    head: list[Row] = [{name: name for name in columns}]
    for row in chain(head, rows):
        cells = [_harmless(row[name]) for name in columns]
        for name, cell in zip(columns, cells, strict=True):
            if isinstance(cell, str) and len(cell) > _LONGEST_CELL:
                raise TextError(
                    f"a cell of a spreadsheet holds at most {_LONGEST_CELL:,} characters, but "
                    f"{name!r} of article {row['article']!r} has {len(cell):,}; write .csv"
                )
        sheet.append([_in_xml(cell) if isinstance(cell, str) else cell for cell in cells])
    with written_bytes(path) as file:
        book.save(file)


def _in_xml(text: str) -> str:
    """Control characters, which XML cannot hold, as the format writes them: ``_x0007_``."""
    return re.sub(r"[\x00-\x08\x0b-\x1f]", lambda found: f"_x{ord(found[0]):04X}_", text)


_WRITERS = {
    ".csv": _write_csv,
    ".jsonl": _write_jsonl,
    ".parquet": _write_parquet,
    ".xlsx": _write_xlsx,
}
ENDINGS = tuple(_WRITERS)
