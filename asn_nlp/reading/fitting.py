"""A calibration fitted to dev: few parameters, chosen by cross-validation over its articles."""

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from asn_nlp.articles import Article, Span
from asn_nlp.labels import LabelSet
from asn_nlp.passages import marked_passages
from asn_nlp.reading.calibration import (
    Calibrated,
    Calibration,
    Calibrator,
    expected_error,
    features,
    sigmoid,
)
from asn_nlp.reading.decoding import (
    ArticleLogits,
    decode_themes,
    entities_on_paths,
    entity_paths,
    log_softmax,
)
from asn_nlp.reading.encoding import EncodedArticle
from asn_nlp.reading.operating_points import Table
from asn_nlp.reading.options import DecodeOptions
from asn_nlp.reading.tagging import spans_to_tags

logger = logging.getLogger(__name__)

FEWEST_SPANS = 100  # decoded on dev; fewer give no calibration, and a label no table of its own
_FEWEST_ARTICLES = 10
_FOLDS = 10
_BINS = 10
_TEMPERATURES = np.geomspace(0.2, 10, 80)

# Candidates, the plainest first: are both slopes one, as Platt's, or two, as a beta distribution's;
# and how strongly the labels' offsets are held to a common one.
_CANDIDATES = tuple(product((True, False), (1e6, 30.0, 3.0)))


@dataclass(frozen=True, slots=True)
class _Spans:
    """Decoded on dev: arrays (spans,) of places and label ids, what the model says, and truth."""

    article: NDArray[np.int64]
    label: NDArray[np.int64]
    p: NDArray[np.float64]
    right: NDArray[np.bool_]


@dataclass(frozen=True)
class _Side:
    """Entities or themes of dev.

    Attributes:
        losses: log-loss (temperatures, articles) of all that the model decides.
        read: what is decoded, by a calibration of this side or None.
        gold: spans there are, by label.
    """

    name: str
    labels: tuple[str, ...]
    losses: NDArray[np.float64]
    read: Callable[[Calibrator | None], _Spans]
    gold: Mapping[str, int]


def fit_calibration(
    articles: Sequence[EncodedArticle],
    logits: Sequence[ArticleLogits],
    gold: Sequence[Article],
    labels: LabelSet,
    options: DecodeOptions,
) -> Calibration | None:
    """Fit to dev, which training has not seen.

    A side with fewer than ``FEWEST_SPANS`` decoded spans gets none, and None is returned where
    none does; the log says so.

    Args:
        gold: the articles again, with their own spans.
    """
    dev = (articles, logits, gold, labels, options)
    sides = {
        side.name: _fit(side, len(gold))
        for side in (
            *([_entities(*dev)] if labels.entities else []),
            *([_themes(*dev)] if labels.themes else []),
        )
    }
    entities, themes = sides.get("entities"), sides.get("themes")
    return Calibration(entities, themes) if entities or themes else None


def _fit(side: _Side, n_articles: int) -> Calibrated | None:
    raw = side.read(None)
    spans, met = len(raw.right), len(np.unique(raw.article))
    if spans < FEWEST_SPANS or met < _FEWEST_ARTICLES:
        logger.warning(
            "scores of %s are not calibrated: that takes %d spans read in %d articles at least, "
            "but dev has %d in %d; annotate more, and run 'asn-nlp calibrate'",
            side.name,
            FEWEST_SPANS,
            _FEWEST_ARTICLES,
            spans,
            met,
        )
        return None
    fold = np.random.default_rng(0).permutation(n_articles) % _FOLDS
    folds = [fold == one for one in range(_FOLDS)]
    # Every number a held-out span is scored by is fitted without its article.
    temperatures = [_temperature(side.losses[:, ~held].sum(axis=1)) for held in folds]
    reads = [side.read(Calibrator.identity(one, len(side.labels))) for one in temperatures]
    scores = [
        _cross_fitted(folds, temperatures, reads, len(side.labels), *candidate)
        for candidate in _CANDIDATES
    ]
    best = int(np.argmin([_log_loss(one, raw.right) for one in scores]))
    everything = np.ones(n_articles, dtype=np.bool_)
    temperature = _temperature(side.losses.sum(axis=1))
    final = side.read(Calibrator.identity(temperature, len(side.labels)))
    held_out = scores[best]
    return Calibrated(
        _logistic(final, everything, temperature, len(side.labels), *_CANDIDATES[best]),
        spans=spans,
        right=int(raw.right.sum()),
        error_before=round(expected_error(raw.p, raw.right, bins=_BINS), 4),
        error=round(expected_error(held_out, raw.right, bins=_BINS), 4),
        tables={
            label: Table.from_scores(
                held_out[own], raw.right[own], raw.article[own], gold=side.gold[label]
            )
            for place, label in enumerate(side.labels)
            if (own := raw.label == place).sum() >= FEWEST_SPANS
        },
        table=Table.from_scores(held_out, raw.right, raw.article, gold=sum(side.gold.values())),
    )


