"""Configuration and weights of a found encoder: safetensors alone, and no code of the hub's."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import AutoConfig, PreTrainedConfig, PreTrainedModel

from asn_nlp.encoders.finding import FoundEncoder
from asn_nlp.errors import EncoderError, first_line


def open_config(found: FoundEncoder) -> PreTrainedConfig:
    """The configuration of an encoder.

    Raises:
        EncoderError: it is damaged, or of a type that only code from the hub could build.
    """
    with told_opening(found):
        return AutoConfig.from_pretrained(
            found.folder, trust_remote_code=False, local_files_only=True
        )


def open_model(
    factory: Any, found: FoundEncoder, *, config: PreTrainedConfig | None = None, **options: Any
) -> tuple[PreTrainedModel, tuple[str, ...]]:
    """A model in float32 on an encoder's weights.

    Args:
        factory: one of the ``AutoModel`` classes.

    Returns:
        The model, and the names of the weights beside the encoder's that start at random.

    Raises:
        EncoderError: the weights are damaged, do not fit the configuration, or lack a part of the
            encoder.
    """
    with told_opening(found):
        model, loading = factory.from_pretrained(
            found.folder,
            config=config or open_config(found),
            dtype=torch.float32,  # also where the encoder is stored in half precision
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=True,
            output_loading_info=True,
            **options,
        )
    missing = sorted(loading["missing_keys"])
    within = f"{model.base_model_prefix}."
    # Whether a model is of an encoder alone is seen by its having no such prefix in its names.
    alone = model.base_model is model
    lacking = [
        name
        for name in missing
        if (alone or name.startswith(within)) and ".pooler." not in f".{name}"
    ]
    if lacking:
        raise EncoderError(
            f"the weights of {found.name!r} lack {len(lacking)} of the encoder's, such as "
            f"{lacking[0]}, which would start at random; the file is of another model or was "
            "copied in part: fetch it again"
        )
    return model, tuple(name for name in missing if name not in lacking)


@contextmanager
def told_opening(found: FoundEncoder) -> Iterator[None]:
    """Whatever goes wrong in opening the files of ``found``, in one line."""
    try:
        yield
    except (OSError, ValueError, RuntimeError, KeyError, SafetensorError) as error:
        place = (
            f"the encoder folder {found.name}"
            if found.name == str(found.folder)
            else f"the encoder {found.name!r}, kept in {found.folder},"
        )
        raise EncoderError(
            f"{place} cannot be opened: {first_line(error)}; "
            "if a file is damaged, delete it and fetch it again"
        ) from error
