"""Gold and predicted articles to scores; knows no model.

Every measure rests on two readings of an article: ``align``, which pairs its gold and predicted
mentions, and ``passage_themes``, which says what each passage is about. Where a denominator is
zero a score is 0, and macro means run over the labels that occur in gold or predictions, as
seqeval has it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import bootstrap
from seqeval.metrics import classification_report
from seqeval.scheme import IOB2
from sklearn.metrics import precision_recall_fscore_support

from asn_nlp.articles import Article, EntitySpan
from asn_nlp.labels import ASN_LABELS, LabelSet, nearest
from asn_nlp.passages import marked_passages, split_passages
from asn_nlp.tagging import spans_to_tags

NONE = "none"

_CONFIDENCE = 0.95
_BATCH_NUMBERS = 10_000_000  # what the bootstrap holds in memory at a time


@dataclass(frozen=True, slots=True)
class Interval:
    """A percentile bootstrap interval over articles, 95 %."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Score:
    """``support`` and ``predicted`` count gold and predictions; ``interval``, of ``f1``, is None
    where none is drawn, the label does not occur or a single article has no spread."""

    precision: float
    recall: float
    f1: float
    support: int
    predicted: int
    interval: Interval | None = None


_NOTHING = Score(0.0, 0.0, 0.0, 0, 0)


@dataclass(frozen=True, slots=True)
class Scores:
    labels: Mapping[str, Score]
    micro: Score
    macro: Score


@dataclass(frozen=True, slots=True)
class Confusion:
    """``counts[gold][predicted]`` of paired mentions, in the order of ``labels``, whose last is
    ``"none"``: the missed stand in the last column, the spurious in the last row."""

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Curve:
    """Precision and recall when only predictions that score ``thresholds`` or more are kept.

    Thresholds fall, to three decimals. Only what was predicted has a score, so the curve ends at
    the operating point, short of recall 1.
    """

    thresholds: tuple[float, ...]
    precision: tuple[float, ...]
    recall: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """Everything ``evaluate`` measures.

    Attributes:
        entities: strict: offsets and type are exact.
        partial: a prediction counts where it overlaps a gold mention of its type, one to one.
        seen: strict, on mentions whose surface is among the known ones; ``unseen``, on the
            others. None where no known mentions were given.
        themes: over passages.
        article_themes: micro, over each article's set of themes.
        entity_curves: strict; labels without scores, predictions or gold are left out, of
            ``theme_curves`` too.
    """

    articles: int
    passages: int
    seed: int
    resamples: int
    entities: Scores
    partial: Scores
    seen: Score | None
    unseen: Score | None
    confusion: Confusion
    themes: Scores
    article_themes: Score
    entity_curves: Mapping[str, Curve]
    theme_curves: Mapping[str, Curve]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Headline:
    """The two figures that training watches: strict micro F1 of entities, micro F1 of themes."""

    entity_f1: float
    theme_f1: float


