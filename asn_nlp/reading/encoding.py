"""Articles to model inputs: tokens with offsets, windows, labels, and batches by token budget."""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from asn_nlp.articles import Article
from asn_nlp.config import WindowConfig
from asn_nlp.labels import LabelSet
from asn_nlp.passages import Passage, overlaps, split_passages
from asn_nlp.reading.casing import ordinary_case
from asn_nlp.reading.tagging import begins_line, code_points, inside_word, spans_to_tags
from asn_nlp.reading.windows import Window, cut_windows

IGNORED = -100  # the tag of tokens that a window does not decide; a loss passes over it

_SPACES = [code for code in range(0x3001) if chr(code).isspace()]
_FIRST_MARK = 0x0300


@dataclass(frozen=True, slots=True)
class PassagePiece:
    """The tokens ``start:end`` of a window that belong to one passage of the article.

    ``passage`` is its place in ``EncodedArticle.passages``, or -1 for a theme span that is no
    whole passage and only serves as an example in training.
    """

    passage: int
    start: int
    end: int
    themes: NDArray[np.float32] | None  # (themes,) multi-hot gold


@dataclass(frozen=True, slots=True)
class EncodedWindow:
    """One input of the encoder. Positions count the window's tokens, special ones included."""

    article: int
    window: Window
    input_ids: NDArray[np.int64]  # (t,)
    own: slice  # positions decided in this window
    tags: NDArray[np.int64] | None  # (t,) gold, IGNORED outside ``own``
    pieces: tuple[PassagePiece, ...]

    def __len__(self) -> int:
        return len(self.input_ids)


@dataclass(frozen=True, slots=True)
class EncodedArticle:
    """An article's tokens: ``offsets`` (n, 2) into its text; ``continues`` (n,) a word,
    ``begins_line`` (n,): see tagging."""

    article: Article
    offsets: NDArray[np.int64]
    continues: NDArray[np.bool_]
    begins_line: NDArray[np.bool_]
    passages: tuple[Passage, ...]
    windows: tuple[EncodedWindow, ...]
    unaligned: int  # gold entities no token boundaries can express exactly


def encode_articles(
    articles: Sequence[Article],
    tokenizer: Tokenizer,
    labels: LabelSet,
    config: WindowConfig,
    *,
    with_gold: bool = False,
) -> list[EncodedArticle]:
    """Tokenise whole articles, in ordinary case, and cut them into windows; nothing is truncated.

    Args:
        with_gold: attach the articles' own spans. ``labels`` must know those of a kind that it has,
            entities or themes; those of a kind that it has not are left out.

    Raises:
        ConfigError: the window has no room for a token of its own.
    """
    prefix, suffix = _special_tokens(tokenizer)
    divided = [tuple(split_passages(article.text)) for article in articles]
    encodings = tokenizer.encode_batch(
        [
            ordinary_case(article.text, passages)
            for article, passages in zip(articles, divided, strict=True)
        ],
        add_special_tokens=False,
    )
    encoded = []
    for index, (article, passages) in enumerate(zip(articles, divided, strict=True)):
        offsets = np.array(encodings[index].offsets, dtype=np.int64).reshape(-1, 2)
        ids = np.array(encodings[index].ids, dtype=np.int64)
        offsets = _fitted(article.text, offsets)
        gold_tags = None
        unaligned = 0
        if with_gold:
            entities = article.entities if labels.entities else ()
            tagged = spans_to_tags(entities, offsets, labels)
            gold_tags = tagged.tags
            unaligned = len(tagged.unaligned)
            examples = _theme_examples(article, passages, labels)
        else:
            examples = [ThemeExample(i, p.start, p.end, None) for i, p in enumerate(passages)]
        covered = np.stack(
            [
                np.searchsorted(offsets[:, 1], [e.start for e in examples], side="right"),
                np.searchsorted(offsets[:, 0], [e.end for e in examples], side="left"),
            ],
            axis=1,
        )
        windows = []
        for window in cut_windows(
            len(ids),
            size=config.size - len(prefix) - len(suffix),
            context=config.context,
            boundaries=covered[: len(passages), 0].tolist(),
        ):
            shift = len(prefix) - window.start
            tags = None
            if gold_tags is not None:
                tags = np.full(len(prefix) + window.end - window.start + len(suffix), IGNORED)
                owned = gold_tags[window.own_start : window.own_end]
                tags[window.own_start + shift : window.own_end + shift] = owned
            windows.append(
                EncodedWindow(
                    index,
                    window,
                    np.concatenate([prefix, ids[window.start : window.end], suffix]),
                    slice(window.own_start + shift, window.own_end + shift),
                    tags,
                    _pieces(examples, covered, window, shift),
                )
            )
        encoded.append(
            EncodedArticle(
                article,
                offsets,
                inside_word(article.text, offsets),
                begins_line(article.text, offsets),
                passages,
                tuple(windows),
                unaligned,
            )
        )
    return encoded


