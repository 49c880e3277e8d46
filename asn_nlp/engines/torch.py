"""PyTorch: for training, for GPUs, and for runs without a graph."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from asn_nlp.engines.protocol import Output
from asn_nlp.errors import RunError, extra, first_line

with extra("train", "reading with PyTorch"):
    import torch
    from torch import nn
    from transformers import AutoModelForTokenClassification, PreTrainedModel
    from transformers.utils import logging

    from asn_nlp.engines.attention import BLOCKED


class TorchEngine:
    """Runs a stock token classifier where its weights lie."""

    def __init__(self, classifier: PreTrainedModel) -> None:
        self._classifier = classifier
        self._process = os.getpid()
        self.at_once = 1
        self.token_budget = 1_024 if classifier.device.type == "cpu" else 65_536

    @classmethod
    def from_weights(
        cls, weights: Path, device: str | None, *, threads: int | None = None
    ) -> "TorchEngine":
        """The classifier whose ``model.safetensors`` is given, on a device in its fast precision.

        ``threads`` of the processor are set for the whole process.

        Raises:
            RunError: as ``open_classifier`` and ``pick_device``.
        """
        chosen = pick_device(device)
        if threads is not None:
            torch.set_num_threads(threads)
        classifier = open_classifier(weights.parent)
        nn.Module.to(classifier, chosen, fast_dtype(chosen.type))
        return cls(classifier)

    @torch.inference_mode()
    def __call__(self, input_ids: NDArray[np.int64], attention_mask: NDArray[np.int64]) -> Output:
        device = self._classifier.device
        if self._process != os.getpid():  # a fork, into which OpenMP's threads did not come along
            _check_fork(device)
            self._process = os.getpid()
        try:
            output = self._classifier(
                input_ids=torch.from_numpy(input_ids).to(device),
                attention_mask=torch.from_numpy(attention_mask).to(device),
                output_hidden_states=True,
            )
        except IndexError as error:
            raise RunError(
                f"the weights cannot read these tokens ({error}); the tokeniser or the window is "
                "another run's: copy the folder again"
            ) from error
        return Output(
            output.logits.float().cpu().numpy(), output.hidden_states[-1].float().cpu().numpy()
        )


def _check_fork(device: torch.device) -> None:
    if device.type != "cpu":
        raise RunError(
            f"a predictor on {device} was opened before this process was forked, and no GPU may be "
            "used so; open it here, or start the process by 'spawn'"
        )
    torch.set_num_threads(1)  # else it would wait for them without end


def open_classifier(folder: Path) -> PreTrainedModel:
    """The token classifier of a run folder, in float32 on the processor, ready to read.

    Raises:
        RunError: its config or weights cannot be opened, do not belong together, ask for code to be
            run, or are not finite.
    """
    try:
        with _without_bar():
            classifier, loading = AutoModelForTokenClassification.from_pretrained(
                folder,
                output_loading_info=True,
                use_safetensors=True,
                trust_remote_code=False,
                local_files_only=True,
                dtype=torch.float32,
                attn_implementation=BLOCKED,
            )
    except Exception as error:  # whatever a damaged config or file makes transformers raise
        raise RunError(
            f"the token classifier in {folder} cannot be opened ({first_line(error)}); train it "
            "anew, or copy the folder again"
        ) from error
    for name in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        if loading[name]:
            raise RunError(
                f"{folder}: weights and config.json do not belong together, {len(loading[name])} "
                f"tensors such as {sorted(map(str, loading[name]))[0]} are in one alone; copy the "
                "folder again"
            )
    if not all(bool(weight.isfinite().all()) for weight in classifier.parameters()):
        raise RunError(f"{folder}: a weight holds values that are not finite; train anew")
    return classifier.eval()


def pick_device(name: str | None = None) -> torch.device:
    """The device called ``name``, or the best there is: CUDA, then Apple's, then the processor.

    Raises:
        RunError: there is no such device here.
    """
    there = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name is None:
        return torch.device(next(kind for kind, available in there.items() if available))
    usable = [kind for kind, available in there.items() if available]
    if "cuda" in usable:
        usable += [f"cuda:{number}" for number in range(torch.cuda.device_count())]
    if name not in usable:
        raise RunError(
            f"device {name!r} was asked for, but PyTorch has only {', '.join(usable)} here; name "
            "one of these, or leave device out"
        )
    return torch.device(name)


@contextmanager
def _without_bar() -> Iterator[None]:
    """Opening a small file of weights is no news."""
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


@cache
def fast_dtype(kind: str) -> torch.dtype:
    """bf16 where the kind of device multiplies faster in it than in float32, else float32.

    Some processors know bf16 and are slower with it, so a processor is measured: a few
    milliseconds, once a process.
    """
    if kind == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    if kind != "cpu" or not torch.cpu._is_avx512_bf16_supported():
        return torch.float32
    left, right = torch.rand(512, 768), torch.rand(768, 768)

    def seconds(dtype: torch.dtype) -> float:
        pair = left.to(dtype), right.to(dtype)
        laps = []
        for _ in range(6):
            start = time.perf_counter()
            torch.matmul(*pair)
            laps.append(time.perf_counter() - start)
        return min(laps)

    return min((torch.float32, torch.bfloat16), key=seconds)
