"""Files that gzip or Zstandard made smaller, read as if they had not been.

They are unpacked as they are read, never whole, and what grows as no text does is read no further.
"""

import gzip
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BufferedReader, RawIOBase
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from asn_nlp.errors import TextError, extra

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_LARGEST_RATIO = 200  # text shrinks to a fifth, the same article over and over to a hundredth
_SMALL = 64 * 2**20  # bytes that a file may grow to whatever its size


def bare(path: Path) -> Path:
    """``path`` without the ending of a compression."""
    return path.with_suffix("") if path.suffix.lower() in _OPENERS else path


@contextmanager
def opened(path: Path) -> Iterator[tuple[BinaryIO, BinaryIO]]:
    """What a file holds, decompressed by its ending, and the file as it lies on the disk.

    Raises:
        MissingExtra: Zstandard needs pyarrow, which is not installed.
        TextError: while it is read: the file is damaged, cut off, or a decompression bomb.
        OSError: it cannot be read.
    """
    opener = _OPENERS.get(path.suffix.lower())
    with path.open("rb") as raw:
        if opener is None:
            yield raw, raw
        else:
            with BufferedReader(_Unpacked(raw, opener), 2**17) as file:
                yield cast(BinaryIO, file), raw


class _Unpacked(RawIOBase):
    def __init__(self, raw: BinaryIO, opener: Callable[[BinaryIO], BinaryIO]) -> None:
        self._raw = raw
        self._opener = opener
        self._stream = opener(raw)
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True  # to its start

    def tell(self) -> int:
        return self._place

    def seek(self, place: int, whence: int = 0) -> int:
        if (place, whence) != (0, 0):
            return self._place
        self._raw.seek(0)
        self._stream = self._opener(self._raw)
        self._place = 0
        return 0

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer)
        try:
            read = self._stream.read(len(view))
        # Arrow's errors are OSErrors, as are some of gzip's; a file system's has a number.
        except (OSError, EOFError, zlib.error) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            raise TextError(
                f"a compressed file must unpack to its end, but: {error!s:.200}; get it anew"
            ) from error
        view[: len(read)] = read
        self._place += len(read)
        packed = self._raw.tell()
        if self._place > max(_SMALL, _LARGEST_RATIO * packed):
            raise TextError(
                f"a compressed file must unpack to at most {_LARGEST_RATIO} times its size, as "
                f"text does, but {packed:,} bytes of it became {self._place:,}; if it is meant, "
                "unpack it yourself"
            )
        return len(read)


def _zstd(raw: BinaryIO) -> BinaryIO:
    with extra("tables", "a .zst file"):
        import pyarrow
    # Not left to close the file, which is read again from its start where a format looks ahead.
    return cast(BinaryIO, pyarrow.CompressedInputStream(pyarrow.PythonFile(raw, mode="r"), "zstd"))


def _gzip(raw: BinaryIO) -> BinaryIO:
    return cast(BinaryIO, gzip.GzipFile(fileobj=raw, mode="rb"))


_OPENERS: dict[str, Callable[[BinaryIO], BinaryIO]] = {".gz": _gzip, ".zst": _zstd}
