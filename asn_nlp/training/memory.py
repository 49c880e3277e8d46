"""What a training step needs in memory, and batches read in parts where it is short."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import psutil
import torch
from torch import Tensor, nn

from asn_nlp.errors import ConfigError

_USABLE = 0.9  # of what is free; the rest is for the allocator's gaps and other programs
# Gradients on their way and the allocator's gaps come on top of what backward keeps: measured on a
# processor, where the process grew by 1.3 (BERT base) to 1.7 (ALBERT base) times as much.
_BACKWARD = 1.7
_OPTIMIZER_TENSORS = 3  # beside each weight: its gradient and AdamW's two moments


@dataclass(frozen=True, slots=True)
class StepMemory:
    """Bytes that training takes beside the weights.

    ``states`` hold gradients and moments; ``window`` is what backward needs of the longest window,
    whose length in tokens is ``length``.
    """

    states: int
    window: int
    length: int

    def needed(self, tokens: int) -> int:
        """Bytes for a batch of so many tokens, of one window at least."""
        return self.states + self.window * max(1, tokens // self.length)


def measure_step(model: nn.Module, loss: Callable[[], Tensor], *, length: int) -> StepMemory:
    """Count what one forward pass keeps for backward, whatever the architecture.

    Args:
        loss: reads one window of ``length`` tokens, as training does; random numbers that it draws
            are put back.
    """
    weights = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
    kept: dict[int, int] = {}

    def count(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    devices = sorted({p.device.index or 0 for p in model.parameters() if p.device.type == "cuda"})
    with (
        torch.random.fork_rng(devices=devices),
        torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor),
    ):
        result = loss()  # held until all is counted, so that no storage is let go and taken again
        window = int(sum(kept.values()) * _BACKWARD)
        del result
    trained = sum(p.numel() * p.element_size() for p in model.parameters() if p.requires_grad)
    return StepMemory(_OPTIMIZER_TENSORS * trained, window, length)


def free_memory(device: torch.device) -> int:
    """Bytes that training may still take on ``device``."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0] * _USABLE)
    return int(psutil.virtual_memory().available * _USABLE)


def tokens_at_once(step: StepMemory, *, batch_tokens: int, free: int) -> int:
    """How many tokens of a batch to read at once: all of them, or what fits.

    Raises:
        ConfigError: not even one window fits.
    """
    if step.needed(batch_tokens) <= free:
        return batch_tokens
    windows = (free - step.states) // max(1, step.window)
    if windows < 1:
        raise ConfigError(
            f"training needs {_gb(step.needed(0))} beside the weights even with one window of "
            f"{step.length} tokens at a time, and {_gb(free)} are free; lower window.size, take a "
            "smaller encoder (configs/indobert-lite-base.yaml), or free memory"
        )
    return int(windows) * step.length


def split_batch(
    batch: Mapping[str, Tensor], *, tokens: int
) -> Iterator[tuple[dict[str, Tensor], float, float]]:
    """The parts of a batch that ``collate_gold`` made, at most ``tokens`` each, padding
    included, but of one window at least.

    Yields:
        A part, and the shares of the batch's labelled tokens and of its passage pieces in it, by
        which the means of its losses add up to those of the whole batch.
    """
    rows, length = batch["input_ids"].shape
    step = max(1, tokens // length)
    row = batch["pieces"][:, 0]
    labelled = (batch["tags"] >= 0).sum(dim=1)  # (b,); what is ignored is below 0
    all_labelled, all_pieces = max(1, int(labelled.sum())), max(1, len(row))
    for first in range(0, rows, step):
        last = min(rows, first + step)
        within = (row >= first) & (row < last)
        pieces = batch["pieces"][within].clone()
        pieces[:, 0] -= first
        part = {name: batch[name][first:last] for name in ("input_ids", "attention_mask", "tags")}
        part |= {"pieces": pieces, "themes": batch["themes"][within]}
        yield part, int(labelled[first:last].sum()) / all_labelled, len(pieces) / all_pieces


def told_split(step: StepMemory, *, batch_tokens: int, tokens: int, free: int) -> str:
    """The line that says that batches are read in parts."""
    return (
        f"a batch of {batch_tokens:,} tokens needs {_gb(step.needed(batch_tokens))} beside the "
        f"weights, and {_gb(free)} are free: it is read {tokens:,} tokens at a time, and its "
        "gradient is the same; lower optimizer.batch_tokens for a smaller batch"
    )


def _gb(count: int) -> str:
    return f"{count / 1e9:.1f} GB"
