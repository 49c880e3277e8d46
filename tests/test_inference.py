import numpy as np
import pytest
import torch

from asn_nlp import inference
from asn_nlp.articles import Article
from asn_nlp.decoding import join_windows
from asn_nlp.encoding import EncodedArticle, collate, encode_articles
from asn_nlp.inference import article_logits
from asn_nlp.labels import ASN_LABELS
from asn_nlp.model import JointModel, open_tokenizer

N_THEMES = len(ASN_LABELS.themes)


@pytest.fixture(scope="module")
def model(encoders) -> JointModel:
    torch.manual_seed(1)
    return JointModel.from_encoder(str(encoders["bert"]), ASN_LABELS).eval()


@pytest.fixture(scope="module")
def encoded(encoders, news) -> list[EncodedArticle]:
    """Long and short in turn, and two without any window."""
    long = Article("panjang", "\n".join(article.text for article in news))
    articles = [news[0], Article("kosong", ""), long, *news[1:], Article("spasi", " \n ")]
    return encode_articles(
        articles,
        open_tokenizer(str(encoders["bert"])),
        ASN_LABELS,
        window_size=24,
        window_context=4,
    )


def test_results_stand_in_the_order_of_the_articles(model, encoded):
    results = article_logits(model, encoded, pad_id=0, token_budget=100)
    assert len(results) == len(encoded)
    for article, result in zip(encoded, results, strict=True):
        tags, themes = [], []
        for window in article.windows:
            batch = collate([window], pad_id=0, n_themes=N_THEMES)
            with torch.inference_mode():
                output = model(**batch)
            tags.append(output.tag_logits[0].numpy())
            themes.append(output.theme_logits.numpy())
        alone = join_windows(article, tags, themes)
        np.testing.assert_allclose(result.tags, alone.tags, atol=1e-5)
        np.testing.assert_allclose(result.themes, alone.themes, atol=1e-5)
        assert len(result.tags) == len(article.offsets)
        assert len(result.themes) == len(article.passages)


@pytest.mark.parametrize("budget", [1, 30, 10_000])
def test_the_budget_changes_nothing_but_the_batches(model, encoded, budget):
    expected = article_logits(model, encoded, pad_id=0, token_budget=100)
    for one, other in zip(
        article_logits(model, encoded, pad_id=0, token_budget=budget), expected, strict=True
    ):
        np.testing.assert_allclose(one.tags, other.tags, atol=1e-5)
        np.testing.assert_allclose(one.themes, other.themes, atol=1e-5)


def test_batches_are_sorted_by_length_and_within_the_budget(model, encoded, monkeypatch):
    seen = []

    def watched(windows, **options):
        seen.append([len(window) for window in windows])
        return collate(windows, **options)

    monkeypatch.setattr(inference, "collate", watched)
    article_logits(model, encoded, pad_id=0, token_budget=100)
    lengths = [length for batch in seen for length in batch]
    assert lengths == sorted(lengths)
    assert all(len(batch) * max(batch) <= 100 for batch in seen)
    assert len(seen) > 3


def test_nothing_to_read_gives_nothing(model, encoded):
    assert article_logits(model, [], pad_id=0, token_budget=100) == []
    blank = next(article for article in encoded if not article.windows)
    (result,) = article_logits(model, [blank], pad_id=0, token_budget=100)
    assert len(result.tags) == len(result.themes) == 0