@dataclass(frozen=True, slots=True)
class Difference:
    """``value`` of the first less the second; None stands where one article gives no bootstrap."""

    value: float
    interval: Interval | None
    p_value: float | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two predictions of the same articles: differences in micro F1, by paired bootstrap."""

    entities: Difference
    themes: Difference
    seed: int
    resamples: int

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Pair:
    """A gold mention and the predicted one that overlaps it; None where there is no such."""

    gold: EntitySpan | None
    predicted: EntitySpan | None

    @property
    def same_type(self) -> bool:
        gold, predicted = self.gold, self.predicted
        return gold is not None and predicted is not None and gold.label == predicted.label

    @property
    def exact(self) -> bool:
        gold, predicted = self.gold, self.predicted
        return (
            gold is not None
            and predicted is not None
            and (gold.start, gold.end, gold.label)
            == (predicted.start, predicted.end, predicted.label)
        )


def evaluate(
    gold: Sequence[Article],
    predicted: Sequence[Article],
    *,
    labels: LabelSet = ASN_LABELS,
    known_mentions: frozenset[str] = frozenset(),
    seed: int = 0,
    resamples: int = 1000,
) -> Report:
    """Compare predicted articles with gold ones.

    Args:
        predicted: the same articles by id and text, in any order.
        known_mentions: surfaces of the mentions training saw, case-sensitive.
        seed: of the bootstrap, which draws ``resamples`` samples of articles.

    Raises:
        ValueError: there is no article, an id occurs twice or on one side only, two texts
            differ, or a span's label is unknown.
    """
    cases = _compare_articles(gold, predicted, labels)
    draw = {"seed": seed, "resamples": resamples}
    entity_counts = _entity_counts(cases, labels)
    theme_counts = _theme_counts(cases, labels)
    return Report(
        articles=len(cases),
        passages=sum(len(case.gold_themes) for case in cases),
        seed=seed,
        resamples=resamples,
        entities=_with_intervals(_strict_scores(cases, labels), entity_counts, **draw),
        partial=_partial_scores(cases, labels),
        seen=_known_score(cases, known_mentions, known=True) if known_mentions else None,
        unseen=_known_score(cases, known_mentions, known=False) if known_mentions else None,
        confusion=_confusion(cases, labels),
        themes=_with_intervals(_theme_scores(cases, labels), theme_counts, **draw),
        article_themes=_article_theme_score(cases, labels),
        entity_curves=_entity_curves(cases, labels),
        theme_curves=_theme_curves(cases, labels),
    )


def headline(
    gold: Sequence[Article], predicted: Sequence[Article], *, labels: LabelSet = ASN_LABELS
) -> Headline:
    """The two leading figures alone, without bootstrap; arguments and errors as ``evaluate``."""
    cases = _compare_articles(gold, predicted, labels)
    return Headline(
        float(_micro_f1(_entity_counts(cases, labels).sum(axis=-1))),
        float(_micro_f1(_theme_counts(cases, labels).sum(axis=-1))),
    )


def compare(
    gold: Sequence[Article],
    predicted: Sequence[Article],
    other: Sequence[Article],
    *,
    labels: LabelSet = ASN_LABELS,
    seed: int = 0,
    resamples: int = 1000,
) -> Comparison:
    """How much better ``predicted`` is than ``other``; arguments and errors as ``evaluate``.

    Both predictions meet the same resampled articles. The two-sided p-value is twice the share of
    samples whose difference falls on the rarer side of zero, with one added to both counts so
    that it is never 0.
    """
    mine = _compare_articles(gold, predicted, labels)
    theirs = _compare_articles(gold, other, labels)

    def difference(
        counts: Callable[[Sequence["_Case"], LabelSet], NDArray[np.int64]],
    ) -> Difference:
        both = np.stack([counts(mine, labels), counts(theirs, labels)])

        def statistic(totals: NDArray[np.int64]) -> NDArray[np.float64]:
            return _micro_f1(totals[0]) - _micro_f1(totals[1])

        value = float(statistic(both.sum(axis=-1)))
        sampled = _bootstrap(both, statistic, seed=seed, resamples=resamples)
        if sampled is None:
            return Difference(value, None, None)
        drawn = sampled.bootstrap_distribution
        rarer = min((drawn <= 0).sum(), (drawn >= 0).sum())
        p_value = min(1.0, 2 * float(rarer + 1) / (resamples + 1))
        low, high = sampled.confidence_interval
        return Difference(value, Interval(float(low), float(high)), p_value)

    return Comparison(difference(_entity_counts), difference(_theme_counts), seed, resamples)


def align(gold: Sequence[EntitySpan], predicted: Sequence[EntitySpan]) -> tuple[Pair, ...]:
    """Pair mentions of one article that overlap, one to one; every mention is in one pair.

    As many as possible of the same type are paired, then what is left whatever its type, so a
    pair of different types is a confusion and a half pair a mention missed or spurious. Both
    sequences are flat and in reading order, as an article keeps them.
    """
    pairs: list[Pair] = []
    for label in dict.fromkeys(span.label for span in gold):
        pairs += _sweep(
            [span for span in gold if span.label == label],
            [span for span in predicted if span.label == label],
        )
    taken = {pair.gold for pair in pairs}, {pair.predicted for pair in pairs}
    pairs += _sweep(
        [span for span in gold if span not in taken[0]],
        [span for span in predicted if span not in taken[1]],
    )
    taken = {pair.gold for pair in pairs}, {pair.predicted for pair in pairs}
    pairs += [Pair(span, None) for span in gold if span not in taken[0]]
    pairs += [Pair(None, span) for span in predicted if span not in taken[1]]
    return tuple(pairs)


def passage_themes(article: Article) -> list[dict[str, float | None]]:
    """The themes of each passage, with the scores of the spans that mark it."""
    passages = split_passages(article.text)
    marked: list[dict[str, float | None]] = [{} for _ in passages]
    for span in article.themes:
        for place in marked_passages(span.start, span.end, passages):
            marked[place][span.label] = span.score
    return marked


def _sweep(gold: Sequence[EntitySpan], predicted: Sequence[EntitySpan]) -> list[Pair]:
    """The most pairs there can be: neither side overlaps itself, so pairing the first two that
    meet never costs a later pair."""
    pairs = []
    g = p = 0
    while g < len(gold) and p < len(predicted):
        if gold[g].end <= predicted[p].start:
            g += 1
        elif predicted[p].end <= gold[g].start:
            p += 1
        else:
            pairs.append(Pair(gold[g], predicted[p]))
            g += 1
            p += 1
    return pairs


@dataclass(frozen=True, slots=True)
class _Case:
    """One article, gold beside predicted."""

    gold: Article
    predicted: Article
    pairs: tuple[Pair, ...]
    gold_themes: list[dict[str, float | None]]  # one a passage
    predicted_themes: list[dict[str, float | None]]


def _compare_articles(
    gold: Sequence[Article], predicted: Sequence[Article], labels: LabelSet
) -> list[_Case]:
    """The articles matched by id, in the order of ``gold``; errors as ``evaluate``."""
    if not gold:
        raise ValueError("evaluation needs an article at least, but gold has none; name more data")
    by_id = _by_id(predicted, "predicted", labels)
    gold_ids = _by_id(gold, "gold", labels).keys()
    for ids, others, side in (
        (gold_ids, by_id.keys(), "predicted"),
        (by_id.keys(), gold_ids, "gold"),
    ):
        if missing := [one for one in ids if one not in others]:
            raise ValueError(
                f"gold and predicted must hold the same articles, but {len(missing)} of {len(ids)} "
                f"are not among the {side} ones, first {missing[0]!r}; predict the gold file itself"
            )
    cases = []
    for article in gold:
        twin = by_id[article.id]
        if article.text != twin.text:
            place = _first_difference(article.text, twin.text)
            raise ValueError(
                f"article {article.id!r}: gold and predicted text must be equal, but they part at "
                f"character {place}: {article.text[place : place + 20]!r} against "
                f"{twin.text[place : place + 20]!r}; predict the gold file itself"
            )
        cases.append(
            _Case(
                article,
                twin,
                align(article.entities, twin.entities),
                passage_themes(article),
                passage_themes(twin),
            )
        )
    return cases


def _by_id(articles: Iterable[Article], side: str, labels: LabelSet) -> dict[str, Article]:
    by_id: dict[str, Article] = {}
    for article in articles:
        if article.id in by_id:
            raise ValueError(
                f"article ids must be unique, but {article.id!r} occurs twice among the {side} "
                "articles; rename or remove one"
            )
        by_id[article.id] = article
        for spans, known in (
            (article.entities, labels.entities),
            (article.themes, labels.themes),
        ):
            for span in spans:
                if span.label not in known:
                    raise ValueError(
                        f"article {article.id!r}: unknown label {span.label!r} among the {side} "
                        f"spans; did you mean {nearest(span.label, known)!r}?"
                    )
    return by_id


def _first_difference(one: str, other: str) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))


def _strict_scores(cases: Sequence[_Case], labels: LabelSet) -> Scores:
    """By seqeval, whose tags need tokens: the text cut at every span's edge loses nothing."""
    gold: list[list[str]] = []
    predicted: list[list[str]] = []
    for case in cases:
        spans = (*case.gold.entities, *case.predicted.entities)
        edges = sorted({edge for span in spans for edge in (span.start, span.end)})
        segments = np.array([edges[:-1], edges[1:]], dtype=np.int64).T
        for sequences, article in ((gold, case.gold), (predicted, case.predicted)):
            tags = spans_to_tags(article.entities, segments, labels).tags
            sequences.append([labels.tags[tag] for tag in tags.tolist()])
    if not any(map(any, (*gold, *predicted))):
        return Scores(dict.fromkeys(labels.entities, _NOTHING), _NOTHING, _NOTHING)
    rows = classification_report(
        gold, predicted, mode="strict", scheme=IOB2, output_dict=True, zero_division=0
    )
    given = Counter(span.label for case in cases for span in case.predicted.entities)

    def score(row: Mapping[str, Any], predicted: int) -> Score:
        return Score(
            float(row["precision"]),
            float(row["recall"]),
            float(row["f1-score"]),
            int(row["support"]),
            predicted,
        )

    return Scores(
        {
            label: score(rows[label], given[label]) if label in rows else _NOTHING
            for label in labels.entities
        },
        score(rows["micro avg"], given.total()),
        score(rows["macro avg"], given.total()),
    )


