"""An encoder from the hub as a folder of its own: safetensors, tokenizer.json, where it is from."""

import json
import pickle
import shutil
from pathlib import Path

import torch
from huggingface_hub import save_torch_state_dict
from safetensors.torch import load_file
from torch import Tensor
from transformers import AutoModel

from asn_nlp.encoders.finding import (
    PICKLE,
    SOURCE_FILE,
    FoundEncoder,
    find_encoder,
    weight_files,
)
from asn_nlp.encoders.opening import open_model
from asn_nlp.encoders.tokenizers import check_tokenizer, open_tokenizer
from asn_nlp.errors import EncoderError
from asn_nlp.files import fingerprint, temporary_folder, written_whole


def fetch_encoder(
    name: str, output: Path, *, revision: str | None = None, trust_pickle: bool = False
) -> Path:
    """Write an encoder to ``output``, whole or not at all; training opens it without a network.

    Beside safetensors, configuration and ``tokenizer.json`` the folder has ``source.json``: name,
    commit, the weights' file and its fingerprint, and whether it was a pickle.

    Args:
        name: hub name, or a folder that has a pickle.
        trust_pickle: open a pickle where there are no safetensors; tensors alone are read from it.

    Raises:
        EncoderError: as ``find_encoder`` and ``open_model``; a pickle is not trusted or holds more
            than tensors; or ``output`` exists.
        OSError: the folder cannot be written.
    """
    if output.exists():
        raise EncoderError(f"{output} exists, and nothing is overwritten; name another folder")
    found = find_encoder(name, revision=revision, pickle=trust_pickle)
    files = weight_files(found.folder)
    pickled = not files
    if pickled:
        files = [found.folder / PICKLE]
    state = _unpickled(found) if pickled else {k: v for f in files for k, v in load_file(f).items()}
    with temporary_folder(output.parent, output.name) as temporary:
        new = temporary / "encoder"
        new.mkdir()
        shutil.copyfile(found.folder / "config.json", new / "config.json")
        save_torch_state_dict(state, new, max_shard_size="100GB", metadata={"format": "pt"})
        tokenizer = open_tokenizer(found)
        tokenizer.save_pretrained(new)
        model, _ = open_model(AutoModel, FoundEncoder(name, new, found.commit))
        check_tokenizer(tokenizer, (), rows=model.config.vocab_size, name=name)
        with written_whole(new / SOURCE_FILE) as file:
            source = {
                "name": name,
                "revision": revision,
                "commit": found.commit,
                "weights": [path.name for path in files],
                "weights_fingerprint": fingerprint(*files),
                "pickle": pickled,
            }
            json.dump(source, file, allow_nan=False, indent=2)
            file.write("\n")
        new.replace(output)
    return output


def _unpickled(found: FoundEncoder) -> dict[str, Tensor]:
    path = found.folder / PICKLE
    if not path.exists():
        raise EncoderError(
            f"the pickle of {found.name!r} is in several parts, which is not read; name a revision "
            "that has safetensors"
        )
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError) as error:
        raise EncoderError(
            f"{path} is damaged or holds more than tensors, and only tensors are read from a "
            "pickle; fetch it again, or name another revision"
        ) from error
    return {name: value for name, value in state.items() if isinstance(value, Tensor)}
