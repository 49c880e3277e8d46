"""Everything that is measured on one prediction of annotated articles."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asn_nlp.articles import Article
from asn_nlp.evaluation.alignment import Case, match_articles
from asn_nlp.evaluation.counts import (
    article_theme_counts,
    entity_counts,
    same_type,
    theme_counts,
)
from asn_nlp.evaluation.curves import Curve, entity_curves, theme_curves
from asn_nlp.evaluation.leading import LeadingF1
from asn_nlp.evaluation.mistakes import count_mistakes, theme_confusion
from asn_nlp.evaluation.reliability import Trust, decision_trust, entity_trust, theme_trust
from asn_nlp.evaluation.scores import Confusion, Score, Scores, known_score
from asn_nlp.evaluation.slices import Slice, slices
from asn_nlp.labels import LabelSet


@dataclass(frozen=True, slots=True)
class Report:
    """Everything ``evaluate`` measures.

    What is about entities is None where ``labels`` has no entity types, and likewise for themes;
    curves are then empty.

    Attributes:
        unmarked: labels that gold never marks, so that every prediction of them is spurious.
        unread: labels that gold marks of a kind (entities, themes) that ``labels`` has none of;
            they are not scored.
        entities: strict: offsets and type are exact.
        partial: a prediction counts where it overlaps a gold mention of its type, one to one.
        seen: strict, on mentions whose surface is among the known ones; ``unseen``, on the
            others. None where no known mentions were given.
        themes: over passages.
        theme_confusion: theme against theme on the same passage.
        article_themes: micro, over each article's set of themes.
        entity_curves: strict; labels without scores, predictions or gold are left out, of
            ``theme_curves`` too.
        entity_trust: what the scores of entities are worth; None where nothing is predicted or a
            prediction has no score. ``theme_trust`` likewise.
        decision_trust: what the probabilities are worth that a passage has a theme, of all passages
            and themes; None where they were not given.
        mistakes: how many there are of each kind.
        slices: scores by the values of each field of meta.
        calibrated: whether scores are probabilities of being right, which a calibration makes them.
        cases: the articles themselves, in the order of gold, without what is ``unread``.
    """

    articles: int
    passages: int
    seed: int
    resamples: int
    labels: LabelSet
    unmarked: tuple[str, ...]
    unread: tuple[str, ...]
    entities: Scores | None
    partial: Scores | None
    seen: Score | None
    unseen: Score | None
    confusion: Confusion | None
    themes: Scores | None
    theme_confusion: Confusion | None
    article_themes: Score | None
    entity_curves: Mapping[str, Curve]
    theme_curves: Mapping[str, Curve]
    entity_trust: Trust | None
    theme_trust: Trust | None
    decision_trust: Trust | None
    mistakes: Mapping[str, int]
    slices: Mapping[str, tuple[Slice, ...]]
    calibrated: bool
    cases: tuple[Case, ...] = field(repr=False)

    @property
    def leading(self) -> LeadingF1:
        """The two figures that training watches."""
        return LeadingF1(
            self.entities.micro.f1 if self.entities else None,
            self.themes.micro.f1 if self.themes else None,
        )

    def to_dict(self) -> dict[str, Any]:
        """All but the articles, in plain types."""
        content = asdict(replace(self, cases=()))
        del content["cases"]
        return content


def evaluate(
    gold: Sequence[Article],
    predicted: Iterable[Article],
    *,
    labels: LabelSet,
    raw: Iterable[Article] | None = None,
    probabilities: Sequence[NDArray[np.float64]] | None = None,
    raw_probabilities: Sequence[NDArray[np.float64]] | None = None,
    known_mentions: frozenset[str] = frozenset(),
    seed: int = 0,
    resamples: int = 1000,
) -> Report:
    """Compare predicted articles with gold ones.

    Args:
        predicted: the same articles by id and text, in any order.
        labels: of the run that predicted.
        raw: the same predictions with the model's own scores, where ``predicted`` has calibrated
            ones; None where it has not.
        probabilities: (passages, themes) of each gold article, in their order: that a passage has a
            theme, read or not. ``raw_probabilities``, the model's own.
        known_mentions: surfaces of the mentions training saw, case-sensitive.
        seed: of the bootstrap, which draws ``resamples`` samples of articles.

    Raises:
        EvaluationError: there is no article, an id occurs twice or on one side only, two texts
            differ, or a span's label is not among ``labels``, though others of its kind are.
        MissingExtra: SciPy is not installed.
    """
    cases = match_articles(gold, predicted, labels=labels)
    raw_cases = None if raw is None else match_articles(gold, raw, labels=labels)
    draw = {"seed": seed, "resamples": resamples}
    marked_entities = {span.label for article in gold for span in article.entities}
    marked_themes = {span.label for article in gold for span in article.themes}
    entities = partial = seen = unseen = confusion = themes = article_themes = None
    if labels.entities:
        counts = entity_counts(cases, labels)
        entities = Scores.from_counts(labels.entities, counts).with_intervals(counts, **draw)
        partial = Scores.from_counts(
            labels.entities, entity_counts(cases, labels, correct=same_type)
        )
        confusion = Confusion.from_cases(cases, labels)
        if known_mentions:
            seen = known_score(cases, known_mentions, known=True)
            unseen = known_score(cases, known_mentions, known=False)
    if labels.themes:
        counts = theme_counts(cases, labels)
        themes = Scores.from_counts(labels.themes, counts).with_intervals(counts, **draw)
        article_themes = Scores.from_counts(
            labels.themes, article_theme_counts(cases, labels)
        ).micro
    return Report(
        articles=len(cases),
        passages=sum(len(case.themes) for case in cases),
        seed=seed,
        resamples=resamples,
        labels=labels,
        unmarked=(
            *(label for label in labels.entities if label not in marked_entities),
            *(label for label in labels.themes if label not in marked_themes),
        ),
        unread=(
            *(() if labels.entities else sorted(marked_entities)),
            *(() if labels.themes else sorted(marked_themes)),
        ),
        entities=entities,
        partial=partial,
        seen=seen,
        unseen=unseen,
        confusion=confusion,
        themes=themes,
        theme_confusion=theme_confusion(cases, labels) if labels.themes else None,
        article_themes=article_themes,
        entity_curves=entity_curves(cases, labels) if labels.entities else {},
        theme_curves=theme_curves(cases, labels) if labels.themes else {},
        entity_trust=entity_trust(cases, raw_cases, **draw) if labels.entities else None,
        theme_trust=theme_trust(cases, raw_cases, **draw) if labels.themes else None,
        decision_trust=decision_trust(
            cases, probabilities, raw_probabilities, labels=labels, **draw
        )
        if labels.themes and probabilities is not None
        else None,
        mistakes=count_mistakes(cases),
        slices=slices(cases, labels, **draw),
        calibrated=raw is not None,
        cases=cases,
    )
