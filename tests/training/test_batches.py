import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from asn_nlp.articles import Article
from asn_nlp.config import WindowConfig
from asn_nlp.labels import ASN_LABELS
from asn_nlp.reading.encoding import IGNORED, collate, encode_articles
from asn_nlp.training.batches import TokenBatches, collate_gold


@given(
    st.lists(st.integers(1, 300), min_size=1, max_size=60),
    st.integers(50, 1_000),
    st.integers(0, 5),
)
def test_epochs_have_all_windows_in_equally_many_batches(lengths, budget, seed):
    def epoch(number: int) -> list[list[int]]:
        batches = TokenBatches(lengths, budget=budget, seed=seed)
        batches.set_epoch(number)
        assert len(list(batches)) == len(batches)
        return list(batches)

    first, second = epoch(0), epoch(1)
    assert first == epoch(0)
    assert len(first) == len(second)
    for batches in (first, second):
        assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
        for batch in batches:
            padded = max(lengths[index] for index in batch) * len(batch)
            assert padded <= budget or len(batch) == 1


def test_epochs_differ_and_so_do_seeds():
    lengths = [7 * n % 64 + 1 for n in range(200)]

    def epoch(seed: int, number: int) -> list[list[int]]:
        batches = TokenBatches(lengths, budget=256, seed=seed)
        batches.set_epoch(number)
        return list(batches)

    orders = [epoch(0, 0), epoch(0, 1), epoch(1, 0)]
    company = [{frozenset(batch) for batch in order} for order in orders]
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert orders[one] != orders[other]
        assert company[one] != company[other], "the same windows always meet"


def test_gold_stands_beside_its_tokens_and_pieces(tiny_tokenizer, news):
    encoded = encode_articles(
        [*news[:3], Article("a", "***")],
        tiny_tokenizer.backend_tokenizer,
        ASN_LABELS,
        WindowConfig(24, 4),
        with_gold=True,
    )
    windows = [window for article in encoded for window in article.windows]
    batch = collate_gold(windows, pad_id=0, n_themes=len(ASN_LABELS.themes))
    for name, values in collate(windows, pad_id=0)._asdict().items():
        np.testing.assert_array_equal(batch[name], values)
    assert batch["tags"].shape == batch["input_ids"].shape
    assert batch["tags"].dtype == torch.int64
    for row, window in enumerate(windows):
        assert batch["tags"][row, : len(window)].tolist() == window.tags.tolist()
        assert set(batch["tags"][row, len(window) :].tolist()) <= {IGNORED}
    themes = [piece.themes.tolist() for window in windows for piece in window.pieces]
    assert batch["themes"].tolist() == themes
    alone = collate_gold(windows[-1:], pad_id=0, n_themes=len(ASN_LABELS.themes))
    assert alone["themes"].shape == (0, len(ASN_LABELS.themes))