def _partial_scores(cases: Sequence[_Case], labels: LabelSet) -> Scores:
    counts = _entity_counts(cases, labels, correct=lambda pair: pair.same_type).sum(axis=-1)
    scores = [_score(*row) for row in counts.T.tolist()]
    return Scores(
        dict(zip(labels.entities, scores, strict=True)),
        _score(*counts.sum(axis=1).tolist()),
        _macro(scores),
    )


def _known_score(cases: Sequence[_Case], known_mentions: frozenset[str], *, known: bool) -> Score:
    """Strict score on the mentions whose surface is known, or on those whose is not."""

    def counts(article: Article, span: EntitySpan | None) -> bool:
        return span is not None and (
            (article.text[span.start : span.end] in known_mentions) == known
        )

    pairs = [(case.gold, pair) for case in cases for pair in case.pairs]
    return _score(
        sum(pair.exact and counts(article, pair.gold) for article, pair in pairs),
        sum(counts(article, pair.predicted) for article, pair in pairs),
        sum(counts(article, pair.gold) for article, pair in pairs),
    )


def _confusion(cases: Sequence[_Case], labels: LabelSet) -> Confusion:
    counted = Counter(
        (
            pair.gold.label if pair.gold else NONE,
            pair.predicted.label if pair.predicted else NONE,
        )
        for case in cases
        for pair in case.pairs
    )
    names = (*labels.entities, NONE)
    return Confusion(names, tuple(tuple(counted[g, p] for p in names) for g in names))


