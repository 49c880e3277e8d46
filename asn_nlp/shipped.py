"""Where the corpus, the encoder, the ready model and all else lie that ship with the package."""

from pathlib import Path

_DATA = Path(__file__).parent / "data"

GUIDELINES = _DATA / "GUIDELINES.md"
CORPUS = _DATA / "corpus"
ENCODER = _DATA / "encoder"
READY = _DATA / "model"
REGIONS = _DATA / "regions"


def run_folder(name: str | Path) -> Path:
    """The folder that RUN names in a command: a path, or ``ready`` for the model that ships."""
    return READY if str(name) == "ready" else Path(name)
