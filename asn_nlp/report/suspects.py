"""Suspects for people: a ranked table in the terminal, and a page that shows both readings."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from asn_nlp.articles import Article
from asn_nlp.evaluation import Case
from asn_nlp.files import written_whole
from asn_nlp.labels import LabelSet
from asn_nlp.passages import overlaps
from asn_nlp.report.highlight import highlight_both, tints
from asn_nlp.report.rendering import environment
from asn_nlp.terminal import print_table

if TYPE_CHECKING:
    from asn_nlp.annotation.suspects import Suspect

_ROWS = 20  # in the terminal
_SHOWN = 500  # a page with more of them opens slowly
_CONTEXT = 400  # characters of a long passage on each side


def print_suspects(suspects: Sequence["Suspect"]) -> None:
    """Print the first of them."""
    rows = [
        (str(rank), f"{suspect.quality:.4f}", str(suspect), suspect.case.gold.id)
        for rank, suspect in enumerate(suspects[:_ROWS], start=1)
    ]
    align = ("right", "right", "left", "left")
    print_table(("", "believed", "suspect", "article"), rows, align=align)


def write_suspects(
    suspects: Sequence["Suspect"], path: Path, *, labels: LabelSet, provenance: Mapping[str, str]
) -> None:
    """Write a page of the first suspects: the passage as it is marked, and as the model reads it.

    Args:
        labels: of the model, for colours.
        provenance: what was read and by what, shown as it is.

    Raises:
        OSError: the file cannot be written; what stood in its place is untouched.
    """
    stream = (
        environment()
        .get_template("suspects.html")
        .stream(
            rows=(
                (suspect, *highlight_both(_passage(suspect), labels=labels))
                for suspect in suspects[:_SHOWN]
            ),
            total=len(suspects),
            shown=min(len(suspects), _SHOWN),
            tints=tints(labels.entities),
            provenance=provenance,
        )
    )
    with written_whole(path) as file:
        file.writelines(stream)


def _passage(suspect: "Suspect") -> Case:
    """The passage a suspect stands in, or what is around it in a long one, on both sides."""
    span, case = suspect.span, suspect.case
    around = overlaps(span.start, span.end, case.passages)
    passages = [case.passages[overlap.place] for overlap in around]
    start = min([span.start, *(passage.start for passage in passages)])
    end = max([span.end, *(passage.end for passage in passages)])
    start, end = max(start, span.start - _CONTEXT), min(end, span.end + _CONTEXT)
    return Case(_excerpt(case.gold, start, end), _excerpt(case.predicted, start, end))


def _excerpt(article: Article, start: int, end: int) -> Article:
    """The characters ``start:end`` with the entities within, and the themes as far as they are."""
    return Article(
        article.id,
        article.text[start:end],
        tuple(
            replace(span, start=span.start - start, end=span.end - start)
            for span in article.entities
            if start <= span.start and span.end <= end
        ),
        tuple(
            replace(span, start=max(span.start, start) - start, end=min(span.end, end) - start)
            for span in article.themes
            if span.start < end and start < span.end
        ),
    )
