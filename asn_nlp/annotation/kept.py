"""Opinions in a file: their arrays, and the spans that were read, apart from the articles."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import astuple, replace
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from asn_nlp.articles import Article, EntitySpan, ThemeSpan
from asn_nlp.errors import ConfigError
from asn_nlp.files import check_unchanged, written_bytes
from asn_nlp.passages import split_passages
from asn_nlp.reading.opinions import Opinion

_ARRAYS = ("offsets", "tags", "themes", "vector")


def write_opinions(
    opinions: Sequence[Opinion], path: Path, *, made_with: Mapping[str, Any]
) -> None:
    """
    Args:
        made_with: what the opinions rest on, all of JSON.

    Raises:
        OSError: the file cannot be written.
    """
    arrays = {
        f"{place}.{name}": np.ascontiguousarray(getattr(one, name))
        for place, one in enumerate(opinions)
        for name in _ARRAYS
    }
    spans = [
        [list(map(astuple, one.article.entities)), list(map(astuple, one.article.themes))]
        for one in opinions
    ]
    told = {
        name: json.dumps(value, allow_nan=False)
        for name, value in {"spans": spans, "made_with": dict(made_with)}.items()
    }
    with written_bytes(path) as file:
        file.write(save(arrays, told))


def read_opinions(
    path: Path, articles: Sequence[Article], *, made_with: Mapping[str, Any]
) -> list[Opinion]:
    """What ``write_opinions`` wrote of the same articles.

    Raises:
        ConfigError: they were made with something else, or the file is damaged.
        OSError: it cannot be read.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            told = {name: json.loads(value) for name, value in file.metadata().items()}
            anew = f"remove {path.parent}, or name another output"
            check_unchanged(path, told["made_with"], made_with, anew=anew)
            return [
                Opinion(
                    replace(
                        article,
                        entities=tuple(EntitySpan(*one) for one in entities),
                        themes=tuple(ThemeSpan(*one) for one in themes),
                    ),
                    passages=tuple(split_passages(article.text)),
                    **{name: file.get_tensor(f"{place}.{name}") for name in _ARRAYS},
                )
                for place, (article, (entities, themes)) in enumerate(
                    zip(articles, told["spans"], strict=True)
                )
            ]
    except (SafetensorError, ValueError, TypeError, KeyError) as error:
        raise ConfigError(
            f"{path} is damaged ({error}); remove it, and the same command makes it again"
        ) from error
