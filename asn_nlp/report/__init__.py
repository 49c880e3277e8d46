"""Scores and predictions for people: an article in colour, tables, a page, a model card."""

from importlib import import_module
from typing import TYPE_CHECKING

from asn_nlp.report.highlight import highlight
from asn_nlp.report.tables import print_report, print_side_by_side

if TYPE_CHECKING:
    from asn_nlp.report.card import write_model_card
    from asn_nlp.report.page import write_report

__all__ = ["highlight", "print_report", "print_side_by_side", "write_model_card", "write_report"]

# These stand behind an extra, and what they import takes seconds that a reader need not pay.
_BEHIND_EXTRAS = {"write_model_card": "card", "write_report": "page"}


def __getattr__(name: str) -> object:
    if name in _BEHIND_EXTRAS:
        return getattr(import_module(f"{__name__}.{_BEHIND_EXTRAS[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
