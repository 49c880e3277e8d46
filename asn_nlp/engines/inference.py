"""An engine over encoded articles: batches by token budget, windows sorted by length."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from asn_nlp.engines.protocol import Engine
from asn_nlp.engines.themes import PieceThemes, ThemeHead
from asn_nlp.errors import RunError
from asn_nlp.reading.decoding import ArticleLogits, join_windows
from asn_nlp.reading.encoding import EncodedArticle, batches_by_tokens, collate


def article_logits(
    engine: Engine, theme_head: ThemeHead, articles: Sequence[EncodedArticle], *, pad_id: int
) -> list[ArticleLogits]:
    """Run ``engine`` over every window once; results in the order of ``articles``.

    Raises:
        RunError: the engine fails, or says what is no finite number.
    """
    windows = [window for article in articles for window in article.windows]
    order = sorted(range(len(windows)), key=lambda index: len(windows[index]))
    nothing = np.zeros((0, 0), dtype=np.float32)
    tags: list[NDArray[np.float32]] = [nothing] * len(windows)
    themes = [PieceThemes(nothing, nothing)] * len(windows)
    lengths = [len(windows[index]) for index in order]
    for batch in batches_by_tokens(lengths, engine.token_budget):
        members = [order[place] for place in batch]
        inputs = collate([windows[index] for index in members], pad_id=pad_id)
        output = engine(inputs.input_ids, inputs.attention_mask)
        logits, mass = theme_head(output.vectors, inputs.pieces)
        tokens = output.tags[inputs.attention_mask == 1]
        if not (np.isfinite(tokens).all() and np.isfinite(logits).all()):
            raise RunError(
                "the model says of a text what is no finite number; its weights are damaged or "
                "were trained astray: copy the run again, or train anew with lower rates"
            )
        first = 0
        for row, index in enumerate(members):
            tags[index] = output.tags[row, : len(windows[index])]
            last = first + len(windows[index].pieces)
            themes[index] = PieceThemes(logits[first:last], mass[first:last])
            first = last
    joined, first = [], 0
    for article in articles:
        last = first + len(article.windows)
        joined.append(join_windows(article, tags[first:last], themes[first:last]))
        first = last
    return joined
