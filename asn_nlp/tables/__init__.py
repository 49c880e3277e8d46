"""Articles as rows for a spreadsheet, pandas or a database, and where the news comes from."""

from asn_nlp.tables.files import ENDINGS, write_rows, writer_for
from asn_nlp.tables.frame import to_frame
from asn_nlp.tables.rows import KINDS, Row, columns, to_rows
from asn_nlp.tables.summary import ProvinceCounts, Summary, print_summary, summarise, write_page

__all__ = [
    "ENDINGS",
    "KINDS",
    "ProvinceCounts",
    "Row",
    "Summary",
    "columns",
    "print_summary",
    "summarise",
    "to_frame",
    "to_rows",
    "write_page",
    "write_rows",
    "writer_for",
]
