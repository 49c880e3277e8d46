"""Tables for spreadsheets: a row for each article, and one for each span with its own words.

=========  =========================================================================
``article``  the article's id
``kind``     ``article``, ``entity`` or ``theme``
``label``    of the span
``start``    offsets in characters of the article's text
``end``
``text``     the article's text, or the words of the span
``score``    of the span, where it was predicted
``meta``     the article's meta as JSON
=========  =========================================================================

Rows may be sorted and edited. What a spreadsheet program would run as a formula has an apostrophe
before it in CSV, which is taken off again; in XLSX it is text.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from asn_nlp.articles import Article, EntitySpan, ThemeSpan
from asn_nlp.errors import AnnotationError, extra
from asn_nlp.files import written_bytes, written_whole
from asn_nlp.formats.csv_rows import csv_rows
from asn_nlp.formats.problems import Problem
from asn_nlp.formats.protocol import Format, Placed
from asn_nlp.formats.records import json_cannot_hold, text_faults, to_json
from asn_nlp.formats.rows import Row, RowError, parsed

COLUMNS = ("article", "kind", "label", "start", "end", "text", "score", "meta")
_KINDS = ("entity", "theme")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")
_LONGEST_CELL = 32_767  # UTF-16 units that a cell of XLSX holds
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_NOT_IN_XML = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]")

Cells = dict[str, Any]


def scan_csv(path: Path) -> Iterator[Placed | Problem]:
    with path.open("rb") as file:
        rows = [
            row._replace(fields={name: _bared(cell) for name, cell in row.fields.items()})
            if isinstance(row.fields, Mapping)
            else row
            for row in csv_rows(file)
        ]
    yield from _articles(path, rows)


def write_csv(articles: Iterable[Article], path: Path) -> None:
    with written_whole(path) as file:
        file.write("\ufeff")  # else spreadsheet programs take UTF-8 for something older
        # Quoted all, for the line breaks that the csv module does not know as such.
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow(COLUMNS)
        for cells in _rows(articles):
            writer.writerow(_harmless(cells.get(name, "")) for name in COLUMNS)


def scan_xlsx(path: Path) -> Iterator[Placed | Problem]:
    """Raises MissingExtra: openpyxl is not installed."""
    with extra("xlsx", "a spreadsheet"):
        from openpyxl import load_workbook
    try:
        with path.open("rb") as file:
            sheet = load_workbook(file, read_only=True, data_only=True).worksheets[0]
            lines = [list(line) for line in sheet.iter_rows(values_only=True)]
    except OSError:
        raise
    except Exception as error:  # whatever a damaged file leads zip and XML to
        message = f"the file must be a spreadsheet, but: {error!s:.200}; get it anew"
        yield Problem(path, None, (message,))
        return
    names = [str(name) for name in lines[0]] if lines else []
    rows = [
        Row(number, None, {name: _unescaped(cell) for name, cell in zip(names, line, strict=False)})
        for number, line in enumerate(lines[1:], 2)
        if any(cell is not None for cell in line)
    ]
    yield from _articles(path, rows)


def write_xlsx(articles: Iterable[Article], path: Path) -> None:
    """Raises MissingExtra: openpyxl is not installed."""
    with extra("xlsx", "a spreadsheet"):
        from openpyxl import Workbook
        from openpyxl.cell import WriteOnlyCell
    rows = list(_rows(articles))  # before the book, which is in disorder if one is refused
    book = Workbook(write_only=True)
    sheet = book.create_sheet("spans")
    sheet.freeze_panes = "A2"
    sheet.append(COLUMNS)
    for cells in rows:
        line = []
        for name in COLUMNS:
            value = cells.get(name)
            cell = WriteOnlyCell(sheet, _escaped(value) if isinstance(value, str) else value)
            if isinstance(value, str):
                cell.data_type = "s"  # whatever it looks like, a formula included
            line.append(cell)
        sheet.append(line)
    with written_bytes(path) as file:
        book.save(file)


def csv_cannot_hold(article: Article) -> list[str]:
    problems = json_cannot_hold(article)
    if "\0" in article.text + article.id:
        problems.append(f"article {article.id!r}: CSV cannot hold the NUL in its text; remove it")
    return problems


def xlsx_cannot_hold(article: Article) -> list[str]:
    problems = json_cannot_hold(article)
    where = f"article {article.id!r}: a spreadsheet cannot hold"
    for cells in _rows([article]):
        for name, cell in cells.items():
            if not isinstance(cell, str):
                continue
            length = len(_escaped(cell).encode("utf-16-le")) // 2
            if length > _LONGEST_CELL:
                problems.append(
                    f"{where} {length:,} characters of {name} in a cell, but {_LONGEST_CELL:,} at "
                    "most; write CSV or JSON Lines"
                )
            if found := _ESCAPE.search(cell):
                problems.append(f"{where} {found[0]!r}, which it reads as one sign; write CSV")
    return problems


def recognises_csv(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            head = file.readline(10_000).decode("utf-8-sig", "replace")
    except OSError:
        return False
    return {"article", "kind", "start", "end"} <= set(re.findall(r"\w+", head))


def _rows(articles: Iterable[Article]) -> Iterator[Cells]:
    for article in articles:
        yield {
            "article": article.id,
            "kind": "article",
            "text": article.text,
            "meta": to_json(dict(article.meta)) if article.meta else "",
        }
        for kind, spans in (("entity", article.entities), ("theme", article.themes)):
            for span in spans:
                yield {
                    "article": article.id,
                    "kind": kind,
                    "label": span.label,
                    "start": span.start,
                    "end": span.end,
                    "text": article.surface(span),
                    "score": "" if span.score is None else round(span.score, 4),
                }


def _articles(path: Path, rows: Iterable[Row]) -> Iterator[Placed | Problem]:
    """The articles of rows in any order; what is wrong with a span is a problem of its article."""
    texts: dict[str, Row] = {}
    spans: dict[str, list[Row]] = {}
    for row in rows:
        fields = row.fields if isinstance(row.fields, Mapping) else {}
        id, kind = str(fields.get("article") or ""), fields.get("kind")
        if row.problem:
            yield Problem(path, row.line, (row.problem,), row.raw or "")
        elif kind in _KINDS:
            spans.setdefault(id, []).append(row)
        elif kind != "article":
            message = f"'kind' must be article, entity or theme, found {kind!r:.40}; correct it"
            yield Problem(path, row.line, (message,))
        elif id in texts:
            message = (
                f"article ids must be unique, but {id!r} stands on line {texts[id].line} too; "
                "rename or remove one"
            )
            yield Problem(path, row.line, (message,))
        else:
            texts[id] = row
    for id, rest in spans.items():
        if id not in texts:
            message = f"the article {id!r} has no row of kind article with its text; add it"
            yield Problem(path, rest[0].line, (message,))
    for id, row in texts.items():
        try:
            yield Placed(row.line, _article(id, row, spans.get(id, [])))
        except AnnotationError as error:
            yield Problem(path, row.line, tuple(error.problems))
    if not texts:
        yield Problem(path, None, ("the file holds no article; fill it or leave it out",))


def _article(id: str, row: Row, rows: Iterable[Row]) -> Article:
    assert isinstance(row.fields, Mapping)
    text = str(row.fields.get("text") or "")
    problems = list(text_faults(text))
    meta: object = {}
    try:
        meta = parsed(str(row.fields.get("meta") or "{}"))
    except RowError as error:
        problems.append(f"'meta' must be one JSON object, but: {error}")
    spans: list[EntitySpan | ThemeSpan] = []
    for one in rows:
        assert isinstance(one.fields, Mapping)
        span = _span(one.fields)
        if span is None:
            problems.append(
                f"line {one.line}: a span must have whole numbers as start and end, a label, and "
                "perhaps a score from 0 to 1; correct it"
            )
            continue
        spans.append(span)
        words = one.fields.get("text")
        if isinstance(words, str) and words and text[max(0, span.start) : span.end] != words:
            problems.append(
                f"line {one.line}: a span must be on the words it has as text, but these are "
                f"{words!r:.60} and {span.start}:{span.end} is "
                f"{text[max(0, span.start) : span.end]!r:.60}; correct the offsets or the text"
            )
    if problems or not isinstance(meta, Mapping):
        raise AnnotationError(problems or ["'meta' must be one JSON object; correct it"])
    entities = tuple(span for span in spans if isinstance(span, EntitySpan))
    themes = tuple(span for span in spans if isinstance(span, ThemeSpan))
    return Article(id, text, entities, themes, meta)


def _span(fields: Mapping[str, Any]) -> EntitySpan | ThemeSpan | None:
    label, score = fields.get("label"), fields.get("score")
    try:
        start, end = int(fields["start"]), int(fields["end"])
        # Spreadsheet programs of Indonesia write a decimal comma.
        score = None if score in (None, "") else float(str(score).replace(",", "."))
    except (KeyError, TypeError, ValueError):
        return None
    if label in (None, "") or (score is not None and not 0 <= score <= 1):
        return None
    kind = EntitySpan if fields["kind"] == "entity" else ThemeSpan
    return kind(start, end, str(label), score)


def _harmless(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def _bared(cell: object) -> object:
    return cell.removeprefix("'") if isinstance(cell, str) else cell


def _escaped(text: str) -> str:
    return _NOT_IN_XML.sub(lambda found: f"_x{ord(found[0]):04X}_", text)


def _unescaped(cell: object) -> object:
    if not isinstance(cell, str):
        return cell
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), cell)


CSV = Format("table", (".csv",), scan_csv, write_csv, csv_cannot_hold, recognises_csv)
XLSX = Format("xlsx", (".xlsx",), scan_xlsx, write_xlsx, xlsx_cannot_hold)
