"""A model over encoded articles: batches by token budget, windows sorted by length."""

from collections.abc import Sequence

import numpy as np
import torch

from asn_nlp.decoding import ArticleLogits, join_windows
from asn_nlp.encoding import EncodedArticle, batches_by_tokens, collate
from asn_nlp.model import JointModel


@torch.inference_mode()
def article_logits(
    model: JointModel, articles: Sequence[EncodedArticle], *, pad_id: int, token_budget: int
) -> list[ArticleLogits]:
    """Run ``model`` over every window once; results in the order of ``articles``."""
    device = next(model.parameters()).device
    n_themes = len(model.labels.themes)
    windows = [window for article in articles for window in article.windows]
    order = sorted(range(len(windows)), key=lambda index: len(windows[index]))
    nothing = np.zeros((0, 0), dtype=np.float32)
    tag_logits, theme_logits = [nothing] * len(windows), [nothing] * len(windows)
    for batch in batches_by_tokens([len(windows[index]) for index in order], token_budget):
        members = [order[index] for index in batch]
        inputs = collate([windows[i] for i in members], pad_id=pad_id, n_themes=n_themes)
        output = model(
            *(inputs[name].to(device) for name in ("input_ids", "attention_mask", "pieces"))
        )
        tags = output.tag_logits.float().cpu().numpy()
        themes = output.theme_logits.float().cpu().numpy()
        first = 0
        for row, index in enumerate(members):
            tag_logits[index] = tags[row, : len(windows[index])]
            last = first + len(windows[index].pieces)
            theme_logits[index] = themes[first:last]
            first = last
    joined, first = [], 0
    for article in articles:
        last = first + len(article.windows)
        joined.append(join_windows(article, tag_logits[first:last], theme_logits[first:last]))
        first = last
    return joined