def _theme_scores(cases: Sequence[_Case], labels: LabelSet) -> Scores:
    gold = _multi_hot([row for case in cases for row in case.gold_themes], labels)
    predicted = _multi_hot([row for case in cases for row in case.predicted_themes], labels)
    scores = {
        label: _binary_score(gold[:, column], predicted[:, column])
        for label, column in labels.theme_ids.items()
    }
    return Scores(scores, _binary_score(gold.ravel(), predicted.ravel()), _macro(scores.values()))


def _article_theme_score(cases: Sequence[_Case], labels: LabelSet) -> Score:
    def themes(articles: Iterable[Article]) -> NDArray[np.bool_]:
        return _multi_hot([{span.label for span in one.themes} for one in articles], labels)

    gold = themes(case.gold for case in cases)
    predicted = themes(case.predicted for case in cases)
    return _binary_score(gold.ravel(), predicted.ravel())


def _multi_hot(rows: Sequence[Iterable[str]], labels: LabelSet) -> NDArray[np.bool_]:
    """(rows, themes)"""
    marks = np.zeros((len(rows), len(labels.themes)), dtype=np.bool_)
    for row, themes in enumerate(rows):
        for theme in themes:
            marks[row, labels.theme_ids[theme]] = True
    return marks


def _binary_score(gold: NDArray[np.bool_], predicted: NDArray[np.bool_]) -> Score:
    if not gold.size:  # scikit-learn refuses it
        return _NOTHING
    precision, recall, f1, _ = precision_recall_fscore_support(
        gold, predicted, average="binary", zero_division=0
    )
    return Score(float(precision), float(recall), float(f1), int(gold.sum()), int(predicted.sum()))


def _score(correct: int, predicted: int, gold: int) -> Score:
    return Score(
        correct / predicted if predicted else 0.0,
        correct / gold if gold else 0.0,
        2 * correct / (predicted + gold) if predicted + gold else 0.0,
        gold,
        predicted,
    )


def _macro(scores: Iterable[Score]) -> Score:
    """The mean over the labels that occur."""
    occurring = [score for score in scores if score.support or score.predicted]
    if not occurring:
        return _NOTHING
    return Score(
        fmean(score.precision for score in occurring),
        fmean(score.recall for score in occurring),
        fmean(score.f1 for score in occurring),
        sum(score.support for score in occurring),
        sum(score.predicted for score in occurring),
    )


def _entity_counts(
    cases: Sequence[_Case],
    labels: LabelSet,
    *,
    correct: Callable[[Pair], bool] = lambda pair: pair.exact,
) -> NDArray[np.int64]:
    """Correct, predicted and gold mentions (3, types, articles)."""
    counts = np.zeros((3, len(labels.entities), len(cases)), dtype=np.int64)
    ids = {label: index for index, label in enumerate(labels.entities)}
    for index, case in enumerate(cases):
        for pair in case.pairs:
            if pair.predicted:
                counts[1, ids[pair.predicted.label], index] += 1
            if pair.gold:
                counts[2, ids[pair.gold.label], index] += 1
                counts[0, ids[pair.gold.label], index] += correct(pair)
    return counts


