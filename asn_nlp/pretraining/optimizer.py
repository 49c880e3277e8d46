"""One step of pretraining: Muon and AdamW on float32 masters of the model's weights."""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

_EMBEDDING_DECAY = 0.01
_LARGEST_GRADIENT = 1.0


class Float32Muon(torch.optim.Muon):
    """Muon with the step length of AdamW, its matrix products in float32.

    PyTorch multiplies in bf16, which a processor without it emulates: a step of the compact encoder
    took 13 s on one core, and takes 2.7 s so.
    """

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        assert closure is None
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                state = self.state[weight]
                if not state:
                    state["momentum_buffer"] = torch.zeros_like(weight)
                momentum = state["momentum_buffer"].lerp_(weight.grad, 1 - group["momentum"])
                update = weight.grad.lerp(momentum, group["momentum"])
                length = 0.2 * math.sqrt(max(weight.shape))
                weight.mul_(1 - group["lr"] * group["weight_decay"])
                weight.add_(_orthogonal(update, group), alpha=-group["lr"] * length)


def _orthogonal(matrix: Tensor, group: Mapping[str, Any]) -> Tensor:
    """The nearest matrix of like singular values (Newton and Schulz; Jordan and others, 2024)."""
    a, b, c = group["ns_coefficients"]
    wide = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
    wide = wide / wide.norm().clamp(min=group["eps"])
    for _ in range(group["ns_steps"]):
        gram = wide @ wide.T
        wide = torch.addmm(wide, torch.addmm(gram, gram, gram, beta=b, alpha=c), wide, beta=a)
    return wide if wide.shape == matrix.shape else wide.T


class MasterOptimizer:
    """Updates float32 masters of the weights of ``model``, which is cast to ``dtype``: bf16 weights
    would round small steps away.

    Muon (Jordan and others, 2024; with the step length of AdamW, Liu and others, 2025) moves the
    hidden matrices, AdamW everything else.

    Args:
        muon: whether Muon does; otherwise AdamW moves all.
        weight_decay: of the hidden matrices.
    """

    def __init__(
        self, model: PreTrainedModel, *, dtype: torch.dtype, muon: bool, weight_decay: float
    ) -> None:
        self._weights = dict(model.named_parameters())
        self.masters = {name: w.detach().float().clone() for name, w in self._weights.items()}
        nn.Module.to(model, dtype)
        output = model.get_output_embeddings()
        linear = {
            id(layer.weight)
            for layer in model.modules()
            if isinstance(layer, nn.Linear) and layer is not output
        }
        hidden: list[Tensor] = []
        tables: list[Tensor] = []
        vectors: list[Tensor] = []
        for name, weight in self._weights.items():
            kind = hidden if id(weight) in linear else tables if weight.ndim > 1 else vectors
            kind.append(self.masters[name])
        groups = [
            {"params": hidden, "weight_decay": weight_decay},
            {"params": tables, "weight_decay": _EMBEDDING_DECAY},
            {"params": vectors, "weight_decay": 0.0},
        ]
        self._optimizers: list[torch.optim.Optimizer] = []
        if muon:
            maker = torch.optim.Muon if dtype == torch.bfloat16 else Float32Muon
            self._optimizers.append(maker([groups.pop(0)], adjust_lr_fn="match_rms_adamw"))
        self._optimizers.append(torch.optim.AdamW(groups, betas=(0.9, 0.98), fused=True))

    def step(self, learning_rate: float) -> None:
        """Follow the gradients of the model's weights, and clear them."""
        nn.utils.clip_grad_norm_(self._weights.values(), _LARGEST_GRADIENT)
        for name, weight in self._weights.items():
            self.masters[name].grad = None if weight.grad is None else weight.grad.float()
            weight.grad = None
        for optimizer in self._optimizers:
            for group in optimizer.param_groups:
                group["lr"] = learning_rate
            optimizer.step()
        self._publish()

    def state(self) -> dict[str, Tensor]:
        """All a resumed run needs: the masters and what is remembered of their gradients."""
        tensors = {f"weight:{name}": master for name, master in self.masters.items()}
        for optimizer, name, master in self._owners():
            for key, value in optimizer.state[master].items():
                tensors[f"{key}:{name}"] = value
        return tensors

    def load_state(self, tensors: Mapping[str, Tensor]) -> None:
        """Take over what ``state`` gave."""
        memory: dict[str, dict[str, Tensor]] = {name: {} for name in self.masters}
        for label, value in tensors.items():
            key, _, name = label.partition(":")
            memory[name][key] = value.to(self.masters[name].device)
        for optimizer, name, master in self._owners():
            master.copy_(memory[name].pop("weight"))
            if memory[name]:
                optimizer.state[master] = memory[name]
        self._publish()

    def _owners(self) -> Iterator[tuple[torch.optim.Optimizer, str, Tensor]]:
        """Each master with its name and the optimiser that moves it."""
        names = {id(master): name for name, master in self.masters.items()}
        for optimizer in self._optimizers:
            for group in optimizer.param_groups:
                for master in group["params"]:
                    yield optimizer, names[id(master)], master

    @torch.no_grad()
    def _publish(self) -> None:
        for name, weight in self._weights.items():
            weight.copy_(self.masters[name])
