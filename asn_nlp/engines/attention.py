"""Attention that computes only what it looks at; importing it makes transformers know its name.

A layer with a sliding window compares each token with its neighbours within ``reach`` alone. Blocks
of ``2 * reach`` queries meet ``4 * reach`` keys, so that time and memory grow with the length of
the text and not with its square; the numbers are those of the full square under a mask. Other
layers, and other architectures, compute the full square.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import AttentionInterface, AttentionMaskInterface

BLOCKED = "asn_blocked"

_HIDDEN = -1e4  # taken off before the softmax; far below any score, and finite in half precision


def blocked_attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float,
    dropout: float = 0.0,
    sliding_window: int | None = None,
    **_: object,
) -> tuple[Tensor, None]:
    """Queries, keys and values (b, heads, t, d) to what each token takes up (b, t, heads, d).

    Args:
        attention_mask: (b, 1, 1, t) from ``padding_mask``.
        sliding_window: how far a token looks, itself included; None looks at everything.
    """
    query = query * scaling
    if sliding_window is None:
        seen = _weighed(module, query @ key.transpose(2, 3), attention_mask, dropout) @ value
        return seen.transpose(1, 2).contiguous(), None
    batch, heads, length, size = query.shape
    reach = sliding_window - 1
    # To a whole number of blocks; what is added at the end is hidden like padding.
    rest = -length % (2 * reach)
    if attention_mask is None:
        attention_mask = query.new_zeros(batch, 1, 1, length)
    hidden = functional.pad(attention_mask, (reach, rest + reach), value=_HIDDEN)
    queries = functional.pad(query, (0, 0, 0, rest)).reshape(batch, heads, -1, 2 * reach, size)
    keys = _neighbourhoods(functional.pad(key, (0, 0, reach, rest + reach)), reach)
    values = _neighbourhoods(functional.pad(value, (0, 0, reach, rest + reach)), reach)
    own = torch.arange(reach, 3 * reach, device=query.device).unsqueeze(1)
    other = torch.arange(4 * reach, device=query.device)
    band = ((own - other).abs() > reach).to(query.dtype) * _HIDDEN
    mask = band + _neighbourhoods(hidden.transpose(2, 3), reach).transpose(3, 4)
    seen = _weighed(module, queries @ keys.transpose(3, 4), mask, dropout) @ values
    seen = seen.reshape(batch, heads, -1, size)[:, :, :length]
    return seen.transpose(1, 2).contiguous(), None


def padding_mask(
    *_: object,
    attention_mask: Tensor | None = None,
    dtype: torch.dtype = torch.float32,
    **__: object,
) -> Tensor | None:
    """What is added to the scores (b, 1, 1, t): 0 at tokens, far below 0 at padding."""
    if attention_mask is None:
        return None
    return (1 - attention_mask[:, None, None, :].to(dtype)) * _HIDDEN


def _neighbourhoods(padded: Tensor, reach: int) -> Tensor:
    """(b, h, (2 * n + 2) * reach, d) to the (b, h, n, 4 * reach, d) that n blocks look at."""
    batch, heads, _, size = padded.shape
    halves = padded.reshape(batch, heads, -1, reach, size)
    quarters = halves[:, :, :-3:2], halves[:, :, 1:-2:2], halves[:, :, 2:-1:2], halves[:, :, 3::2]
    return torch.cat(quarters, dim=3)


def _weighed(module: nn.Module, scores: Tensor, mask: Tensor | None, dropout: float) -> Tensor:
    weights = functional.softmax(scores if mask is None else scores + mask, dim=-1)
    return functional.dropout(weights, p=dropout, training=module.training)


AttentionInterface.register(BLOCKED, blocked_attention)
AttentionMaskInterface.register(BLOCKED, padding_mask)
