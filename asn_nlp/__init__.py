"""Entities and themes of Indonesian civil-service news, read in one pass of one encoder."""

from typing import TYPE_CHECKING

from asn_nlp.articles import Article, EntitySpan, ThemeSpan
from asn_nlp.errors import AnnotationError
from asn_nlp.formats import read_articles, write_articles
from asn_nlp.linking import Record, records

if TYPE_CHECKING:
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


def __getattr__(name: str) -> object:
    # Only the predictor needs PyTorch and transformers, four seconds that tools on articles save.
    if name == "Predictor":
        from asn_nlp.predictor import Predictor

        return Predictor
    if name == "__version__":
        from importlib.metadata import version

        return version("asn-nlp")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
