"""Text to masked inputs: tokens with word borders, windows of them, and whole words hidden."""

import sys
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset
from tqdm import tqdm
from transformers import PreTrainedTokenizerBase

_CHUNK = 1_000  # documents tokenised at once


class Tokens(NamedTuple):
    """A stream of tokens (n,), or windows of it (b, t)."""

    ids: NDArray[np.int32]
    continues: NDArray[np.bool_]  # the token goes on with the word of the one before


class MaskedBatch(NamedTuple):
    """Inputs with words hidden, and where which tokens are to be guessed."""

    inputs: Tensor  # (b, t)
    positions: Tensor  # (k,) into the flattened inputs
    targets: Tensor  # (k,)


def tokenise(documents: Sequence[str], tokenizer: PreTrainedTokenizerBase) -> list[Tokens]:
    """One stream a document, closed by the separator; the words are the tokeniser's own."""
    streams = []
    starts = range(0, len(documents), _CHUNK)
    for start in tqdm(starts, "tokenising", leave=False, file=sys.stdout, disable=None):
        encodings = tokenizer(
            list(documents[start : start + _CHUNK]), add_special_tokens=False, verbose=False
        ).encodings
        for encoding in encodings:
            ids = np.array([*encoding.ids, tokenizer.sep_token_id], dtype=np.int32)
            words = np.array([*encoding.word_ids, -1])
            streams.append(Tokens(ids, np.diff(words, prepend=-1) == 0))
    return streams


def join(streams: Sequence[Tokens]) -> Tokens:
    """Streams behind each other, or batches of equally long windows below each other."""
    return Tokens(
        np.concatenate([stream.ids for stream in streams]),
        np.concatenate([stream.continues for stream in streams]),
    )


class Masker:
    """Hides whole words: of their tokens 85 % become the mask, 7 % some other token, the rest stay.

    Args:
        share: share of the words to hide.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, *, share: float) -> None:
        self._share = share
        self._first = tokenizer.cls_token_id
        self._mask = tokenizer.mask_token_id
        # Not all rows of an embedding table need have a token (IndoBERT: 30,521 of 50,000).
        known = sorted(tokenizer.get_vocab().values())
        self._ordinary = np.setdiff1d(known, tokenizer.all_special_ids)
        self._may_hide = np.zeros(known[-1] + 1, dtype=np.bool_)
        self._may_hide[self._ordinary] = True

    def __call__(self, windows: Tokens, rng: np.random.Generator) -> MaskedBatch:
        """Put the classifier token before ``windows`` (b, t - 1) and hide words; special tokens,
        the unknown one among them, are never hidden."""
        ids = np.pad(windows.ids.astype(np.int64), ((0, 0), (1, 0)), constant_values=self._first)
        continues = np.pad(windows.continues, ((0, 0), (1, 0)))
        words = np.cumsum(~continues, axis=1, dtype=np.int64)  # (b, t)
        chosen = rng.random((len(ids), words.max() + 1)) < self._share
        hidden = np.take_along_axis(chosen, words, axis=1) & self._may_hide[ids]
        fate = rng.random(ids.shape)
        inputs = np.where(hidden & (fate < 0.85), self._mask, ids)
        other = hidden & (fate >= 0.93)
        inputs[other] = rng.choice(self._ordinary, other.sum())
        positions = np.flatnonzero(hidden)
        return MaskedBatch(
            torch.from_numpy(inputs),
            torch.from_numpy(positions),
            torch.from_numpy(ids.ravel()[positions]),
        )


class MaskedBatches(Dataset[MaskedBatch]):
    """The training batches by number; each depends on seed and number alone, so that a resumed run
    sees the ones it missed.

    Args:
        parts: streams, and how many inputs of a batch each gives, from random places.
        length: tokens of an input.
    """

    def __init__(
        self, parts: Sequence[tuple[Tokens, int]], masker: Masker, *, length: int, seed: int
    ) -> None:
        self._parts = parts
        self._masker = masker
        self._length = length
        self._seed = seed

    def __getitem__(self, number: int) -> MaskedBatch:
        rng = np.random.default_rng((self._seed, number))
        windows = []
        for stream, count in self._parts:
            starts = rng.integers(0, len(stream.ids) - self._length + 2, count)
            places = starts[:, None] + np.arange(self._length - 1)
            windows.append(Tokens(stream.ids[places], stream.continues[places]))
        return self._masker(join(windows), rng)


def fixed_batches(
    stream: Tokens, masker: Masker, *, length: int, size: int, most: int
) -> list[MaskedBatch]:
    """Batches of ``size`` inputs from the beginning of ``stream``, always masked alike.

    Args:
        length: tokens of an input; fewer where the stream is shorter.
        most: inputs altogether, at most.
    """
    width = min(length - 1, len(stream.ids))
    rows = min(most, len(stream.ids) // width)
    ids = stream.ids[: rows * width].reshape(rows, width)
    continues = stream.continues[: rows * width].reshape(rows, width)
    rng = np.random.default_rng(0)
    return [
        masker(Tokens(ids[start : start + size], continues[start : start + size]), rng)
        for start in range(0, rows, size)
    ]
