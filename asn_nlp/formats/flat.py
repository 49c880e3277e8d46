"""Names for formats that know one kind of label, where ours has entity types and themes.

A theme of the guidelines goes by its own name, any other by ``theme-NAME``; every other name is
an entity type.
"""

from asn_nlp.articles import Article, EntitySpan, Span, ThemeSpan
from asn_nlp.labels import ASN_LABELS

_PREFIX = "theme-"


def name_of(span: Span) -> str:
    """The one name of a span's label."""
    if isinstance(span, EntitySpan) or span.label in ASN_LABELS.theme_ids:
        return span.label
    return _PREFIX + span.label


def span_of(start: int, end: int, name: str, score: float | None = None) -> Span:
    """The span that a name makes."""
    if name in ASN_LABELS.theme_ids:
        return ThemeSpan(start, end, name, score)
    if name.startswith(_PREFIX) and name != _PREFIX:
        return ThemeSpan(start, end, name.removeprefix(_PREFIX), score)
    return EntitySpan(start, end, name, score)


def theme_of(text: str, name: str) -> ThemeSpan:
    """The theme of a whole text that a name makes where only themes have names."""
    return ThemeSpan(0, len(text), name.removeprefix(_PREFIX) or name)


def article_of(id: str, text: str, spans: list[Span], meta: dict[str, object]) -> Article:
    """The article of spans of both kinds. Raises AnnotationError: as ``Article``."""
    entities = [span for span in spans if isinstance(span, EntitySpan)]
    themes = [span for span in spans if isinstance(span, ThemeSpan)]
    return Article(id, text, tuple(entities), tuple(themes), meta)


def cannot_hold(article: Article) -> list[str]:
    """The labels that would not come back as they were."""
    return [
        f"article {article.id!r}: {span.label!r:.60} on {article.quote(span)} would be read again "
        "as a label of the other kind; rename it"
        for span in article.spans
        if type(span_of(0, 1, name_of(span))) is not type(span)
        or span_of(0, 1, name_of(span)).label != span.label
    ]


def scored_cannot_hold(article: Article, called: str) -> list[str]:
    """That the format ``called`` so has no place for scores, where there are any."""
    scored = sum(span.score is not None for span in article.spans)
    return [_lost(article, called, f"{scored:,} scores")] if scored else []


def meta_cannot_hold(article: Article, called: str) -> list[str]:
    """That the format ``called`` so has no place for meta, where there is any."""
    return [_lost(article, called, f"{len(article.meta):,} fields of meta")] if article.meta else []


def _lost(article: Article, called: str, what: str) -> str:
    return (
        f"article {article.id!r}: {called} cannot hold its {what}; write JSON Lines, or accept the "
        "loss with --lossy"
    )
