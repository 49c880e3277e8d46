"""Calibration of a model whose logits are gold plus noise, and as much too large as a test says."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from asn_nlp.articles import Article
from asn_nlp.config import WindowConfig
from asn_nlp.labels import ASN_LABELS, LabelSet
from asn_nlp.reading import fitting
from asn_nlp.reading.calibration import Calibration
from asn_nlp.reading.decoding import ArticleLogits, decode, join_windows
from asn_nlp.reading.encoding import EncodedArticle, encode_articles
from asn_nlp.reading.fitting import fit_calibration
from asn_nlp.reading.options import DecodeOptions

N_TAGS, N_THEMES = len(ASN_LABELS.tags), len(ASN_LABELS.themes)
OPTIONS = DecodeOptions(0.0, 0.0, (0.5,) * N_THEMES, (0.0,) * 3)
TIMES = 8  # that every article occurs in dev


@pytest.fixture(scope="module")
def encoded(news, tiny_tokenizer) -> list[EncodedArticle]:
    return encode_articles(
        news * TIMES,
        tiny_tokenizer.backend_tokenizer,
        ASN_LABELS,
        WindowConfig(64, 4),
        with_gold=True,
    )


@pytest.fixture(scope="module")
def gold(news) -> list[Article]:
    return news * TIMES


def noisy(
    articles: list[EncodedArticle], *, scale: float, margin: float = 4.5, seed: int = 0
) -> list[ArticleLogits]:
    """Gold and noise, ``scale`` times as large as need be."""
    rng = np.random.default_rng(seed)
    made = []
    for article in articles:
        tags = np.concatenate([window.tags[window.own] for window in article.windows])
        themes = np.zeros((len(article.passages), N_THEMES))
        for window in article.windows:
            for piece in window.pieces:
                themes[piece.passage] = piece.themes
        tag_logits = margin * np.eye(N_TAGS)[tags] + rng.normal(size=(len(tags), N_TAGS))
        theme_logits = 4 * themes - 2 + 1.5 * rng.normal(size=themes.shape)
        made.append(
            ArticleLogits(
                (scale * tag_logits).astype(np.float32), (scale * theme_logits).astype(np.float32)
            )
        )
    return made


def fitted(
    articles: list[EncodedArticle],
    logits: list[ArticleLogits],
    gold: list[Article],
    labels: LabelSet = ASN_LABELS,
) -> Calibration:
    calibration = fit_calibration(articles, logits, gold, labels, OPTIONS)
    assert calibration is not None
    return calibration


def test_scores_of_an_overconfident_model_are_put_right(encoded, gold):
    logits = noisy(encoded, scale=6.0, margin=2.5)
    calibration = fitted(encoded, logits, gold)
    for side in (calibration.entities, calibration.themes):
        assert side.right < side.spans
        assert side.error < side.error_before / 2
    # Other noise, so other spans: what was learned holds for them too.
    fresh = noisy(encoded, scale=6.0, margin=2.5, seed=1)
    scores, right = [], []
    for article, one in zip(
        decode(encoded, fresh, ASN_LABELS, OPTIONS, calibration), gold, strict=True
    ):
        scores += [span.score for span in article.entities]
        wanted = {(span.start, span.end, span.label) for span in one.entities}
        right += [(span.start, span.end, span.label) in wanted for span in article.entities]
    assert np.mean(scores) == pytest.approx(np.mean(right), abs=0.08)


def test_calibration_changes_scores_and_nothing_else(encoded, gold):
    logits = noisy(encoded, scale=2.0)
    calibration = fitted(encoded, logits, gold)
    plain = decode(encoded, logits, ASN_LABELS, OPTIONS)
    calibrated = decode(encoded, logits, ASN_LABELS, OPTIONS, calibration)
    changed = 0
    for one, other in zip(plain, calibrated, strict=True):
        assert len(one.spans) == len(other.spans)
        for before, after in zip(one.spans, other.spans, strict=True):
            assert replace(before, score=None) == replace(after, score=None)
            assert 0 < after.score < 1
            changed += before.score != after.score
    assert changed


def test_a_model_as_sure_again_has_twice_the_temperature_and_the_same_scores(encoded, gold):
    one, other = (fitted(encoded, noisy(encoded, scale=scale), gold) for scale in (2.0, 4.0))
    for side, twin in ((one.entities, other.entities), (one.themes, other.themes)):
        assert twin.calibrator.temperature == pytest.approx(
            2 * side.calibrator.temperature, rel=1e-2
        )
        assert twin.calibrator.right == pytest.approx(side.calibrator.right, abs=2e-2)
        assert twin.calibrator.wrong == pytest.approx(side.calibrator.wrong, abs=2e-2)
        assert twin.error == pytest.approx(side.error, abs=5e-3)


def test_labels_with_spans_enough_have_a_table_of_their_own(encoded, gold, monkeypatch):
    logits = noisy(encoded, scale=2.0)
    found = Counter(
        span.label
        for article in decode(encoded, logits, ASN_LABELS, OPTIONS)
        for span in article.entities
    )
    second = sorted(found.values())[1]
    monkeypatch.setattr(fitting, "FEWEST_SPANS", second)
    side = fitted(encoded, logits, gold).entities
    assert side.tables.keys() == {label for label, count in found.items() if count >= second}
    assert len(side.tables) < len(found)
    assert side.table.predicted[-1] == side.spans == found.total()
    assert side.table.gold == sum(len(article.entities) for article in gold)


def test_a_dev_set_too_small_gives_no_calibration_and_says_so(encoded, gold, news, caplog):
    few = len(news)
    logits = noisy(encoded[:few], scale=2.0)
    assert fit_calibration(encoded[:few], logits, gold[:few], ASN_LABELS, OPTIONS) is None
    told = caplog.messages
    assert [line.split(" are not")[0] for line in told] == [
        "scores of entities",
        "scores of themes",
    ]
    assert "that takes 100 spans read in 10 articles at least, but dev has" in told[0]


@pytest.mark.parametrize("side", ["entities", "themes"])
def test_a_run_that_reads_one_side_is_calibrated_for_it(encoded, gold, side):
    labels = LabelSet(
        ASN_LABELS.entities if side == "entities" else (),
        ASN_LABELS.themes if side == "themes" else (),
    )
    logits = [
        ArticleLogits(one.tags[:, : len(labels.tags)], one.themes[:, : len(labels.themes)])
        for one in noisy(encoded, scale=2.0)
    ]
    calibration = fitted(encoded, logits, gold, labels)
    other = {"entities": "themes", "themes": "entities"}[side]
    assert getattr(calibration, side) is not None
    assert getattr(calibration, other) is None


def test_a_dev_set_read_without_error_makes_no_score_certain(encoded, gold):
    perfect = [
        ArticleLogits(20 * np.eye(N_TAGS, dtype=np.float32)[tags], one.themes)
        for one, tags in zip(
            noisy(encoded, scale=2.0),
            (
                np.concatenate([window.tags[window.own] for window in article.windows])
                for article in encoded
            ),
            strict=True,
        )
    ]
    side = fitted(encoded, perfect, gold).entities
    assert side.right == side.spans
    assert side.calibrator(np.array([0.9]), np.array([0]))[0] < 0.999


def test_passages_of_which_the_tokeniser_sees_nothing_are_passed_over(encoded, gold):
    logits = noisy(encoded, scale=2.0)
    unseen = logits[0].themes.copy()
    unseen[-1] = -np.inf
    logits[0] = ArticleLogits(logits[0].tags, unseen)
    assert np.isfinite(fitted(encoded, logits, gold).themes.calibrator.temperature)


@pytest.mark.parametrize("text", ["", "\u200b"])
def test_articles_without_a_word_change_nothing(encoded, gold, text, tiny_tokenizer):
    blank = Article("kosong", text)
    (one,) = encode_articles(
        [blank], tiny_tokenizer.backend_tokenizer, ASN_LABELS, WindowConfig(64, 4)
    )
    nothing = join_windows(one, [], []) if not one.windows else None
    logits = noisy(encoded, scale=2.0)
    if nothing is None:
        themes = np.full((len(one.passages), N_THEMES), -9, dtype=np.float32)
        nothing = ArticleLogits(np.zeros((len(one.offsets), N_TAGS), np.float32), themes)
    with_it = fitted([*encoded, one], [*logits, nothing], [*gold, blank])
    without = fitted(encoded, logits, gold)
    assert with_it.entities.spans == without.entities.spans
    assert with_it.themes.spans == without.themes.spans
    decoded = decode([one], [nothing], ASN_LABELS, OPTIONS, with_it)
    assert decoded == [blank]


def test_no_span_is_scored_by_a_calibrator_that_has_seen_its_article(encoded, gold, monkeypatch):
    seen = []
    logistic = fitting._logistic

    def watched(spans, articles, *rest):
        seen.append(articles.copy())
        return logistic(spans, articles, *rest)

    monkeypatch.setattr(fitting, "_logistic", watched)
    fitted(encoded, noisy(encoded, scale=2.0), gold)
    assert len(seen) == 2 * (6 * 10 + 1)
    for place in (0, 61):  # entities, then themes: six candidates, and the calibrator that is kept
        for candidate in range(6):
            folds = seen[place + 10 * candidate : place + 10 * (candidate + 1)]
            assert (np.sum([~fold for fold in folds], axis=0) == 1).all()
        assert seen[place + 60].all()
