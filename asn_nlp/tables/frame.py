"""Rows for pandas."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from asn_nlp.articles import Article
from asn_nlp.errors import extra
from asn_nlp.tables.rows import Kind, columns, to_rows

if TYPE_CHECKING:
    import pandas

_TYPES = {str: "string", int: "int64", float: "float64"}


def to_frame(
    articles: Iterable[Article], kind: Kind = "entities", *, meta: Sequence[str] = ()
) -> "pandas.DataFrame":
    """A data frame with a row for each entity, theme or record; ``columns`` says what it holds.

    Raises:
        ConfigError: there is no such kind, or a meta column has the name of another column.
        MissingExtra: pandas is not installed.
    """
    with extra("tables", "a data frame"):
        import pandas
    types = columns(kind, meta=meta)
    frame = pandas.DataFrame(list(to_rows(articles, kind, meta=meta)), columns=list(types))
    return frame.astype({name: _TYPES[of] for name, of in types.items()})
