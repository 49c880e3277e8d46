"""HTML of an article: entities as coloured marks, themes as badges at their passage's head."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from itertools import cycle, pairwise
from typing import Literal

from asn_nlp.articles import Article, EntitySpan, Span
from asn_nlp.evaluation import Case, Themes
from asn_nlp.labels import ASN_LABELS, LabelSet
from asn_nlp.passages import Passage, marked_passages

_PALETTE = (
    "#cfe3f7",
    "#fae6bd",
    "#d2ecd4",
    "#e7e0ee",
    "#f7d4d0",
    "#cdebea",
    "#e9e3b4",
    "#f3d3e8",
    "#d9dde2",
    "#e3d6c6",
)
_OF_GUIDELINES = dict(zip(ASN_LABELS.entities, _PALETTE, strict=False))

_MARK = (
    '<mark class="asn-entity {error}" style="background:{tint};color:#1d2733;'
    'border-radius:3px;padding:1px 4px;box-decoration-break:clone">'
)
_MARK_END = (
    '<small style="margin-left:4px;font-size:.62em;font-weight:600;letter-spacing:.04em;opacity:.6;'
    'user-select:none">{label}</small></mark>'
)
_BADGE = (
    '<span class="asn-theme {error}" style="display:inline-block;line-height:1.5;'
    "margin-right:6px;padding:0 7px;border:1px solid #9aa7b4;border-radius:9px;background:#f4f6f8;"
    'color:#44515e;font-size:.68em;font-weight:600;letter-spacing:.03em;user-select:none">{label}</span>'
)
_ARTICLE = (
    '<div class="asn-article" style="white-space:pre-wrap;overflow-wrap:anywhere;line-height:1.75">'
    "{text}</div>"
)


def highlight(
    article: Article, *, against: Article | None = None, labels: LabelSet | None = None
) -> str:
    """HTML of one article: entities as coloured marks, themes as badges at their passage's head.

    A predicted span has its score beside its label. The text is escaped, and the styles are
    inline, so a notebook shows it as it is. A theme that covers less than half of any passage has
    its badge where it begins, marked as a part.

    Args:
        against: the same article with other spans. Those it lacks get the class ``alone``, and
            mentions that it gives other offsets or another type the class ``inexact``.
        labels: the run's, for colours that stay from article to article; None colours the types
            that are met here.
    """
    case = Case(article, against or article)
    met = {span.label for span in (*article.entities, *case.predicted.entities)}
    return _side_html("gold", case, tints((*(labels.entities if labels else ()), *sorted(met))))


def highlight_both(case: Case, *, labels: LabelSet) -> tuple[str, str]:
    """Gold against predicted and predicted against gold, as ``highlight`` has them."""
    colours = tints(labels.entities)
    return _side_html("gold", case, colours), _side_html("predicted", case, colours)


def tints(types: Iterable[str]) -> dict[str, str]:
    """A background for each entity type. Those of the guidelines keep theirs in whatever company;
    the others take what is left of the palette, from the start again when it is used up."""
    types = dict.fromkeys(types)
    kept = {label: _OF_GUIDELINES[label] for label in types if label in _OF_GUIDELINES}
    free = cycle([tint for tint in _PALETTE if tint not in kept.values()])
    return {label: kept.get(label) or next(free) for label in types}


def _side_html(side: Literal["gold", "predicted"], case: Case, colours: Mapping[str, str]) -> str:
    article: Article = getattr(case, side)
    errors = {
        span: "inexact" if pair.gold and pair.predicted else "alone"
        for pair in case.pairs
        if (span := getattr(pair, side)) and not pair.exact
    }
    others = [themes[1 if side == "gold" else 0] for themes in case.themes]
    return _html(article, colours, errors, _badges(article, case.passages, others))


def _html(
    article: Article,
    colours: Mapping[str, str],
    errors: Mapping[EntitySpan, str],
    badges: Mapping[int, Sequence[str]],
) -> str:
    begins = {span.start: span for span in article.entities}
    ends = {span.end: span for span in article.entities}
    pieces: list[str] = []
    for start, end in pairwise(sorted({0, len(article.text), *begins, *ends, *badges})):
        pieces += badges.get(start, ())
        if span := begins.get(start):
            mark = _MARK.format(error=errors.get(span, ""), tint=colours[span.label])
            pieces.append(mark)
        pieces.append(escape(article.text[start:end]))
        if span := ends.get(end):
            pieces.append(_MARK_END.format(label=_name(span)))
    return _ARTICLE.format(text="".join(pieces))


def _badges(
    article: Article, passages: Sequence[Passage], others: Sequence[Themes]
) -> dict[int, list[str]]:
    """The theme badges by the offset they stand at; ``others``: what stands against them."""
    badges: defaultdict[int, list[str]] = defaultdict(list)
    for span in article.themes:
        label = _name(span)
        covered = marked_passages(span.start, span.end, passages)
        for place in covered:
            error = "" if span.label in others[place] else "alone"
            badge = _BADGE.format(error=error, label=label)
            badges[passages[place].start].append(badge)
        if not covered:
            badge = _BADGE.format(error="part", label=f"{label} (part)")
            badges[span.start].append(badge)
    return dict(badges)


def _name(span: Span) -> str:
    return escape(span.label if span.score is None else f"{span.label} {span.score:.2f}")
