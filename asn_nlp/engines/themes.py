"""The theme head: the token vectors of a passage to a logit a theme, for all engines."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

MOST_ATTENTION = 15.0
"""Scores of attention lie between this and its negative, so that exponentials stay in float32."""


class PieceThemes(NamedTuple):
    """What each theme reads in each piece of a passage."""

    logits: NDArray[np.float32]  # (k, themes)
    mass: NDArray[np.float32]  # (k, themes), above 0: how much of the passage's attention it has


@dataclass(frozen=True, slots=True)
class ThemeHead:
    """Each theme weighs the tokens of a passage by an attention of its own and reads their mean.

    So one sentence of a long passage is heard. Attention of zero is the plain mean.
    """

    weight: NDArray[np.float32]  # (themes, hidden)
    bias: NDArray[np.float32]  # (themes,)
    attention: NDArray[np.float32]  # (themes, hidden)

    def with_means(self) -> "ThemeHead":
        """One whose logits are followed by the means (hidden,) of the token vectors."""
        hidden = self.weight.shape[1]
        return ThemeHead(
            np.concatenate([self.weight, np.eye(hidden, dtype=np.float32)]),
            np.concatenate([self.bias, np.zeros(hidden, dtype=np.float32)]),
            np.concatenate([self.attention, np.zeros((hidden, hidden), dtype=np.float32)]),
        )

    def __call__(self, vectors: NDArray[np.float32], pieces: NDArray[np.int64]) -> PieceThemes:
        """
        Args:
            vectors: (b, t, hidden).
            pieces: (k, 3) rows of window, start and end, as ``reading.encoding.Batch`` has them.
        """
        evidence = vectors @ self.weight.T  # (b, t, themes)
        scores = vectors @ self.attention.T
        weights = np.exp(scores.clip(-MOST_ATTENTION, MOST_ATTENTION))
        logits = np.empty((len(pieces), len(self.bias)), dtype=np.float32)
        mass = np.empty_like(logits)
        for k, (row, start, end) in enumerate(pieces.tolist()):
            weight = weights[row, start:end]
            mass[k] = weight.sum(axis=0)
            logits[k] = (weight * evidence[row, start:end]).sum(axis=0) / mass[k] + self.bias
        return PieceThemes(logits, mass)
