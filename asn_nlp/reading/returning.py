"""Names that return: an article introduces a name in full and then goes on with a part of it.

The encoder looks at one window, and in part at a few neighbours; the article as a whole knows more.
So an article is read twice: what a first look has found makes its words likelier where they return.
"""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from asn_nlp.articles import EntitySpan
from asn_nlp.labels import LabelSet

_WORD = re.compile(r"[^\W\d_][\w’'`-]*")
_SHORTEST = 3  # letters; what is shorter is an initial or a degree


def returning_words(
    text: str,
    offsets: NDArray[np.int64],
    spans: Sequence[EntitySpan],
    biases: Sequence[float],
    labels: LabelSet,
) -> NDArray[np.float32] | None:
    """What to add to the log-probabilities (n, tags): the bias of a type on both its tags, at each
    capitalised word that stands in an entity of that type and returns outside all entities.

    Args:
        offsets: (n, 2) of the tokens.
        spans: the entities of the first look.
        biases: one an entity type, in the order of the label set.

    Returns:
        None where no word returns.
    """
    types = {label: bias for label, bias in zip(labels.entities, biases, strict=True) if bias}
    known = {
        word.casefold(): span.label
        for span in spans
        if span.label in types
        for word in _WORD.findall(text, span.start, span.end)
        if _is_name(word)
    }
    if not known:
        return None
    taken = np.zeros(len(text), dtype=np.bool_)
    for span in spans:
        taken[span.start : span.end] = True
    added = np.zeros((len(offsets), len(labels.tags)), dtype=np.float32)
    for word in _WORD.finditer(text):
        label = known.get(word.group().casefold()) if _is_name(word.group()) else None
        if label is None or taken[word.start() : word.end()].any():
            continue
        first = np.searchsorted(offsets[:, 1], word.start(), side="right")
        last = np.searchsorted(offsets[:, 0], word.end(), side="left")
        begin = labels.tag_ids[f"B-{label}"]
        added[first:last, begin : begin + 2] = types[label]
    return added if added.any() else None


def _is_name(word: str) -> bool:
    return len(word) >= _SHORTEST and word[0].isupper()