def _cross_fitted(
    folds: Sequence[NDArray[np.bool_]],
    temperatures: Sequence[float],
    reads: Sequence[_Spans],
    n_labels: int,
    tied: bool,
    hold: float,
) -> NDArray[np.float64]:
    scores = np.empty(len(reads[0].p))
    for held, temperature, spans in zip(folds, temperatures, reads, strict=True):
        calibrator = _logistic(spans, ~held, temperature, n_labels, tied, hold)
        out = held[spans.article]
        scores[out] = calibrator(spans.p[out], spans.label[out])
    return scores


def _logistic(
    spans: _Spans,
    articles: NDArray[np.bool_],
    temperature: float,
    n_labels: int,
    tied: bool,
    hold: float,
) -> Calibrator:
    """The likeliest calibrator given the spans of ``articles``.

    Beforehand, slopes and the common offset deviate by a standard normal from those that leave p
    as it is, so that a few spans, all of them right, do not make scores certain.
    """
    chosen = articles[spans.article]
    columns = features(spans.p[chosen])
    if tied:
        columns = columns.sum(axis=1, keepdims=True)
    ones, own = np.ones((len(columns), 1)), np.eye(n_labels)[spans.label[chosen]]
    n_slopes = columns.shape[1]
    prior = np.repeat([1.0, 0.0], [n_slopes, 1 + n_labels])
    precision = np.repeat([1.0, hold], [n_slopes + 1, n_labels])
    right = spans.right[chosen].astype(np.float64)
    weights = _newton(np.hstack([columns, ones, own]), right, prior, precision)
    if (falls := weights[:n_slopes] < 0).any():  # no score falls where the model is surer
        weights = _newton(np.hstack([columns * ~falls, ones, own]), right, prior, precision)
        weights[:n_slopes] = np.where(falls, 0, weights[:n_slopes].clip(min=0))
    slope_right, slope_wrong = np.broadcast_to(weights[:n_slopes], 2).tolist()
    offsets = (weights[n_slopes] + weights[n_slopes + 1 :]).round(4)
    return Calibrator(
        temperature, round(slope_right, 4), round(slope_wrong, 4), tuple(offsets.tolist())
    )


