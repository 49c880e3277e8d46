import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from asn_nlp.pretraining.masking import MaskedBatches, Masker, Tokens, fixed_batches, join, tokenise
from asn_nlp.pretraining.vocabulary import train_vocabulary

TEXTS = ["Pegawai menyerahkan laporan kinerja, kata Wayan Tirta.", "Bupati melantik 12 camat."]


def word_pieces():
    return train_vocabulary(TEXTS * 3, size=60, max_length=64)


def bytes_with_spaces():
    """A tokeniser that marks where words begin, as RoBERTa's does, not where they go on."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    tokenizer.train_from_iterator(
        TEXTS, trainers.BpeTrainer(vocab_size=60, special_tokens=special, show_progress=False)
    )
    names = ("cls_token", "pad_token", "sep_token", "unk_token", "mask_token")
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, **dict(zip(names, special, strict=True))
    )


@pytest.fixture(scope="module", params=[word_pieces, bytes_with_spaces])
def tokenizer(request):
    return request.param()


@pytest.fixture(scope="module")
def stream(tokenizer):
    stream = join(tokenise(TEXTS * 4, tokenizer))
    assert stream.continues.any()
    return stream


def test_streams_hold_words_as_the_tokeniser_sees_them_and_end_in_a_separator(tokenizer):
    streams = tokenise(TEXTS, tokenizer)
    assert len(streams) == 2
    for text, stream in zip(TEXTS, streams, strict=True):
        assert stream.ids[-1] == tokenizer.sep_token_id
        words = np.split(stream.ids[:-1], np.flatnonzero(~stream.continues[1:-1]) + 1)
        spelt = [tokenizer.decode(word).strip().replace(" ", "") for word in words]
        expected = text.replace(",", " ,").replace(".", " .").split()
        assert spelt == expected
        assert not stream.continues[0]
        assert not stream.continues[-1]


def test_no_word_reaches_from_one_document_into_the_next(tokenizer):
    both = join(tokenise(TEXTS, tokenizer))
    first = tokenise(TEXTS[:1], tokenizer)[0]
    assert not both.continues[len(first.ids)]


@given(seed=st.integers(0, 10_000), share=st.sampled_from([0.1, 0.3, 0.9]), shift=st.integers(0, 9))
def test_words_are_hidden_whole_or_not_at_all(tokenizer, stream, seed, share, shift):
    windows = Tokens(*(part[shift : shift + 60].reshape(3, 20) for part in stream))
    batch = Masker(tokenizer, share=share)(windows, np.random.default_rng(seed))
    hidden = np.zeros((3, 21), dtype=bool)
    hidden.flat[batch.positions] = True
    assert not hidden[:, 0].any()
    hidden = hidden[:, 1:]
    assert (hidden[:, 1:] == hidden[:, :-1])[windows.continues[:, 1:]].all()


def test_only_ordinary_tokens_are_hidden_and_targets_are_what_stood_there(tokenizer):
    ids = np.array([[7, 8, tokenizer.unk_token_id, 9, tokenizer.sep_token_id, 10]] * 50)
    windows = Tokens(ids.astype(np.int32), np.zeros(ids.shape, dtype=bool))
    batch = Masker(tokenizer, share=1.0)(windows, np.random.default_rng(0))
    assert batch.inputs.shape == (50, 7)
    assert batch.positions.tolist() == [7 * r + c for r in range(50) for c in (1, 2, 4, 6)]
    assert batch.targets.tolist() == [7, 8, 9, 10] * 50
    assert batch.inputs[:, 0].eq(tokenizer.cls_token_id).all()
    assert batch.inputs[:, 3].eq(tokenizer.unk_token_id).all()
    assert batch.inputs[:, 5].eq(tokenizer.sep_token_id).all()


def test_most_hidden_tokens_show_the_mask_some_another_and_some_themselves(tokenizer):
    ids = np.full((100, 100), 7, dtype=np.int32)
    batch = Masker(tokenizer, share=0.5)(
        Tokens(ids, np.zeros(ids.shape, dtype=bool)), np.random.default_rng(0)
    )
    assert len(batch.targets) == pytest.approx(5_000, rel=0.05)
    shown = batch.inputs.flatten()[batch.positions]
    masked = shown.eq(tokenizer.mask_token_id)
    assert masked.float().mean().item() == pytest.approx(0.85, abs=0.02)
    others = shown[~masked & shown.ne(7)]
    assert len(others) / len(shown) == pytest.approx(0.07, abs=0.02)
    assert not set(others.tolist()) & set(tokenizer.all_special_ids)
    left = torch.ones(batch.inputs.numel(), dtype=torch.bool)
    left[batch.positions] = False
    left = left.view_as(batch.inputs)[:, 1:]
    assert batch.inputs[:, 1:][left].eq(7).all()


def test_batches_depend_on_seed_and_number_alone_and_mix_the_streams(tokenizer):
    ones = Tokens(np.full(50, 7, dtype=np.int32), np.zeros(50, dtype=bool))
    twos = Tokens(np.full(9, 8, dtype=np.int32), np.zeros(9, dtype=bool))  # one window, exactly
    nothing = Masker(tokenizer, share=0.0)
    batch = MaskedBatches([(ones, 3), (twos, 2)], nothing, length=10, seed=0)[5]
    assert batch.inputs[:, 1].tolist() == [7, 7, 7, 8, 8]
    assert len(batch.targets) == 0
    masker = Masker(tokenizer, share=0.5)
    stream = join(tokenise(TEXTS, tokenizer))

    def inputs(seed, number):
        return MaskedBatches([(stream, 4)], masker, length=10, seed=seed)[number].inputs.tolist()

    assert inputs(1, 3) == inputs(1, 3)
    assert inputs(1, 3) != inputs(1, 4)
    assert inputs(1, 3) != inputs(2, 3)


def test_fixed_batches_cover_the_stream_in_order_and_are_always_masked_alike(tokenizer):
    ids = np.arange(7, 34, dtype=np.int32)
    stream = Tokens(ids, np.zeros(27, dtype=bool))
    blank = fixed_batches(stream, Masker(tokenizer, share=0.0), length=6, size=2, most=99)
    assert [len(batch.inputs) for batch in blank] == [2, 2, 1]
    read = torch.cat([batch.inputs[:, 1:].flatten() for batch in blank])
    assert read.tolist() == ids[:25].tolist()
    masker = Masker(tokenizer, share=0.5)
    one, other = (fixed_batches(stream, masker, length=6, size=2, most=3) for _ in range(2))
    assert sum(len(batch.inputs) for batch in one) == 3
    assert all(a.inputs.equal(b.inputs) for a, b in zip(one, other, strict=True))


def test_a_short_stream_is_one_fixed_input(tokenizer):
    stream = Tokens(np.array([7, 8, 9], dtype=np.int32), np.zeros(3, dtype=bool))
    (batch,) = fixed_batches(stream, Masker(tokenizer, share=0.0), length=99, size=4, most=9)
    assert batch.inputs.tolist() == [[tokenizer.cls_token_id, 7, 8, 9]]
