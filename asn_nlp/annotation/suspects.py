"""Annotations that are likely wrong, ranked by how little a model believes them.

A suspect is a disagreement between what is marked and what a model reads that has not learned from
the marks. Its quality is cleanlab's: the model's probability of the marks as they are, for an
entity the soft minimum over its tokens and the one behind it, so that its weakest decision counts.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from asn_nlp.articles import Article, EntitySpan, Span, ThemeSpan
from asn_nlp.errors import extra
from asn_nlp.evaluation import Case, match_articles
from asn_nlp.labels import LabelSet
from asn_nlp.reading.opinions import Opinion
from asn_nlp.reading.tagging import spans_to_tags

with extra("annotation", "finding suspects"):
    from cleanlab.rank import get_label_quality_scores as get_decision_quality_scores
    from cleanlab.token_classification.rank import get_label_quality_scores

Kind = Literal["missing", "spurious", "edge", "label"]


@dataclass(frozen=True, slots=True)
class Suspect:
    """A mark that is likely wrong, or likely missing.

    Attributes:
        case: the article as it is annotated, beside what the model reads.
        given: the mark; None where the model misses one.
        proposed: what the model reads in its place; None where it reads nothing.
        quality: in [0, 1], how far the model believes the marks as they are.
    """

    case: Case
    given: Span | None
    proposed: Span | None
    quality: float

    @property
    def span(self) -> Span:
        """Where to look."""
        span = self.given or self.proposed
        assert span
        return span

    @property
    def kind(self) -> Kind:
        if self.given is None:
            return "missing"
        if self.proposed is None:
            return "spurious"
        return "edge" if self.given.label == self.proposed.label else "label"

    def __str__(self) -> str:
        """``label: TITLE 'Bupati Sigi' [10, 21), read as OFFICIAL 'Bupati' [10, 16)``."""
        sides = [
            f"{span.label} {self.case.gold.quote(span)}"
            for span in (self.given, self.proposed)
            if span
        ]
        return f"{self.kind}: {', read as '.join(sides)}"


def find_suspects(
    articles: Sequence[Article], opinions: Iterable[Opinion], *, labels: LabelSet
) -> list[Suspect]:
    """The disagreements, the least believed first.

    Args:
        opinions: of the articles, in their order, by models that have not learned from them.
        labels: of the models; marks of a kind (entities, themes) that it has none of are left out.

    Raises:
        EvaluationError: a label is unknown to a set that has labels of its kind, or an opinion is
            of another article.
    """
    found: list[Suspect] = []
    for article, opinion in zip(articles, opinions, strict=True):
        (case,) = match_articles([article], [opinion.article], labels=labels)
        found += _of_entities(case, opinion, labels)
        found += _of_themes(case, opinion, labels)
    return sorted(found, key=lambda suspect: suspect.quality)


def review(suspects: Iterable[Suspect]) -> list[tuple[Article, Article]]:
    """The articles of ``suspects`` in their order, each once: as it is annotated, with its suspects
    in the meta, beside as the model reads it. Ids must be unique."""
    by_article: dict[str, list[Suspect]] = {}
    for suspect in suspects:
        by_article.setdefault(suspect.case.gold.id, []).append(suspect)
    return [
        (_with_meta(own[0].case.gold, suspects=list(map(str, own))), own[0].case.predicted)
        for own in by_article.values()
    ]


def _with_meta(article: Article, **meta: object) -> Article:
    return replace(article, meta={**article.meta, **meta})


def _of_entities(case: Case, opinion: Opinion, labels: LabelSet) -> Iterator[Suspect]:
    given = spans_to_tags(case.gold.entities, opinion.offsets, labels).tags
    pairs = [pair for pair in case.pairs if not pair.exact]
    places = [_tokens([pair.gold, pair.predicted], opinion.offsets) for pair in pairs]
    seen = [(pair, place) for pair, place in zip(pairs, places, strict=True) if len(given[place])]
    if not seen:
        return
    qualities, _ = get_label_quality_scores(
        [given[place].tolist() for _, place in seen],
        [opinion.tags[place] for _, place in seen],
        sentence_score_method="softmin",
    )
    for (pair, _), quality in zip(seen, qualities.tolist(), strict=True):
        yield Suspect(case, pair.gold, pair.predicted, quality)


def _tokens(spans: Sequence[EntitySpan | None], offsets: NDArray[np.int64]) -> slice:
    """The tokens of the spans, and the one behind, which says that they end; none where the
    tokeniser sees nothing of them."""
    start = min(span.start for span in spans if span)
    end = max(span.end for span in spans if span)
    first = int(np.searchsorted(offsets[:, 1], start, side="right"))
    last = int(np.searchsorted(offsets[:, 0], end, side="left"))
    return slice(first, last + 1 if first < last else first)


def _of_themes(case: Case, opinion: Opinion, labels: LabelSet) -> Iterator[Suspect]:
    """Of each passage; a theme given and another one read in its place are one suspect."""
    if not labels.themes or not case.passages:
        return
    given = np.zeros(opinion.themes.shape, dtype=np.int64)
    for row, (marked, _) in zip(given, case.themes, strict=True):
        row[[labels.theme_ids[theme] for theme in marked]] = 1
    # cleanlab's scores of multi-label data fail where nothing is marked: each theme is a decision.
    yes = opinion.themes.ravel()
    decisions = get_decision_quality_scores(given.ravel(), np.stack([1 - yes, yes], axis=1))
    qualities = decisions.reshape(given.shape)
    for passage, (marked, read), quality in zip(case.passages, case.themes, qualities, strict=True):
        spans = [
            sorted(
                (
                    (float(quality[labels.theme_ids[theme]]), theme, score)
                    for theme, score in themes.items()
                    if theme not in others
                ),
            )
            for themes, others in ((marked, read), (read, marked))
        ]
        for pair in zip_longest(*spans):
            given_span, proposed = (
                side and ThemeSpan(passage.start, passage.end, *side[1:]) for side in pair
            )
            yield Suspect(case, given_span, proposed, min(side[0] for side in pair if side))