class Batch(NamedTuple):
    """Windows padded to one length."""

    input_ids: NDArray[np.int64]  # (b, t)
    attention_mask: NDArray[np.int64]  # (b, t), 1 where there is a token
    pieces: NDArray[np.int64]  # (k, 3) rows of window, start and end


def token_offsets(text: str, tokenizer: Tokenizer) -> NDArray[np.int64]:
    """The characters (n, 2) of each token of ``text``, as ``EncodedArticle`` has them."""
    printed = ordinary_case(text, split_passages(text))
    offsets = tokenizer.encode(printed, add_special_tokens=False).offsets
    return _fitted(text, np.array(offsets, dtype=np.int64).reshape(-1, 2))


def collate(windows: Sequence[EncodedWindow], *, pad_id: int) -> Batch:
    """One batch of at least one window; shorter ones are padded behind."""
    shape = len(windows), max(map(len, windows))
    input_ids = np.full(shape, pad_id, dtype=np.int64)
    attention_mask = np.zeros(shape, dtype=np.int64)
    for row, window in enumerate(windows):
        input_ids[row, : len(window)] = window.input_ids
        attention_mask[row, : len(window)] = 1
    pieces = [
        (row, piece.start, piece.end)
        for row, window in enumerate(windows)
        for piece in window.pieces
    ]
    return Batch(input_ids, attention_mask, np.array(pieces, dtype=np.int64).reshape(-1, 3))


def batches_by_tokens(lengths: Iterable[int], budget: int) -> list[list[int]]:
    """Group the indices of ``lengths``, in the order given, so that no batch when padded to its
    longest member exceeds ``budget`` tokens; a longer single item is a batch of its own."""
    batches: list[list[int]] = []
    longest = 0
    for index, length in enumerate(lengths):
        longest = max(longest, length)
        if not batches or longest * (len(batches[-1]) + 1) > budget:
            batches.append([])
            longest = length
        batches[-1].append(index)
    return batches


def _special_tokens(tokenizer: Tokenizer) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """What the tokeniser puts before and after a text."""
    framed = tokenizer.encode("a")
    inner = np.flatnonzero(np.array(framed.special_tokens_mask) == 0)
    ids = np.array(framed.ids, dtype=np.int64)
    start, end = (inner[0], inner[-1] + 1) if len(inner) else (len(ids), len(ids))
    return ids[:start], ids[end:]


def _fitted(text: str, offsets: NDArray[np.int64]) -> NDArray[np.int64]:
    """Offsets (n, 2) without the white space before a word, which byte-level and SentencePiece
    tokenisers count in, and with the marks on its last letter, which uncased word pieces drop."""
    points = code_points(text)
    rare = np.unique(points[points >= _FIRST_MARK]).tolist()
    marks = [code for code in rare if unicodedata.category(chr(code)).startswith("M")]
    starts, ends = offsets.T
    starts = np.minimum(_first_outside(np.isin(points, _SPACES))[starts], ends)
    marked = np.minimum(
        _first_outside(np.isin(points, marks))[ends], np.append(starts[1:], len(text))
    )
    ends = np.where(starts < ends, np.maximum(ends, marked), ends)
    return np.stack([starts, ends], axis=1)


def _first_outside(members: NDArray[np.bool_]) -> NDArray[np.int64]:
    """For each position (n + 1,) the first one at or behind it that is no member (n,)."""
    places = np.arange(len(members) + 1)
    places[:-1][members] = len(members)
    return np.minimum.accumulate(places[::-1])[::-1]


class ThemeExample(NamedTuple):
    """Characters ``start:end`` with their themes; ``passage`` as in ``PassagePiece``."""

    passage: int
    start: int
    end: int
    themes: NDArray[np.float32] | None


def _theme_examples(
    article: Article, passages: Sequence[Passage], labels: LabelSet
) -> list[ThemeExample]:
    n_themes = len(labels.themes)
    gold = np.zeros((len(passages), n_themes), dtype=np.float32)
    parts: dict[tuple[int, int], NDArray[np.float32]] = {}
    for span in article.themes if labels.themes else ():
        theme = labels.theme_ids[span.label]
        for overlap in overlaps(span.start, span.end, passages):
            if overlap.marks:
                gold[overlap.place, theme] = 1
            else:
                place = overlap.start, overlap.end
                parts.setdefault(place, np.zeros(n_themes, dtype=np.float32))[theme] = 1
    whole = [ThemeExample(i, p.start, p.end, gold[i]) for i, p in enumerate(passages)]
    return whole + [ThemeExample(-1, *place, themes) for place, themes in parts.items()]


def _pieces(
    examples: Sequence[ThemeExample], tokens: NDArray[np.int64], window: Window, shift: int
) -> tuple[PassagePiece, ...]:
    """The parts of ``examples``, which cover ``tokens`` (k, 2), that ``window`` owns."""
    first = np.maximum(tokens[:, 0], window.own_start)
    last = np.minimum(tokens[:, 1], window.own_end)
    return tuple(
        PassagePiece(
            examples[index].passage,
            int(first[index]) + shift,
            int(last[index]) + shift,
            examples[index].themes,
        )
        for index in np.flatnonzero(first < last).tolist()
    )
