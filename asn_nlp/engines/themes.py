"""The theme head: the mean of a passage's token vectors to a logit a theme, for all engines."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class ThemeHead:
    weight: NDArray[np.float32]  # (themes, hidden)
    bias: NDArray[np.float32]  # (themes,)

    def __call__(
        self, vectors: NDArray[np.float32], pieces: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Logits (k, themes).

        Args:
            vectors: (b, t, hidden).
            pieces: (k, 3) rows of window, start and end, as ``reading.encoding.Batch`` has them.
        """
        means = np.empty((len(pieces), vectors.shape[2]), dtype=np.float32)
        for mean, (row, start, end) in zip(means, pieces.tolist(), strict=True):
            vectors[row, start:end].mean(axis=0, out=mean)
        return means @ self.weight.T + self.bias
