"""What every engine is: a batch of token ids to tag logits and token vectors."""

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray


class Output(NamedTuple):
    tags: NDArray[np.float32]  # (b, t, tags) logits
    vectors: NDArray[np.float32]  # (b, t, hidden), what the tags' logits were made from


class Engine(Protocol):
    """Runs the encoder and the token classifier of a run; may be called by several threads at once.

    Attributes:
        token_budget: tokens of a batch, padding included, with which it is fast.
        at_once: batches that it reads at once, each called for by another thread.
    """

    token_budget: int
    at_once: int

    def __call__(self, input_ids: NDArray[np.int64], attention_mask: NDArray[np.int64]) -> Output:
        """Both (b, t); padding is 0 in ``attention_mask`` and its output means nothing."""
        ...
