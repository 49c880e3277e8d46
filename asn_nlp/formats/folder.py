"""Formats that keep a folder with a file for each article, which is named by the article's id.

An id that is no name for a file is written with percent signs, as in addresses of the web.
"""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, unquote

from asn_nlp.articles import Article
from asn_nlp.errors import AnnotationError

_LONGEST_NAME = 200  # bytes, so that endings and a temporary file's name still fit
_SAFE = " ,;()[]'+@=!"


def file_name(id: str) -> str:
    """The name of an article's file, without an ending."""
    name = quote(id, safe=_SAFE) if not id.isalnum() else id
    return name.replace(".", "%2E", 1) if name.startswith(".") else name or "%"


def id_of(name: str) -> str:
    """The id that a file's name means."""
    meant = "" if name == "%" else unquote(name)
    return meant if file_name(meant) == name else name


def cannot_name(article: Article, called: str) -> list[str]:
    """That the format ``called`` so cannot name a file by an id that long."""
    if len(file_name(article.id).encode()) <= _LONGEST_NAME:
        return []
    return [
        f"article {article.id!r}: {called} cannot hold an id that long, as it names a file; "
        "shorten it"
    ]


def holds(path: Path, *, ending: str) -> bool:
    """Whether ``path`` is a folder with files of that ending somewhere below it, or one of them."""
    if path.is_dir():
        return next(path.rglob(f"*{ending}"), None) is not None
    return path.suffix.lower() == ending


def names_in(folder: Path) -> Callable[[str], str]:
    """``file_name`` for the articles that go into a new folder.

    Raises:
        AnnotationError: the folder holds something; and the function, where an id makes a name
            that another has, or that some file systems take for the same.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise AnnotationError([f"{folder} must be an empty folder or a new one; name another"])
    met: set[str] = set()

    def name_of(id: str) -> str:
        name = file_name(id)
        if name.casefold() in met:
            raise AnnotationError(
                [f"article {id!r}: another has the file name {name!r} too; rename one"]
            )
        met.add(name.casefold())
        return name

    return name_of
