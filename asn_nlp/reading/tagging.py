"""Character spans to IOB2 tags over tokens, and back along the best legal path.

Tags are ids of ``LabelSet.tags``: 0 is ``O``, then ``B-`` (odd) and ``I-`` (even) of each type.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from asn_nlp.articles import EntitySpan
from asn_nlp.labels import LabelSet

# First token, the one behind the last, and the id of the tag that begins the entity, to a score.
SpanScore = Callable[[int, int, int], float]

_LINE_BREAKS = [ord("\n"), ord("\r")]


@dataclass(frozen=True, slots=True)
class TaggedTokens:
    """``tags``: one id a token; ``unaligned``: spans no token boundaries can express exactly."""

    tags: NDArray[np.int64]
    unaligned: tuple[EntitySpan, ...]


def spans_to_tags(
    spans: Sequence[EntitySpan], offsets: NDArray[np.int64], labels: LabelSet
) -> TaggedTokens:
    """Tag the tokens at ``offsets`` (n, 2) with the entities they overlap.

    A span that starts or ends inside a token is listed in ``unaligned`` and still tagged on every
    token it touches, so that no annotation is lost to training.
    """
    tags = np.zeros(len(offsets), dtype=np.int64)
    unaligned = []
    for span in spans:
        first = int(np.searchsorted(offsets[:, 1], span.start, side="right"))
        last = int(np.searchsorted(offsets[:, 0], span.end, side="left"))
        if first >= last:
            unaligned.append(span)
            continue
        if offsets[first, 0] != span.start or offsets[last - 1, 1] != span.end:
            unaligned.append(span)
        begin = labels.tag_ids[f"B-{span.label}"]
        tags[first:last] = begin + 1
        tags[first] = begin
    return TaggedTokens(tags, tuple(unaligned))


def code_points(text: str) -> NDArray[np.uint32]:
    """The code points (characters,) of ``text``, which offsets count."""
    return np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)


def inside_word(text: str, offsets: NDArray[np.int64]) -> NDArray[np.bool_]:
    """For each token (n,) whether it goes on with a word that the token before it began.

    Outlets lose the space or the line break between two words; a capital behind a small letter, a
    small letter behind two capitals, or a digit beside a letter shows where (``daerahGubernur``,
    ``MHmengatakan``), and counts as the beginning of a word.
    """
    starts = offsets[:, 0]
    continues = np.zeros(len(offsets), dtype=np.bool_)
    # Tokens that share a character, as the bytes of an accented letter do.
    continues[1:] = starts[1:] < offsets[:-1, 1]
    behind = np.flatnonzero((starts > 0) & (starts < len(text)))
    if len(behind) == 0:
        return continues
    distinct, place = np.unique(code_points(text), return_inverse=True)
    characters = [chr(code) for code in distinct.tolist()]

    def has(test: Callable[[str], bool], positions: NDArray[np.int64]) -> NDArray[np.bool_]:
        return np.array([test(character) for character in characters])[place[positions]]

    here, before = starts[behind], starts[behind] - 1
    in_word = has(str.isalnum, here) & has(str.isalnum, before)
    after_capitals = has(str.isupper, before) & has(str.isupper, np.maximum(before - 1, 0))
    glued = (
        (has(str.islower, before) & has(str.isupper, here))
        | (after_capitals & (before > 0) & has(str.islower, here))
        | (has(str.isdigit, before) != has(str.isdigit, here))
    )
    continues[behind] |= in_word & ~glued
    return continues


def begins_line(text: str, offsets: NDArray[np.int64]) -> NDArray[np.bool_]:
    """For each token (n,) whether a line break lies between it and the token before it."""
    breaks = np.cumsum(np.isin(code_points(text), _LINE_BREAKS))
    lines = np.concatenate([[0], breaks])[offsets[:, 0]]  # breaks before the token
    return np.diff(lines, prepend=0) > 0


def legal_transitions(labels: LabelSet) -> NDArray[np.float32]:
    """(tags + 1, tags): 0 where a tag may follow another, -inf where not; last row: the start."""
    n = len(labels.tags)
    scores = np.zeros((n + 1, n), dtype=np.float32)
    for inside in range(2, n, 2):
        scores[:, inside] = -np.inf
        scores[[inside - 1, inside], inside] = 0
    return scores


def best_paths(
    emissions: Sequence[NDArray[np.float32]],
    continues: Sequence[NDArray[np.bool_]],
    *,
    transitions: NDArray[np.float32],
    word_break_cost: float,
) -> list[NDArray[np.int64]]:
    """The best tag path of each sequence (Viterbi), all sequences side by side.

    Args:
        emissions: log-probabilities (n_i, tags) of each sequence.
        continues: (n_i,) from ``inside_word``.
        transitions: (tags + 1, tags) from ``legal_transitions``, or learned ones; last row: start.
        word_break_cost: taken off a path that begins, ends or changes an entity inside a word.
    """
    if not any(map(len, emissions)):
        return [np.zeros(0, dtype=np.int64)] * len(emissions)
    n_tags = transitions.shape[1]
    tag = np.arange(n_tags)
    same_entity = (tag[:, None] + 1) // 2 == (tag[None, :] + 1) // 2
    stays = same_entity & ((tag[None, :] == 0) | (tag[None, :] % 2 == 0))
    inside = transitions[:-1] - np.where(stays, 0, np.float32(word_break_cost))
    choices = np.stack([transitions[:-1], inside])  # (2, from, to)

    lengths = np.array([len(emission) for emission in emissions])
    order = np.argsort(-lengths, kind="stable")
    # Packed by step, longest sequence first: the ones still running at a step lie side by side,
    # and one long article beside many short ones pads nothing.
    running = np.searchsorted(-lengths[order], -np.arange(lengths.max()), side="left")
    first = np.concatenate([[0], np.cumsum(running)])
    places = {index: first[: lengths[index]] + row for row, index in enumerate(order[: running[0]])}
    packed = np.empty((first[-1], n_tags), dtype=np.float32)
    within = np.empty(first[-1], dtype=np.int64)
    for index, place in places.items():
        packed[place] = emissions[index]
        within[place] = continues[index]
    steps = [slice(start, end) for start, end in pairwise(first.tolist())]
    back = np.zeros((first[-1], n_tags), dtype=np.int8)
    score = transitions[-1] + packed[steps[0]]  # (sequences, tags)
    for step, active in zip(steps[1:], running[1:], strict=True):
        candidates = score[:active, :, None] + choices[within[step]]
        back[step] = candidates.argmax(axis=1)
        score[:active] = candidates.max(axis=1) + packed[step]
    tags = score.argmax(axis=1)
    best = np.empty(first[-1], dtype=np.int64)
    for step, active in zip(reversed(steps), reversed(running), strict=True):
        best[step] = tags[:active]
        tags[:active] = back[step][np.arange(active), tags[:active]]
    paths = [np.zeros(0, dtype=np.int64)] * len(emissions)
    for index, place in places.items():
        paths[index] = best[place]
    return paths


def tags_to_spans(
    tags: NDArray[np.int64],
    offsets: NDArray[np.int64],
    labels: LabelSet,
    score: SpanScore | None = None,
) -> list[EntitySpan]:
    """Entities of a tag path: ``B-`` opens one, each ``I-`` of the same type behind it extends it.

    A stray ``I-`` opens nothing: strict IOB2 does not know it. Byte-level and SentencePiece
    tokenisers give several tokens to one character, or a token to none; characters stay with the
    entity that has them first, and an entity of no character is none.
    """
    spans = []
    end = 0
    begins = np.flatnonzero(tags % 2 == 1)
    for first in begins.tolist():
        begin = int(tags[first])
        last = first + 1
        while last < len(tags) and tags[last] == begin + 1:
            last += 1
        tokens = offsets[first:last]
        tokens = tokens[tokens[:, 1] > np.maximum(tokens[:, 0], end)]
        if len(tokens):
            start, end = max(int(tokens[0, 0]), end), int(tokens[-1, 1])
            value = score(first, last, begin) if score else None
            spans.append(EntitySpan(start, end, labels.tags[begin][2:], value))
    return spans
