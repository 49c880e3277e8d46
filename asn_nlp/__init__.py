"""Entities and themes of Indonesian civil-service news, read in one pass of one encoder."""

import importlib
from typing import TYPE_CHECKING

from asn_nlp.articles import Article

if TYPE_CHECKING:
    from asn_nlp.articles import EntitySpan, ThemeSpan
    from asn_nlp.errors import AnnotationError
    from asn_nlp.formats import read_articles, write_articles
    from asn_nlp.linking import Record, records
    from asn_nlp.predictor import Predictor

__all__ = [
    "AnnotationError",
    "Article",
    "EntitySpan",
    "Predictor",
    "Record",
    "ThemeSpan",
    "read_articles",
    "records",
    "write_articles",
]
# Each is imported when it is first asked for: who reads a text waits for no format of files.
_ROOMS = {
    "AnnotationError": "errors",
    "EntitySpan": "articles",
    "Predictor": "predictor",
    "Record": "linking",
    "ThemeSpan": "articles",
    "read_articles": "formats",
    "records": "linking",
    "write_articles": "formats",
}


def _shown(article: Article) -> str:
    from asn_nlp.report.highlight import highlight

    return highlight(article)


# A notebook shows an article with its marks. Set here, for articles know no report.
Article._repr_html_ = _shown  # type: ignore[attr-defined]


def __getattr__(name: str) -> object:
    if name in _ROOMS:
        return getattr(importlib.import_module(f"asn_nlp.{_ROOMS[name]}"), name)
    if name == "__version__":
        from importlib.metadata import version

        return version("asn-nlp")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
