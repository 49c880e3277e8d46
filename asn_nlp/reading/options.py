"""How the logits of a trained model are read: tuned on dev, kept in the run folder."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DecodeOptions:
    """
    Attributes:
        word_break_cost: taken off a path that begins, ends or changes an entity inside a word; 0
            or more.
        outside_bias: added to the log-probability of O; above 0 it takes precision for recall.
        theme_thresholds: in [0, 1], one a theme, in the order of the label set.
        returning_biases: added to the log-probabilities of a type's tags where a word of one of
            its entities returns in the article; 0 or more, one a type, in the order of the label
            set.
    """

    word_break_cost: float
    outside_bias: float
    theme_thresholds: tuple[float, ...]
    returning_biases: tuple[float, ...]
