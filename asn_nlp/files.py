"""Files that appear whole or not at all, fingerprints of their contents, and folders walked.

The only place of temporary names: ``.NAME.RANDOM.tmp`` beside the file or folder that is written. A
process holds a lock on what it writes; what nobody holds was left by a process that died, and is
removed by the next that writes the same.
"""

import hashlib
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from secrets import token_hex
from typing import Any, BinaryIO, NamedTuple, TextIO

from asn_nlp.errors import ConfigError

try:
    import fcntl
except ModuleNotFoundError:  # Windows: temporary files of killed runs stay
    fcntl = None  # type: ignore[assignment]

_LOCK = "lock"  # in place of RANDOM, where nothing is written but a claim laid on the name
_YOUNG = 60  # seconds in which a temporary file may not have its lock yet


@contextmanager
def written_whole(path: Path) -> Iterator[TextIO]:
    """A text file (UTF-8) that takes its name only once everything is on disk.

    Raises:
        OSError: the disk is full, the folder cannot be written, or ``path`` is a folder; what
            stood at ``path`` is untouched and the temporary file is gone.
    """
    with (
        replaced_whole(path) as temporary,
        temporary.open("w", encoding="utf-8", newline="\n") as (file),
    ):
        yield file
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def written_bytes(path: Path) -> Iterator[BinaryIO]:
    """``written_whole`` for bytes."""
    with replaced_whole(path) as temporary, temporary.open("wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def replaced_whole(path: Path) -> Iterator[Path]:
    """A temporary file, for a library that writes by name, which replaces ``path`` at the end.

    Raises:
        OSError: as ``written_whole``.
    """
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; name a file to write")
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_stale(path)
    temporary = path.with_name(f"{_prefix(path)}{token_hex(8)}.tmp")
    try:
        with temporary.open("wb") as lock:
            if fcntl:
                fcntl.flock(lock, fcntl.LOCK_EX)
            else:  # Windows moves no open file
                lock.close()
            yield temporary
            temporary.replace(path)
    except OSError as error:
        ours = error.filename is None or str(error.filename) == str(temporary)
        if error.errno is None or not ours:  # what the caller read, not what is written here
            raise
        raise OSError(
            error.errno, f"could not write {path} ({error.strerror}); the old file is untouched"
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def temporary_folder(parent: Path, name: str) -> Iterator[Path]:
    """A folder in ``parent`` for what is not whole yet, gone at the end; ``name`` says what it is.

    Those of the same name that killed processes left are removed first.
    """
    path = parent / name
    _remove_stale(path)
    temporary = path.with_name(f"{_prefix(path)}{token_hex(8)}.tmp")
    temporary.mkdir(parents=True)
    try:
        with _opened(temporary) if fcntl else nullcontext(-1) as lock:
            if fcntl:
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield temporary
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def written_folder(path: Path) -> Iterator[Path]:
    """A folder to fill, which takes its name at the end; ``path`` is new, or an empty folder.

    Raises:
        OSError: it cannot be written; what was begun is gone.
    """
    with temporary_folder(path.parent, path.name) as temporary:
        folder = temporary / "whole"
        folder.mkdir()
        yield folder
        if path.is_dir():  # Windows moves nothing onto it
            path.rmdir()
        folder.replace(path)


def discard(folder: Path) -> None:
    """Remove ``folder``, if it is there, in one step: a kill leaves all of it or nothing, and what
    goes on from it never finds a part."""
    with temporary_folder(folder.parent, folder.name) as away:
        if folder.exists():
            folder.replace(away / folder.name)


@contextmanager
def claimed(path: Path) -> Iterator[None]:
    """Within, no other process or thread may claim the file or folder ``path``.

    For work that takes long before it writes. Writing itself and reading ask for no claim, and the
    claim of a killed process ends with it.

    Raises:
        ConfigError: another holds it.
        OSError: the folder around ``path`` cannot be written.
    """
    if not fcntl:
        yield
        return
    path = Path(real(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    name = path.with_name(f"{_prefix(path)}{_LOCK}.tmp")
    with _locked(name, path):
        try:
            yield
        finally:
            name.unlink(missing_ok=True)  # while it is held, so that nobody else's goes


@contextmanager
def _locked(name: Path, claim: Path) -> Iterator[None]:
    while True:
        try:
            lock = name.open("wb")
        except OSError as error:
            raise OSError(error.errno, f"{claim} cannot be written ({error.strerror})") from error
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise ConfigError(
                    f"{claim} is being written by another process; wait for its end, or name "
                    "another output"
                ) from error
            # Whoever held it may have removed the name between our opening and our lock.
            if name.exists() and name.stat().st_ino == os.fstat(lock.fileno()).st_ino:
                yield
                return


def check_unchanged(
    folder: Path,
    was: Mapping[str, Any],
    now: Mapping[str, Any],
    *,
    anew: str = "begin anew with --overwrite",
) -> None:
    """Compare what the work in ``folder`` was begun with and what is asked for now.

    Raises:
        ConfigError: they differ; it names the first difference.
    """
    for name, value in now.items():
        if was.get(name) != value:
            raise ConfigError(
                f"{folder} was made with {name} {was.get(name)!r}, not {value!r}; what is "
                f"resumed goes on with what it was begun with: give the old value, or {anew}"
            )


def is_temporary(path: Path) -> bool:
    """Whether the name is one that this module gives a file until it is whole."""
    return path.name.startswith(".") and path.name.endswith(".tmp")


def real(path: Path) -> str:
    """Where ``path`` really lies, links followed as far as they go."""
    return os.path.realpath(path)


def check_apart(output: Path, inputs: Iterable[Path]) -> None:
    """
    Raises:
        ConfigError: ``output`` is one of the files that are read, whatever it is called.
    """
    for path in inputs:
        if real(path) == real(output):
            raise ConfigError(
                f"{path} is both read and written; name another file for what is written"
            )


def _prefix(path: Path) -> str:
    return f".{path.name[:50]}."  # short enough for a file system whatever the letters


def _remove_stale(path: Path) -> None:
    """Remove what killed processes left of earlier attempts to write ``path``."""
    if not fcntl or not path.parent.is_dir():
        return
    prefix = _prefix(path)
    for left in path.parent.iterdir():
        # Not glob, to which a name may look like a pattern.
        digits = left.name.removeprefix(prefix).removesuffix(".tmp")
        if left.name != f"{prefix}{digits}.tmp" or len(digits) != 16:
            continue
        if left.is_symlink() or not (left.is_file() or left.is_dir()):
            continue
        with suppress(OSError), _opened(left) as lock:
            if time.time() - left.stat().st_mtime > _YOUNG:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if left.is_dir():
                    shutil.rmtree(left, ignore_errors=True)
                else:
                    left.unlink()


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    """A descriptor of a file or a folder, which ``open`` would not give."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def fingerprint(*paths: Path) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of the files' bytes, in the order given; a
    folder stands for all files below it."""
    digest = hashlib.sha256()
    for path in (found.path for top in paths for found in walk(top) if not found.fault):
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()[:16]


class Found(NamedTuple):
    """A file, or what stands where one might be sought; ``fault`` says why it cannot be read."""

    path: Path
    fault: str | None = None


def walk(top: Path, *, exclude: Iterable[Path] = ()) -> Iterator[Found]:
    """The file ``top``, or all files below the folder ``top``, in order of name.

    Links to files are followed, links to folders are not: they may lead in circles. What is
    neither file nor folder, or cannot be opened, comes with its fault, and so does an empty folder.

    Args:
        exclude: files and folders below ``top`` that are left out, as temporary ones are.

    Raises:
        FileNotFoundError: ``top`` does not exist.
    """
    if not top.exists():
        raise FileNotFoundError(f"{top} does not exist; name a file or folder that does")
    left_out = {real(path) for path in exclude}
    names = {Path(path).name for path in left_out}
    waiting, empty = [top], True
    while waiting:
        path = waiting.pop()
        try:
            if path.is_dir() and (path == top or not path.is_symlink()):
                if path != top and path.name in names and real(path) in left_out:
                    continue
                waiting += sorted(path.iterdir(), reverse=True)
                continue
        except OSError as error:
            yield Found(path, f"the folder cannot be read ({error.strerror}); mend its rights")
            empty = False
            continue
        # Only what may be left out costs the question where it really lies.
        suspect = path.name in names or (left_out and path.is_symlink())
        if path != top and (is_temporary(path) or (suspect and real(path) in left_out)):
            continue
        empty = False
        yield Found(path, _fault(path))
    if empty:
        yield Found(top, "the folder holds no file to read; fill it or leave it out")


def _fault(path: Path) -> str | None:
    """Why ``path`` is no file to read, if so."""
    try:
        if path.is_symlink():
            if not path.exists():
                return "the link leads nowhere; mend or remove it"
            if path.is_dir():
                return "links to folders are not followed; name the folder itself"
        if not path.is_file():
            return "it is neither file nor folder, but a pipe or a device; leave it out"
    except (OSError, RuntimeError) as error:  # RuntimeError: a link to itself, before Python 3.13
        return f"the path cannot be followed ({error}); mend or remove it"
    return None
