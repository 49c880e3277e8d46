"""Windows to the batches that training sees."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Sampler

from asn_nlp.reading.encoding import IGNORED, EncodedWindow, batches_by_tokens, collate

_LENGTH_STEP = 16  # tokens


def collate_gold(
    windows: Sequence[EncodedWindow], *, pad_id: int, n_themes: int
) -> dict[str, Tensor]:
    """Pad windows with gold to one batch.

    Returns:
        ``input_ids``, ``attention_mask``, ``tags`` (b, t); ``pieces`` (k, 3) as
        ``reading.encoding.Batch`` has them; ``themes`` (k, themes).
    """
    batch = collate(windows, pad_id=pad_id)
    tags = np.full(batch.input_ids.shape, IGNORED)
    for row, window in enumerate(windows):
        tags[row, : len(window)] = window.tags
    gold = [p.themes for window in windows for p in window.pieces if p.themes is not None]
    themes = np.stack(gold) if gold else np.zeros((0, n_themes), dtype=np.float32)
    return {
        **{name: torch.from_numpy(value) for name, value in batch._asdict().items()},
        "tags": torch.from_numpy(tags),
        "themes": torch.from_numpy(themes),
    }


class TokenBatches(Sampler[list[int]]):
    """Shuffled batches of windows of like length, at most ``budget`` tokens each when padded.

    The order depends on seed and epoch alone, so that a resumed run sees the batches it missed;
    the number of batches is the same in every epoch.
    """

    def __init__(self, lengths: Sequence[int], *, budget: int, seed: int) -> None:
        # Windows whose lengths round up to the same step change places, so that not always the
        # same ones meet in a batch.
        self._lengths = -(-np.array(lengths) // _LENGTH_STEP) * _LENGTH_STEP
        self._slots = batches_by_tokens(np.sort(self._lengths).tolist(), budget)
        self._seed = seed
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        self._epoch = epoch

    def __len__(self) -> int:
        return len(self._slots)

    def __iter__(self) -> Iterator[list[int]]:
        rng = np.random.default_rng((self._seed, self._epoch))
        order = np.lexsort((rng.random(len(self._lengths)), self._lengths))
        for slot in rng.permutation(len(self._slots)):
            yield order[self._slots[slot]].tolist()
