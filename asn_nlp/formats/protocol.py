"""What every format of files is to the rest of the package."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from asn_nlp.articles import Article
from asn_nlp.formats.problems import Problem
from asn_nlp.formats.relations import Relation


@dataclass(frozen=True, slots=True)
class Placed:
    """An article and the line it stands on, rows in Parquet; None where it is the whole file.
    ``relations`` are those that the file holds between its entities; ``path`` is the file, where
    several are read as one."""

    line: int | None
    article: Article
    relations: tuple[Relation, ...] = ()
    path: Path | None = None

    @property
    def where(self) -> str:
        return str(self.path) if self.line is None else f"{self.path}:{self.line}"


@dataclass(frozen=True, slots=True)
class Format:
    """One way to keep articles in a file.

    Args:
        name: what chooses it where a file's ending does not.
        endings: of the files it is chosen for, in small letters. Formats may share one, where all
            but one of them have ``recognises``.
        scan: the articles of a file, streamed, their ids unique; what cannot be read comes as a
            ``Problem`` and does not stop the rest. ``OSError`` where the file system fails.
        write: the articles, streamed, to a file that appears whole or not at all; None where the
            format is only read.
        cannot_hold: what a file would lose or change of an article, a line for each; nothing
            where the article comes back as it was. ``write`` leaves such things out.
        recognises: whether a file or folder is one of this format, by its beginning; None where
            the ending alone tells.
        relations: whether a file may hold relations between entities.
    """

    name: str
    endings: tuple[str, ...]
    scan: Callable[[Path], Iterator[Placed | Problem]]
    write: Callable[[Iterable[Article], Path], None] | None = None
    cannot_hold: Callable[[Article], list[str]] = lambda _: []
    recognises: Callable[[Path], bool] | None = None
    relations: bool = False