def _theme_counts(cases: Sequence[_Case], labels: LabelSet) -> NDArray[np.int64]:
    """Correct, predicted and gold marks of passages (3, themes, articles)."""
    counts = np.zeros((3, len(labels.themes), len(cases)), dtype=np.int64)
    for index, case in enumerate(cases):
        gold = _multi_hot(case.gold_themes, labels)
        predicted = _multi_hot(case.predicted_themes, labels)
        counts[:, :, index] = [(gold & predicted).sum(0), predicted.sum(0), gold.sum(0)]
    return counts


def _f1(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """(3, ...) correct, predicted, gold to (...)."""
    return 2 * counts[0] / np.maximum(counts[1] + counts[2], 1)


def _micro_f1(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """(3, labels, ...) to (...)."""
    return _f1(counts.sum(axis=1))


def _macro_f1(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """(3, labels, ...) to (...)."""
    occurring = (counts[1] + counts[2] > 0).sum(axis=0)
    return _f1(counts).sum(axis=0) / np.maximum(occurring, 1)


def _with_intervals(
    scores: Scores, counts: NDArray[np.int64], *, seed: int, resamples: int
) -> Scores:
    """``scores`` with the intervals that their ``counts`` (3, labels, articles) give."""

    def statistic(totals: NDArray[np.int64]) -> NDArray[np.float64]:
        return np.stack([_micro_f1(totals), _macro_f1(totals), *_f1(totals)])

    sampled = _bootstrap(counts, statistic, seed=seed, resamples=resamples)
    if sampled is None:
        return scores
    ends = zip(*sampled.confidence_interval, strict=True)
    micro, macro, *each = (Interval(float(low), float(high)) for low, high in ends)
    return Scores(
        {
            label: replace(score, interval=interval) if score.support or score.predicted else score
            for (label, score), interval in zip(scores.labels.items(), each, strict=True)
        },
        replace(scores.micro, interval=micro),
        replace(scores.macro, interval=macro),
    )


def _bootstrap(
    counts: NDArray[np.int64],
    statistic: Callable[[NDArray[np.int64]], NDArray[np.float64]],
    *,
    seed: int,
    resamples: int,
) -> Any | None:
    """SciPy's result for ``counts`` (..., articles), or None where one article gives no spread.

    SciPy draws the same articles for every row of ``counts``, which is what makes counts of
    different labels, and of two systems, belong together.
    """
    if counts.shape[-1] < 2:
        return None
    return bootstrap(
        (counts,),
        lambda sample, axis: statistic(sample.sum(axis=axis)),
        n_resamples=resamples,
        batch=max(1, _BATCH_NUMBERS // counts.size),
        vectorized=True,
        axis=-1,
        confidence_level=_CONFIDENCE,
        method="percentile",
        rng=np.random.default_rng(seed),
    )


def _entity_curves(cases: Sequence[_Case], labels: LabelSet) -> dict[str, Curve]:
    pairs = [pair for case in cases for pair in case.pairs]
    return _curves(
        {
            label: [
                (pair.predicted.score, pair.exact)
                for pair in pairs
                if pair.predicted and pair.predicted.label == label
            ]
            for label in labels.entities
        },
        Counter(pair.gold.label for pair in pairs if pair.gold),
    )


def _theme_curves(cases: Sequence[_Case], labels: LabelSet) -> dict[str, Curve]:
    marks: dict[str, list[tuple[float | None, bool]]] = {label: [] for label in labels.themes}
    for case in cases:
        for gold, predicted in zip(case.gold_themes, case.predicted_themes, strict=True):
            for label, score in predicted.items():
                marks[label].append((score, label in gold))
    return _curves(
        marks, Counter(label for case in cases for row in case.gold_themes for label in row)
    )


def _curves(
    predictions: Mapping[str, Sequence[tuple[float | None, bool]]], gold: Mapping[str, int]
) -> dict[str, Curve]:
    """Curves of the labels whose ``predictions``, score and whether correct, all have a score."""
    curves = {}
    for label, rows in predictions.items():
        scores = [score for score, _ in rows if score is not None]
        if not scores or len(scores) < len(rows) or not gold[label]:
            continue
        rounded = np.round(scores, 3)
        order = np.argsort(-rounded, kind="stable")
        correct = np.cumsum([rows[index][1] for index in order.tolist()])
        thresholds = np.unique(rounded)[::-1]
        kept = np.searchsorted(-rounded[order], -thresholds, side="right")
        curves[label] = Curve(
            tuple(thresholds.tolist()),
            tuple((correct[kept - 1] / kept).tolist()),
            tuple((correct[kept - 1] / gold[label]).tolist()),
        )
    return curves
