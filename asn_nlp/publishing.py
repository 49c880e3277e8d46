"""A run to the Hugging Face hub, with its card, in one commit."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from asn_nlp.engines.run_folder import (
    CARD,
    ENCODER_CONFIG,
    GRAPH,
    RECORD,
    THEME_HEAD,
    TOKENIZER,
    WEIGHTS,
    open_run,
)
from asn_nlp.errors import RunError, extra, first_line

with extra("train", "pushing a run"):
    from huggingface_hub import HfApi, constants
    from huggingface_hub.errors import HfHubHTTPError, HTTPError, OfflineModeIsEnabled

# Not the surfaces of the training articles' mentions: they are names of people.
_FILES = (
    RECORD,
    ENCODER_CONFIG,
    TOKENIZER,
    "tokenizer_config.json",
    WEIGHTS,
    THEME_HEAD,
    GRAPH,
    CARD,
    "scores.json",
)
_REFUSED = (401, 403, 404)  # the hub does not tell strangers what there is


@dataclass(frozen=True, slots=True)
class Pushed:
    """Where a run lies on the hub; ``commit`` pins it."""

    url: str
    commit: str
    private: bool


def push(run: Path, repository: str, *, public: bool = False) -> Pushed:
    """Upload a run folder's files and card, and no evaluation, checkpoint or name of a mention.

    Args:
        repository: ``OWNER/NAME``; made where there is none. One that is there stays as private as
            it is.
        public: make it for all to see; otherwise a new one is private.

    Raises:
        RunError: the folder is no run, or lacks its card; the hub refuses or cannot be reached.
    """
    open_run(run)
    if not (run / CARD).is_file():
        raise RunError(f"{run} has no {CARD}, the card of the model; training writes one")
    api = HfApi()
    with _told(repository):
        url = api.create_repo(repository, private=not public, exist_ok=True)
        commit = api.upload_folder(
            repo_id=repository,
            folder_path=run,
            allow_patterns=list(_FILES),
            commit_message="A run of asn-nlp",
        )
        info = api.model_info(repository, revision=commit.oid)
    return Pushed(str(url), commit.oid, bool(info.private))


@contextmanager
def _told(repository: str) -> Iterator[None]:
    """Whatever the hub's client raises, in one line that cures."""
    place = f"{repository!r} on {constants.ENDPOINT}"
    try:
        yield
    except OfflineModeIsEnabled as error:
        raise RunError(f"{place} cannot be written: HF_HUB_OFFLINE is set; unset it") from error
    except HfHubHTTPError as error:
        status = error.response.status_code
        if status in _REFUSED:
            raise RunError(
                f"{place} may not be written; log in with `hf auth login`, or set HF_TOKEN, with a "
                "token that may write there"
            ) from error
        raise RunError(f"{place} was not written ({first_line(error)}); try again") from error
    except ValueError as error:
        raise RunError(
            f"{repository!r} is no name of a repository (OWNER/NAME): {first_line(error)}"
        ) from error
    except (HTTPError, OSError) as error:
        raise RunError(
            f"{constants.ENDPOINT} cannot be reached ({first_line(error)}); look to the network, "
            "HTTPS_PROXY or HF_ENDPOINT"
        ) from error
