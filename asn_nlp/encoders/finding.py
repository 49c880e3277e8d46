"""A hub name or a folder to a folder on this disk, and the commit that its files are of.

The network is asked here and nowhere else: what opens an encoder afterwards opens a folder.
"""

import json
import logging
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import HfApi, constants, hf_hub_download, try_to_load_from_cache
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    HTTPError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from asn_nlp.errors import EncoderError, first_line
from asn_nlp.shipped import run_folder

logger = logging.getLogger(__name__)

SOURCE_FILE = "source.json"  # in a folder that ``fetch_encoder`` wrote
WEIGHTS = "model.safetensors"
WEIGHTS_INDEX = f"{WEIGHTS}.index.json"
PICKLE = "pytorch_model.bin"
_TOKENIZER_FILES = {
    "tokenizer.json",
    "vocab.txt",
    "vocab.json",
    "spiece.model",
    "sentencepiece.bpe.model",
}
_SMALL_FILES = {
    "config.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "merges.txt",
    # a run on the hub, whose heads are gone on with
    "run.json",
    "theme_head.safetensors",
} | _TOKENIZER_FILES
_SHARD = re.compile(r"model-\d+-of-\d+\.safetensors")
_PICKLE_SHARD = re.compile(r"pytorch_model(-\d+-of-\d+)?\.bin(\.index\.json)?")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_ANY_ERROR = (OSError, ValueError, HTTPError)


@dataclass(frozen=True, slots=True)
class FoundEncoder:
    """Where the files of an encoder lie."""

    name: str  # as it was asked for
    folder: Path
    commit: str | None  # on the hub; None for a folder that does not say where it comes from

    @property
    def record(self) -> dict[str, str | None]:
        """Name and commit, for what a run writes about itself."""
        return {"name": self.name, "revision": self.commit}


def find_encoder(
    name: str, *, revision: str | None = None, weights: bool = True, pickle: bool = False
) -> FoundEncoder:
    """The folder of an encoder; what the hub has to send is kept in its cache.

    A commit that the cache holds whole is taken from there, unasked; another revision is asked for
    once, and where the hub does not answer the cached commit serves.

    Args:
        name: a folder, ``ready`` for the model that ships, or a hub name such as
            ``indobenchmark/indobert-base-p1``.
        revision: commit id, branch or ``refs/pr/N`` on the hub; a folder has none.
        weights: the weights as well, not only configuration and tokeniser.
        pickle: also where the weights are a pickle alone, which is then downloaded but not opened.

    Raises:
        EncoderError: there is no such encoder, it cannot be reached, or it has no safetensors.
    """
    folder = run_folder(name)
    if folder.is_dir():
        files = _names(folder)
        if _TOKENIZER_FILES.isdisjoint(files) or (weights and "config.json" not in files):
            raise EncoderError(
                f"the encoder folder {name} needs a config.json, a {WEIGHTS} and a tokenizer.json "
                f"or vocab.txt, but holds {', '.join(sorted(files)) or 'nothing'}; copy it again"
            )
        _refuse_lone_pickle(name, revision, files, weights and not pickle)
        return FoundEncoder(name, folder, _noted_commit(folder))
    if name.startswith((".", "/", "~")) or name.count("/") > 1 or "\\" in name:
        raise EncoderError(f"the encoder folder {name} is no folder; check the path")
    cached = _cached(name, revision)
    if cached and revision and _COMMIT.fullmatch(revision) and _whole(cached.folder, weights):
        return cached
    try:
        with _told(name, revision):
            info = HfApi().model_info(
                name, revision=revision, files_metadata=True, timeout=constants.HF_HUB_ETAG_TIMEOUT
            )
    except EncoderError as error:
        if cached and (_whole(cached.folder, weights) or _whole_pickle(cached.folder, pickle)):
            logger.warning("%s; commit %s from the cache is used", error, cached.commit)
            return cached
        raise
    sizes = {sibling.rfilename: sibling.size or 0 for sibling in info.siblings or ()}
    _refuse_lone_pickle(name, revision, sizes, weights and not pickle)
    wanted = [file for file in sizes if file in _SMALL_FILES]
    if weights:
        wanted += _weights_among(sizes) or [file for file in sizes if _PICKLE_SHARD.fullmatch(file)]
    if "config.json" not in wanted:
        raise EncoderError(f"{name!r} on {_hub()} has no config.json; name an encoder's repository")
    assert info.sha is not None  # a model's description always has it
    for file in wanted:  # the weights last, so that a folder that has them is whole
        if sizes[file] > 1e6 and not _is_cached(name, file, info.sha):
            print(f"downloading {file} of {name}, {sizes[file] / 1e6:,.0f} MB")
        with _told(name, revision, file):
            path = hf_hub_download(name, file, revision=info.sha)
    if revision != info.sha:
        _keep_reference(name, revision, info.sha)
    return FoundEncoder(name, Path(path).parent, info.sha)


def fetch_command(name: str, revision: str | None, *, trust_pickle: bool = False) -> str:
    """The line that turns an encoder into a folder of safetensors."""
    options = f" --revision {revision}" if revision and not Path(name).is_dir() else ""
    pickle = " --trust-pickle" if trust_pickle else ""
    return f"asn-nlp fetch-encoder {name} --output FOLDER{options}{pickle}"


