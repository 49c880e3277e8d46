"""ONNX Runtime: the default on processors, and all that a base install needs."""

import os
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from asn_nlp.engines.protocol import Output
from asn_nlp.errors import RunError, first_line

# The key of the entry that names a file of weights outside the graph, as protobuf writes it.
_EXTERNAL_DATA = b"\x0a\x08location"


_WIDE = 512  # dimensions of token vectors


class OnnxEngine:
    """Runs an exported graph on the processor.

    Args:
        graph: inputs ``input_ids`` and ``attention_mask``, outputs ``logits`` and ``vectors``.
        n_tags: how many tags the run's labels make.
        hidden_size: width of the vectors that the run's theme head reads.
        threads: of the processor that read; None has as many as the machine has cores.

    Raises:
        RunError: the file is no such graph, is cut off, names weights outside itself, or has other
            sizes.
    """

    token_budget = 512  # more than that leaves the caches

    def __init__(
        self, graph: Path, *, n_tags: int, hidden_size: int, threads: int | None = None
    ) -> None:
        self._graph = graph
        content = graph.read_bytes()
        if _EXTERNAL_DATA in content:
            raise RunError(
                f"{graph} names weights in another file, and a graph must hold its own; "
                "write it anew with 'asn-nlp export'"
            )
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3  # errors alone
        # Fused kernels of this fusion are slower than the operators they stand for.
        left_out = ["SkipLayerNormFusion"]
        threads = threads or cores()
        # Narrow operators are over before a second thread wakes up: there, threads share out the
        # batches instead.
        self.at_once = threads if hidden_size < _WIDE else 1
        options.intra_op_num_threads = threads // self.at_once
        try:
            self._session = onnxruntime.InferenceSession(
                content, options, ["CPUExecutionProvider"], disabled_optimizers=left_out
            )
        except Exception as error:  # ONNX Runtime's errors share no other base
            raise RunError(
                f"{graph} cannot be opened as a graph ({first_line(error)}); write it anew with "
                "'asn-nlp export', or read with engine='torch'"
            ) from error
        inputs = {node.name for node in self._session.get_inputs()}
        sizes = {node.name: node.shape[-1] for node in self._session.get_outputs()}
        wanted = {"logits": n_tags, "vectors": hidden_size}
        if inputs != {"input_ids", "attention_mask"} or sizes != wanted:
            raise RunError(
                f"{graph} takes {sorted(inputs)} and gives {sizes}, but the run's labels and theme "
                f"head need {wanted}; write it anew with 'asn-nlp export'"
            )

    def __call__(self, input_ids: NDArray[np.int64], attention_mask: NDArray[np.int64]) -> Output:
        inputs = {"input_ids": input_ids, "attention_mask": attention_mask}
        try:
            return Output(*self._session.run(["logits", "vectors"], inputs))
        except Exception as error:  # ONNX Runtime's errors share no other base
            raise RunError(
                f"{self._graph} cannot read these tokens ({first_line(error)}); the graph, the "
                "tokeniser or the window is another run's: copy the folder again"
            ) from error


def cores() -> int:
    """Those of the machine that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
