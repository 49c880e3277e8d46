import numpy as np
import pytest
from scipy.special import softmax

from asn_nlp.articles import Article
from asn_nlp.config import WindowConfig
from asn_nlp.engines import inference
from asn_nlp.engines.inference import article_logits
from asn_nlp.engines.protocol import Output
from asn_nlp.engines.themes import ThemeHead
from asn_nlp.labels import ASN_LABELS
from asn_nlp.reading.decoding import join_windows
from asn_nlp.reading.encoding import EncodedArticle, collate, encode_articles

HIDDEN = 8
N_TAGS, N_THEMES = len(ASN_LABELS.tags), len(ASN_LABELS.themes)


class TableEngine:
    """Looks every token up in a table, so that what it says depends on the token alone."""

    def __init__(self, token_budget: int) -> None:
        rng = np.random.default_rng(0)
        self.token_budget = token_budget
        self._tags = rng.normal(size=(1000, N_TAGS)).astype(np.float32)
        self._vectors = rng.normal(size=(1000, HIDDEN)).astype(np.float32)

    def __call__(self, input_ids, attention_mask):
        hidden = np.where(attention_mask[..., None] == 1, self._vectors[input_ids], np.nan)
        return Output(self._tags[input_ids], hidden.astype(np.float32))


@pytest.fixture(scope="module")
def theme_head() -> ThemeHead:
    rng = np.random.default_rng(1)
    return ThemeHead(
        rng.normal(size=(N_THEMES, HIDDEN)).astype(np.float32),
        rng.normal(size=N_THEMES).astype(np.float32),
        rng.normal(size=(N_THEMES, HIDDEN)).astype(np.float32),
    )


@pytest.fixture(scope="module")
def encoded(tiny_tokenizer, news) -> list[EncodedArticle]:
    """Long and short in turn, and two without any window."""
    long = Article("panjang", "\n".join(article.text for article in news))
    articles = [news[0], Article("kosong", ""), long, *news[1:], Article("spasi", " \n ")]
    return encode_articles(
        articles, tiny_tokenizer.backend_tokenizer, ASN_LABELS, WindowConfig(24, 4)
    )


def test_results_stand_in_the_order_of_the_articles(encoded, theme_head):
    engine = TableEngine(100)
    results = article_logits(engine, theme_head, encoded, pad_id=0)
    assert len(results) == len(encoded)
    for article, result in zip(encoded, results, strict=True):
        tags, themes = [], []
        for window in article.windows:
            batch = collate([window], pad_id=0)
            output = engine(batch.input_ids, batch.attention_mask)
            tags.append(output.tags[0])
            themes.append(theme_head(output.vectors, batch.pieces))
        alone = join_windows(article, tags, themes)
        np.testing.assert_array_equal(result.tags, alone.tags)
        np.testing.assert_allclose(result.themes, alone.themes, atol=1e-5)
        assert len(result.tags) == len(article.offsets)
        assert len(result.themes) == len(article.passages)


@pytest.mark.parametrize("budget", [1, 30, 10_000])
def test_the_budget_changes_nothing_but_the_batches(encoded, theme_head, budget):
    expected = article_logits(TableEngine(100), theme_head, encoded, pad_id=0)
    for one, other in zip(
        article_logits(TableEngine(budget), theme_head, encoded, pad_id=0), expected, strict=True
    ):
        np.testing.assert_array_equal(one.tags, other.tags)
        np.testing.assert_allclose(one.themes, other.themes, atol=1e-5)


def test_batches_are_sorted_by_length_and_within_the_budget(encoded, theme_head, monkeypatch):
    seen = []

    def watched(windows, **options):
        seen.append([len(window) for window in windows])
        return collate(windows, **options)

    monkeypatch.setattr(inference, "collate", watched)
    article_logits(TableEngine(100), theme_head, encoded, pad_id=0)
    lengths = [length for batch in seen for length in batch]
    assert lengths == sorted(lengths)
    assert all(len(batch) * max(batch) <= 100 for batch in seen)
    assert len(seen) > 3


def test_nothing_to_read_gives_nothing(encoded, theme_head):
    assert article_logits(TableEngine(100), theme_head, [], pad_id=0) == []
    blank = next(article for article in encoded if not article.windows)
    (result,) = article_logits(TableEngine(100), theme_head, [blank], pad_id=0)
    assert len(result.tags) == len(result.themes) == 0


def test_a_theme_reads_the_mean_that_its_attention_weighs(theme_head):
    vectors = np.random.default_rng(2).normal(size=(3, 7, HIDDEN)).astype(np.float32)
    pieces = np.array([[0, 0, 7], [2, 3, 4], [1, 2, 6]])
    read = theme_head(vectors, pieces)
    for (row, start, end), logits in zip(pieces.tolist(), read.logits, strict=True):
        for theme, logit in enumerate(logits):
            tokens = vectors[row, start:end]
            weights = softmax(tokens @ theme_head.attention[theme])
            expected = weights @ tokens @ theme_head.weight[theme] + theme_head.bias[theme]
            assert logit == pytest.approx(expected, rel=1e-3, abs=1e-3)
    none = theme_head(vectors, np.zeros((0, 3), dtype=np.int64))
    assert none.logits.shape == none.mass.shape == (0, N_THEMES)


def test_one_sentence_of_a_long_passage_is_heard():
    vectors = np.zeros((1, 400, 2), dtype=np.float32)
    vectors[0, 7] = [4, 4]
    pieces = np.array([[0, 0, 400]])
    weight, bias = np.array([[2.0, 0.0]], np.float32), np.array([-3.0], np.float32)
    mean = ThemeHead(weight, bias, np.zeros((1, 2), np.float32))(vectors, pieces)
    heard = ThemeHead(weight, bias, np.array([[0.0, 3.0]], np.float32))(vectors, pieces)
    assert mean.logits[0, 0] < 0 < heard.logits[0, 0]
