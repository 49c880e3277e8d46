"""Documents without annotations, read from text and Parquet files."""

import glob
import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from datasets import Dataset, load_dataset
from datasets.exceptions import DatasetGenerationError
from numpy.typing import NDArray

from asn_nlp.config import PretrainDataConfig
from asn_nlp.errors import TextError, nearest
from asn_nlp.files import fingerprint

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PlainText:
    """Documents in the order of the files, without empty ones and those weighed down to nothing."""

    documents: tuple[str, ...]
    copies: NDArray[np.int64]  # (documents,) how often each is taken, at least once
    domain: NDArray[np.bool_]  # (documents,)
    held_out: NDArray[np.bool_]  # (documents,)
    fingerprint: str  # of the files' bytes


def read_text(data: PretrainDataConfig, *, seed: int) -> PlainText:
    """Read the files, draw each document's copies by its source's weight, and hold some out.

    Raises:
        TextError: a file cannot be read, there are fewer than two documents, or none is of
            the domain.
    """
    files = _files(data.train)
    documents: list[str] = []
    sources: list[str | None] = []
    with TemporaryDirectory() as cache:
        for text, source in _records(files, cache):
            if text and not text.isspace():
                documents.append(text)
                sources.append(source)
    known = sorted({source for source in sources if source is not None})
    for name in sorted(set(data.weights) - set(known)):
        meant = f"; did you mean {nearest(name, known)!r}?" if known else ""
        logger.warning("data.weights names %r, the source of no document%s", name, meant)
    rng = np.random.default_rng(seed)
    weights = np.array([data.weights.get(source or "", 1.0) for source in sources])
    copies = np.floor(weights + rng.random(len(weights))).astype(np.int64)
    kept = np.flatnonzero(copies).tolist()
    if len(kept) < 2:
        raise TextError(
            "pretraining needs two documents at least, one to learn from and one held out, but "
            f"found {len(kept)} in {', '.join(data.train)}; give more files, or larger data.weights"
        )
    held_out = np.zeros(len(kept), dtype=np.bool_)
    held_out[rng.permutation(len(kept))[: max(1, round(data.held_out * len(kept)))]] = True
    domain = np.zeros(len(kept), dtype=np.bool_)
    if data.domain is not None:
        pattern = re.compile(data.domain)
        domain[:] = [pattern.search(documents[index]) is not None for index in kept]
        if not (domain & ~held_out).any():
            raise TextError(
                f"data.domain {data.domain!r} is found in none of the {(~held_out).sum()} "
                "documents to learn from; widen the expression, or leave it out"
            )
    return PlainText(
        tuple(documents[index] for index in kept),
        copies[kept],
        domain,
        held_out,
        fingerprint(*files),
    )


def _files(names: Sequence[str]) -> list[Path]:
    files = []
    for path in map(Path, names):
        if not path.exists():
            raise TextError(f"{path} does not exist; name a file or folder that does")
        found = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
        readable = [p for p in found if p.suffix in {".txt", ".parquet"}]
        if not path.is_dir() and not readable:
            raise TextError(f"text is read from .txt and .parquet files, not from {path}")
        if len(readable) < len(found):
            logger.warning(
                "%d files below %s are neither .txt nor .parquet and were left out",
                len(found) - len(readable),
                path,
            )
        files += readable
    if not files:
        raise TextError(
            "there is no text to learn from; name .txt or .parquet files, or folders of them, in "
            "data.train"
        )
    return files


def _records(files: Sequence[Path], cache: str) -> Iterator[tuple[str | None, str | None]]:
    """Text and source of each document."""

    def load(kind: str, paths: Sequence[Path], **options: Any) -> Dataset:
        names = [glob.escape(str(path)) for path in paths]
        return load_dataset(kind, data_files=names, split="train", cache_dir=cache, **options)

    plain = [path for path in files if path.suffix == ".txt"]
    if plain:
        try:
            rows = load("text", plain, sample_by="document")
        except DatasetGenerationError as error:
            raise TextError(
                f"{_undecodable(plain)} cannot be read as UTF-8 ({error.__cause__}); convert it"
            ) from error
        yield from ((text, None) for text in rows["text"][:])
    for path in files:
        if path.suffix == ".parquet":
            rows = load("parquet", [path])
            if "text" not in rows.column_names:
                raise TextError(
                    f"{path} needs a column 'text' but has {', '.join(rows.column_names)}; "
                    "rename the one that holds the words"
                )
            named = "source" in rows.column_names
            sources = rows["source"][:] if named else [None] * len(rows)
            yield from zip(rows["text"][:], sources, strict=True)


def _undecodable(paths: Sequence[Path]) -> Path | None:
    for path in paths:
        try:
            path.read_text(encoding="utf-8")
        except ValueError:
            return path
    return None
