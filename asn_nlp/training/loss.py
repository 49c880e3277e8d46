"""What training minimises."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from asn_nlp.reading.encoding import IGNORED, EncodedArticle
from asn_nlp.training.model import JointOutput

Loss = Callable[[JointOutput, Tensor, Tensor, tuple[float, float]], Tensor]
"""Model output, gold tags (b, t), gold themes (k, themes) and shares to the loss ().

The shares weigh the means over tags and over themes where the inputs are a part of a batch
(``memory.split_batch``), and are 1 where they are the whole.
"""


def joint_loss(*, theme_weight: float, theme_positive_weight: Tensor) -> Loss:
    """The mean cross-entropy of the tags plus ``theme_weight`` times the mean binary cross-entropy
    of the themes, whose positives weigh ``theme_positive_weight`` (themes,)."""

    def loss(
        output: JointOutput,
        tags: Tensor,
        themes: Tensor,
        shares: tuple[float, float] = (1.0, 1.0),
    ) -> Tensor:
        of_tags, of_themes = shares
        total = of_tags * functional.cross_entropy(
            output.tag_logits.flatten(0, 1).float(), tags.flatten(), ignore_index=IGNORED
        )
        if themes.numel():
            weight = theme_weight * of_themes
            total = total + weight * functional.binary_cross_entropy_with_logits(
                output.theme_logits.float(),
                themes,
                pos_weight=theme_positive_weight.to(themes.device),
            )
        return total

    return loss


def positive_weight(articles: Sequence[EncodedArticle], n_themes: int) -> Tensor:
    """Weight (themes,) of a theme's positives: the square root of negatives over positives, which
    lifts rare themes without letting them drown the frequent ones."""
    gold = [
        piece.themes
        for article in articles
        for window in article.windows
        for piece in window.pieces
        if piece.themes is not None
    ]
    positives = np.sum(gold, axis=0) if gold else np.zeros(n_themes)
    weight = np.sqrt((len(gold) - positives) / np.maximum(positives, 1))
    return torch.tensor(np.clip(weight, 1, 10), dtype=torch.float32)
