"""Files that appear whole or not at all, and the fingerprints that name their contents."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO


@contextmanager
def written_whole(path: Path) -> Iterator[TextIO]:
    """A text file (UTF-8) that takes its name only once everything is on disk.

    Raises:
        OSError: the disk is full or the folder cannot be written; what stood at ``path`` is
            untouched and the temporary file is gone.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("w", encoding="utf-8", newline="\n") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise OSError(
            error.errno, f"could not write {path} ({error.strerror}); the old file is untouched"
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


def fingerprint(*paths: Path) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of the files' bytes, in the order given."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