def _newton(
    inputs: NDArray[np.float64],
    right: NDArray[np.float64],
    prior: NDArray[np.float64],
    precision: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Weights (columns,) of a logistic regression with a normal prior, which is convex."""

    def loss(weights: NDArray[np.float64]) -> float:
        values = inputs @ weights
        doubt = np.logaddexp(0, np.where(right > 0, -values, values)).sum()
        return float(doubt + 0.5 * (precision * (weights - prior) ** 2).sum())

    weights = prior.copy()
    for _ in range(100):
        p = sigmoid(inputs @ weights)
        gradient = inputs.T @ (p - right) + precision * (weights - prior)
        curvature = (inputs * (p * (1 - p))[:, None]).T @ inputs + np.diag(precision)
        step = np.linalg.solve(curvature, gradient)
        size = 1.0
        while size > 1e-6 and loss(weights - size * step) > loss(weights):
            size /= 2
        weights = weights - size * step
        if np.abs(size * step).max() < 1e-8:
            break
    return weights


def _losses(
    loss: Callable[[float], NDArray[np.float64]], article: NDArray[np.int64], articles: int
) -> NDArray[np.float64]:
    """Log-loss (temperatures, articles) of each article's decisions, whose places are given."""
    return np.stack(
        [np.bincount(article, loss(float(one)), minlength=articles) for one in _TEMPERATURES]
    )


def _temperature(losses: NDArray[np.float64]) -> float:
    """The temperature of the least of the losses (temperatures,), between the steps of the grid."""
    place = int(losses.argmin())
    within = 0.0
    if 0 < place < len(losses) - 1:
        left, least, right = losses[place - 1 : place + 2].tolist()
        if bend := left - 2 * least + right:
            within = (left - right) / (2 * bend)
    step = np.log(_TEMPERATURES[1] / _TEMPERATURES[0])
    return round(float(_TEMPERATURES[place] * np.exp(within * step)), 4)


def _log_loss(scores: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    said = np.where(right, scores, 1 - scores)
    return float(-np.log(said.clip(min=1e-12)).mean())


def _entities(
    articles: Sequence[EncodedArticle],
    logits: Sequence[ArticleLogits],
    gold: Sequence[Article],
    labels: LabelSet,
    options: DecodeOptions,
) -> _Side:
    tags = [
        spans_to_tags(one.entities, article.offsets, labels).tags
        for one, article in zip(gold, articles, strict=True)
    ]
    wanted = [{(s.start, s.end, s.label) for s in one.entities} for one in gold]

    flat = np.concatenate([one.tags.reshape(-1, len(labels.tags)) for one in logits])
    wanted_tags = np.concatenate(tags)

    def loss(temperature: float) -> NDArray[np.float64]:
        said = log_softmax((flat / temperature).astype(np.float32))
        return -said[np.arange(len(flat)), wanted_tags].astype(np.float64)

    article = np.repeat(np.arange(len(gold)), list(map(len, tags)))
    paths = entity_paths(articles, logits, labels, options)

    def read(calibrator: Calibrator | None) -> _Spans:
        decoded = entities_on_paths(paths, articles, logits, labels, calibrator)
        return _spans(
            decoded,
            labels.entity_ids,
            lambda place, span: (span.start, span.end, span.label) in wanted[place],
        )

    counts = Counter(span.label for one in gold for span in one.entities)
    losses = _losses(loss, article, len(gold))
    return _Side("entities", labels.entities, losses, read, counts)


def _themes(
    articles: Sequence[EncodedArticle],
    logits: Sequence[ArticleLogits],
    gold: Sequence[Article],
    labels: LabelSet,
    options: DecodeOptions,
) -> _Side:
    wanted: list[NDArray[np.bool_]] = []
    for one, article in zip(gold, articles, strict=True):
        marked = np.zeros((len(article.passages), len(labels.themes)), dtype=np.bool_)
        for span in one.themes:
            covered = list(marked_passages(span.start, span.end, article.passages))
            marked[covered, labels.theme_ids[span.label]] = True
        wanted.append(marked)

    marks = np.concatenate(wanted)
    flat = np.concatenate(
        [
            one.themes if one.themes.size else np.full(own.shape, -np.inf, np.float32)
            for one, own in zip(logits, wanted, strict=True)
        ]
    )
    seen = np.isfinite(flat).all(axis=1)  # the others have no token, and nothing to learn from
    against = np.where(marks, -flat, flat)[seen].astype(np.float64)

    def loss(temperature: float) -> NDArray[np.float64]:
        return np.logaddexp(0, against / temperature).sum(axis=1)

    article = np.repeat(np.arange(len(gold)), list(map(len, wanted)))[seen]
    rows = [{one.start: row for row, one in enumerate(a.passages)} for a in articles]

    def read(calibrator: Calibrator | None) -> _Spans:
        decoded = decode_themes(articles, logits, labels, options, calibrator)
        return _spans(
            decoded,
            labels.theme_ids,
            lambda place, span: bool(
                wanted[place][rows[place][span.start], labels.theme_ids[span.label]]
            ),
        )

    totals = marks.sum(axis=0).tolist()
    losses = _losses(loss, article, len(gold))
    return _Side(
        "themes", labels.themes, losses, read, dict(zip(labels.themes, totals, strict=True))
    )


def _spans(
    decoded: Sequence[Sequence[Span]],
    ids: Mapping[str, int],
    right: Callable[[int, Span], bool],
) -> _Spans:
    rows = [(place, span) for place, spans in enumerate(decoded) for span in spans]
    return _Spans(
        np.array([place for place, _ in rows], dtype=np.int64),
        np.array([ids[span.label] for _, span in rows], dtype=np.int64),
        np.array([span.score for _, span in rows], dtype=np.float64),
        np.array([right(place, span) for place, span in rows], dtype=np.bool_),
    )
