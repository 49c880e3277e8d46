"""Mistakes that are alike, taken together: what an analyst reads instead of every article."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from asn_nlp.articles import Article, Span, ThemeSpan
from asn_nlp.evaluation import KINDS, Case, Mistake

_AROUND = 45  # characters shown on either side of a mention
_OPENING = 110  # characters shown of a passage


@dataclass(frozen=True, slots=True)
class Quote:
    """A mistake with the words around it; of a theme, the passage's first words."""

    before: str
    marked: str
    after: str


@dataclass(frozen=True, slots=True)
class Group:
    """Mistakes of a kind with the same labels and, of mentions, the same words.

    ``quote`` has the first, and ``articles`` how many are made in each article, by its rank. Words
    are empty where there is no gold span, or no predicted one. ``score`` gives the scores of the
    predicted spans, from the lowest to the highest.
    """

    labels: tuple[str, ...]
    gold: str
    predicted: str
    score: str
    times: int
    quote: Quote
    articles: Mapping[int, int]


def grouped(found: Sequence[tuple[Case, Sequence[Mistake]]]) -> dict[str, list[Group]]:
    """The groups of each kind of mistake that occurs, the largest first.

    Args:
        found: articles with what is wrong in their predictions, in the order of their ranks.
    """
    kinds: Mapping[str, defaultdict[tuple[str, ...], list[tuple[int, Mistake]]]]
    kinds = {kind: defaultdict(list) for kind in KINDS}
    for rank, (case, mistakes) in enumerate(found):
        for mistake in mistakes:
            kinds[mistake.kind][_alike(mistake, case.gold)].append((rank, mistake))
    return {
        kind: [
            _group(key, alike, [case.gold for case, _ in found])
            for key, alike in sorted(groups.items(), key=lambda row: -len(row[1]))
        ]
        for kind, groups in kinds.items()
        if groups
    }


def _alike(mistake: Mistake, article: Article) -> tuple[str, ...]:
    """Labels and words of gold, then of the prediction."""
    return tuple(
        part
        for span in (mistake.gold, mistake.predicted)
        for part in (span.label if span else "", _words(span, article))
    )


def _words(span: Span | None, article: Article) -> str:
    return "" if span is None or isinstance(span, ThemeSpan) else article.surface(span)


def _group(
    key: tuple[str, ...], found: Sequence[tuple[int, Mistake]], articles: Sequence[Article]
) -> Group:
    _, gold, _, predicted = key
    scores = sorted(
        f"{mistake.predicted.score:.2f}"
        for _, mistake in found
        if mistake.predicted and mistake.predicted.score is not None
    )
    (rank, first), *_ = found
    return Group(
        first.labels,
        gold,
        predicted,
        "–".join(dict.fromkeys((*scores[:1], *scores[-1:]))),
        len(found),
        _quote(first, articles[rank]),
        Counter(rank for rank, _ in found),
    )


def _quote(mistake: Mistake, article: Article) -> Quote:
    span = mistake.gold or mistake.predicted
    assert span
    words = article.surface(span)
    if isinstance(span, ThemeSpan):
        return Quote("", "", words if len(words) <= _OPENING else words[: _OPENING - 1] + "…")
    return Quote(_before(article.text, span.start), words, _after(article.text, span.end))


def _before(text: str, end: int) -> str:
    """The last words of the line before ``end``."""
    line = text[:end].rpartition("\n")[2]
    return line if len(line) <= _AROUND else "… " + line[-_AROUND:].partition(" ")[2]


def _after(text: str, start: int) -> str:
    """The first words of the line from ``start`` on."""
    line = text[start : start + 2 * _AROUND].partition("\n")[0]
    return line if len(line) <= _AROUND else line[:_AROUND].rpartition(" ")[0] + " …"
