"""One file put together from parts, which are removed then; stopped anywhere, it is gone on with.

It grows among the parts and is moved out whole. Before that the parts' job notes the outcome, so
that an attempt after this point has nothing left to read.
"""

import shutil
from pathlib import Path

from asn_nlp.batch.parts import Parts
from asn_nlp.files import written_bytes
from asn_nlp.formats import read_articles, write_articles

_WHOLE = "_whole"  # the folder among the parts


def put_together(parts: Parts, numbers: range, output: Path, rejects: Path) -> None:
    """Join the articles of the parts ``numbers`` and their rejects, under the names that they will
    have, in a folder among the parts.

    Raises:
        OSError: a file cannot be written; the parts stay.
    """
    folder = parts.folder / _WHOLE
    shutil.rmtree(folder, ignore_errors=True)  # of an attempt that was stopped
    folder.mkdir(parents=True)
    whole = folder / output.name
    read = [path for path in map(parts.articles, numbers) if path.stat().st_size]
    if whole.suffix == ".jsonl":
        _join(read, whole)
    else:
        write_articles((one for path in read for one in read_articles(path, "jsonl")), whole)
    _join([path for path in map(parts.rejects, numbers) if path.exists()], folder / rejects.name)


def move_out(parts: Parts, output: Path, rejects: Path) -> None:
    """Move what ``put_together`` wrote to its place, and remove the parts."""
    folder = parts.folder / _WHOLE
    if folder.exists():
        rejected = folder / rejects.name
        if rejected.exists() and not rejected.stat().st_size:
            rejects.unlink(missing_ok=True)
            rejected.unlink()
        for path in sorted(folder.iterdir()):  # the output, and what a format keeps beside it
            path.replace(output.with_name(path.name))
        folder.rmdir()
    parts.remove()


def _join(paths: list[Path], whole: Path) -> None:
    with written_bytes(whole) as file:
        for path in paths:
            with path.open("rb") as part:
                shutil.copyfileobj(part, file, 2**20)