def weight_files(folder: Path) -> list[Path]:
    """The safetensors of an encoder's folder, one or its shards; none where it has none."""
    return [
        folder / name for name in _weights_among(_names(folder)) if name.endswith(".safetensors")
    ]


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def _weights_among(files: Iterable[str]) -> list[str]:
    if WEIGHTS in files:
        return [WEIGHTS]
    if WEIGHTS_INDEX in files:
        return [WEIGHTS_INDEX, *sorted(file for file in files if _SHARD.fullmatch(file))]
    return []


def _whole(folder: Path, weights: bool) -> bool:
    files = _names(folder)
    if not weights:
        return "config.json" in files and not _TOKENIZER_FILES.isdisjoint(files)
    if WEIGHTS_INDEX in files:
        index = json.loads((folder / WEIGHTS_INDEX).read_text(encoding="utf-8"))
        return files.issuperset(index["weight_map"].values())
    return WEIGHTS in files


def _whole_pickle(folder: Path, pickle: bool) -> bool:
    return pickle and (folder / PICKLE).exists()


def _refuse_lone_pickle(
    name: str, revision: str | None, files: Iterable[str], needed: bool
) -> None:
    files = set(files)
    if not needed or _weights_among(files):
        return
    at = f" at revision {revision}" if revision and not Path(name).is_dir() else ""
    pickles = sorted(file for file in files if _PICKLE_SHARD.fullmatch(file))
    if not pickles:
        raise EncoderError(
            f"the encoder {name!r}{at} has no {WEIGHTS}; name one that has weights as safetensors"
        )
    command = fetch_command(name, revision, trust_pickle=True)
    raise EncoderError(
        f"the encoder {name!r}{at} has no {WEIGHTS}, only {pickles[0]}, a pickle, which can run "
        "code when opened; name a revision that has safetensors (the model's pull requests on the "
        f"hub often do, refs/pr/N), or convert it where you trust it: {command}"
    )


def _noted_commit(folder: Path) -> str | None:
    source = folder / SOURCE_FILE
    return json.loads(source.read_text(encoding="utf-8"))["commit"] if source.exists() else None


def _is_cached(name: str, file: str, revision: str | None) -> bool:
    return isinstance(try_to_load_from_cache(name, file, revision=revision), str)


def _cached(name: str, revision: str | None) -> FoundEncoder | None:
    try:
        config = try_to_load_from_cache(name, "config.json", revision=revision)
    except ValueError:  # no name that a hub could have; the hub's client words it
        return None
    if not isinstance(config, str):
        return None
    folder = Path(config).parent
    return FoundEncoder(name, folder, folder.name)


def _keep_reference(name: str, revision: str | None, commit: str) -> None:
    """Note in the hub's cache which commit ``revision`` was, for when the hub is out of reach."""
    folder = Path(constants.HF_HUB_CACHE) / f"models--{name.replace('/', '--')}" / "refs"
    path = folder / (revision or constants.DEFAULT_REVISION)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(commit, encoding="utf-8")


def _hub() -> str:
    return constants.ENDPOINT


@contextmanager
def _told(name: str, revision: str | None, file: str | None = None) -> Iterator[None]:
    """Whatever the hub's client raises, in one line that cures."""
    try:
        yield
    except _ANY_ERROR as error:
        raise EncoderError(_line(error, name, revision, file)) from error


def _line(error: Exception, name: str, revision: str | None, file: str | None) -> str:
    login = "log in with `hf auth login` or set HF_TOKEN"
    status = error.response.status_code if isinstance(error, HfHubHTTPError) else None
    if isinstance(error, GatedRepoError) or (status == 403):
        return (
            f"the encoder {name!r} is gated: ask for access on its page, {_hub()}/{name}, then "
            f"{login}"
        )
    if isinstance(error, RevisionNotFoundError):
        return (
            f"the encoder {name!r} has no revision {revision!r}; its page lists commits under "
            f"Files and versions: {_hub()}/{name}"
        )
    if isinstance(error, RepositoryNotFoundError) or status == 401:
        return (
            f"the encoder {name!r} is no folder, and {_hub()} has none of that name that it would "
            f"show; check the name, and where it is private {login}"
        )
    if isinstance(error, ValueError) and status is None:
        return f"the encoder {name!r} is neither a folder nor a hub name (OWNER/NAME); check it"
    reason = first_line(error)
    offline = isinstance(error, OfflineModeIsEnabled)
    if file is not None and not offline and not isinstance(error, EntryNotFoundError):
        return (
            f"the download of {file} of {name!r} from {_hub()} broke off ({reason}); give the same "
            "command again: what has arrived is kept"
        )
    cause = "HF_HUB_OFFLINE is set" if offline else f"{_hub()} cannot be reached ({reason})"
    return (
        f"the encoder {name!r} is no folder and not whole in the cache "
        f"{constants.HF_HUB_CACHE}, and {cause}; look to the network, HTTPS_PROXY or HF_ENDPOINT "
        f"(a mirror), or fetch it elsewhere ({fetch_command(name, revision)}), bring the folder "
        "and give --encoder.name FOLDER; configs/default.yaml needs no network"
    )
