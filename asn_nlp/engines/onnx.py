"""ONNX Runtime: the default on processors, and all that a base install needs."""

from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from asn_nlp.engines.protocol import Output
from asn_nlp.errors import RunError

# The key of the entry that names a file of weights outside the graph, as protobuf writes it.
_EXTERNAL_DATA = b"\x0a\x08location"


class OnnxEngine:
    """Runs an exported graph on the processor.

    Args:
        graph: inputs ``input_ids`` and ``attention_mask``, outputs ``logits`` and ``vectors``.
        n_tags: how many tags the run's labels make.
        hidden_size: width of the vectors that the run's theme head reads.
        threads: that read a batch together; None has as many as the machine has cores.

    Raises:
        RunError: the file is no such graph, is cut off, names weights outside itself, or has other
            sizes.
    """

    token_budget = 1_024  # more than that leaves the caches

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
        options.intra_op_num_threads = threads or 0
        try:
            self._session = onnxruntime.InferenceSession(
                content, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # ONNX Runtime's errors share no other base
            reason = str(error).partition("\n")[0]
            raise RunError(
                f"{graph} cannot be opened as a graph ({reason}); write it anew with "
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
            reason = str(error).partition("\n")[0]
            raise RunError(
                f"{self._graph} cannot read these tokens ({reason}); the graph, the tokeniser or "
                "the window is another run's: copy the folder again"
            ) from error
