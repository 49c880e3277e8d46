"""The systems that are timed, by name; each imports what it needs when it is opened."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType

from asn_nlp.articles import Article
from asn_nlp.engines.protocol import Engine
from asn_nlp.engines.run_folder import GRAPH, WEIGHTS, Run, open_run, open_tokenizer
from asn_nlp.errors import ConfigError, extra

Read = Callable[[Sequence[Article]], list[Article]]

SPACY_FOLDER = "spacy"
CRF_FILE = "crf.crfsuite"

PIPELINES = "two transformers pipelines"
SPACY = "spaCy CNN"
CRF = "CRF, entities alone"
PRODUCTS = "matrix products alone"  # of the run's weights: nothing that computes them is faster

# All that may be timed, whether or not it can be opened here.
SYSTEMS = (
    PIPELINES,
    SPACY,
    CRF,
    "asn_nlp, PyTorch float32",
    "asn_nlp, PyTorch bfloat16",
    f"asn_nlp, {GRAPH}",
    PRODUCTS,
)

_PRODUCT_TOKENS = 1_024  # rows of a product


@dataclass(frozen=True, slots=True)
class Setting:
    """What a system is opened with.

    Attributes:
        run: the run folder that ours, the pipelines and the products read with.
        baselines: where ``cache`` keeps spaCy's pipeline and the CRF; None leaves them out.
        threads: of the processor.
    """

    run: str
    baselines: str | None
    threads: int


def open_system(name: str, setting: Setting) -> Read:
    """
    Raises:
        AsnError: it cannot be had here; a package is missing, say, or the run has no such graph.
    """
    if name in (SPACY, CRF):
        return _baseline(name, setting.baselines)
    run = open_run(Path(setting.run))
    if name == PIPELINES:
        with extra("train", "stock pipelines"):
            from asn_nlp.benchmark.stock import open_stock
        _set_torch_threads(setting.threads)
        return open_stock(run.folder, run.labels)
    if name == PRODUCTS:
        return _products(run, setting.threads)
    from asn_nlp.predictor import Predictor

    predictor = Predictor(run, _engine(run, name.removeprefix("asn_nlp, "), setting.threads))
    return lambda articles: list(predictor.predict(articles))


def _baseline(name: str, folder: str | None) -> Read:
    if folder is None:
        raise ConfigError("it is trained first; name a folder that keeps it: --cache")
    if name == SPACY:
        from asn_nlp.benchmark.spacy_cnn import SpacyCnn

        return SpacyCnn.open(Path(folder, SPACY_FOLDER)).predict
    from asn_nlp.benchmark.crf import open_crf

    return open_crf(Path(folder, CRF_FILE)).predict


def _engine(run: Run, name: str, threads: int) -> Engine:
    if name.startswith("PyTorch "):
        from asn_nlp.engines.torch import TorchEngine, open_classifier

        torch = _set_torch_threads(threads)
        dtype = getattr(torch, name.removeprefix("PyTorch "))
        run.file(WEIGHTS)
        return TorchEngine(open_classifier(run.folder).to(dtype))
    from asn_nlp.predictor import open_engine

    return open_engine(run, "onnx" if name == GRAPH else name.lower(), threads=threads)


def _products(run: Run, threads: int) -> Read:
    """Multiplies as many rows as the articles have tokens by each matrix of the encoder.

    In float32, 1,024 rows at once. Embeddings are looked up and not multiplied; what attention
    multiplies beside its weights is not counted.
    """
    torch = _set_torch_threads(threads)
    from safetensors import safe_open

    with safe_open(run.file(WEIGHTS), "pt") as file:
        every = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 – no mapping
    matrices = [
        tensor.float().T
        for name, tensor in every.items()
        if tensor.ndim == 2 and "embeddings" not in name
    ]
    rows = {len(matrix): torch.rand(_PRODUCT_TOKENS, len(matrix)) for matrix in matrices}
    tokenizer = open_tokenizer(run)

    @cache
    def tokens(text: str) -> int:
        return len(tokenizer.encode(text, add_special_tokens=False))

    def read(articles: Sequence[Article]) -> list[Article]:
        left = sum(tokens(article.text) for article in articles)
        while left > 0:
            for matrix in matrices:
                torch.mm(rows[len(matrix)][:left], matrix)
            left -= _PRODUCT_TOKENS
        return []

    return read


def _set_torch_threads(threads: int) -> ModuleType:
    """PyTorch, which has one number of threads for the whole process."""
    with extra("train", "PyTorch"):
        import torch
    torch.set_num_threads(threads)
    return torch
