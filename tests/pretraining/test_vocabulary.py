import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asn_nlp.pretraining.vocabulary import context_vectors, train_vocabulary

TEXTS = [
    "Gubernur Wayan Tirta menegur 12 pegawai yang terlambat, Senin (3/2).",
    "Kepala Dinas Sosial Bali melantik 140 guru PPPK di kantornya.",
    "Pegawai yang tertib memberi layanan baik, ujar Wayan Tirta.",
] * 5


@pytest.fixture(scope="module")
def tokenizer():
    return train_vocabulary(TEXTS, size=300, max_length=64)


def surfaces(tokenizer, text):
    offsets = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    return [text[start:end] for start, end in offsets["offset_mapping"]]


@given(st.text(alphabet="abguryGPTé 123,.–\n", max_size=40))
def test_tokens_cover_the_text_and_never_cross_glue(tokenizer, text):
    pieces = surfaces(tokenizer, text)
    assert "".join(pieces) == "".join(text.split())
    for piece in pieces:
        assert not re.search(r"[a-zé][A-Z]|[A-Za-zé][0-9]|[0-9][A-Za-zé]", piece)


def test_glued_words_are_words_of_their_own(tokenizer):
    encoding = tokenizer("pegawaiGubernur PPPK140", add_special_tokens=False)
    words = {}
    for word, piece in zip(
        encoding.word_ids(), surfaces(tokenizer, "pegawaiGubernur PPPK140"), strict=True
    ):
        words[word] = words.get(word, "") + piece
    assert list(words.values()) == ["pegawai", "Gubernur", "PPPK", "140"]


def test_vocabulary_is_cased_framed_and_says_how_long_inputs_are(tokenizer):
    assert len(tokenizer) <= 300
    assert tokenizer.model_max_length == 64
    assert tokenizer.tokenize("Gubernur") == ["Gubernur"] != tokenizer.tokenize("gubernur")
    ids = tokenizer("Gubernur")["input_ids"]
    assert tokenizer.convert_ids_to_tokens(ids) == ["[CLS]", "Gubernur", "[SEP]"]
    assert tokenizer.decode(tokenizer("pegawai tertib")["input_ids"][1:-1]) == "pegawai tertib"


def test_unwanted_letters_are_unknown_alone(tokenizer):
    assert tokenizer.tokenize("Tirta ☃") == ["Tirta", "[UNK]"]


def test_same_text_gives_the_same_vocabulary():
    # Ties between pieces abound in so little text; the trainer alone breaks them by chance.
    once, *more = [train_vocabulary(TEXTS, size=120, max_length=64).get_vocab() for _ in range(6)]
    assert all(vocabulary == once for vocabulary in more)


def test_words_of_like_contexts_are_near_each_other():
    rng = np.random.default_rng(0)
    fruit, fruit_context, tool, tool_context = (10, 11), (12, 13), (14, 15), (16, 17)
    ids = []
    for _ in range(400):
        word, context = (fruit, fruit_context) if rng.random() < 0.5 else (tool, tool_context)
        ids += [rng.choice(context), rng.choice(word), rng.choice(context), *[5] * 8]
    vectors = context_vectors(np.array(ids), vocabulary=20, size=6)
    assert vectors.shape == (20, 6)
    assert vectors.dtype == np.float32
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    assert unit[10] @ unit[11] > 0.9
    assert unit[14] @ unit[15] > 0.9
    assert unit[10] @ unit[14] < 0.5


def test_rows_are_equally_long_and_unseen_tokens_get_random_ones():
    ids = np.array([3, 4, 5, 3, 4, 5, 6, 3])
    vectors = context_vectors(ids, vocabulary=9, size=16)  # more columns than rows
    lengths = np.linalg.norm(vectors, axis=1)
    np.testing.assert_allclose(lengths[3:7], 0.02 * 4, rtol=1e-5)
    assert (lengths[[0, 1, 2, 7, 8]] > 0).all()
    again = context_vectors(ids, vocabulary=9, size=16)
    np.testing.assert_array_equal(vectors, again)
