"""Files of any format as bytes: what a browser opens, and what it saves.

What is more than one file, such as a folder of brat's, goes in and out as one ``.zip``.
"""

import zlib
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile

from asn_nlp.articles import Article
from asn_nlp.errors import AnnotationError, AsnError, ConfigError
from asn_nlp.formats import FORMATS, Format, Problem, scan, write_articles

_FOLDERS = {".ann", ".xmi"}  # no file of these stands for itself
_MOST_UNPACKED = 2**28  # bytes
_STEM = "articles"

ENDINGS = (*sorted({ending for one in FORMATS for ending in one.endings} - _FOLDERS), ".zip")


def read_upload(
    name: str, content: bytes, format: str | None = None
) -> tuple[list[Article], list[str]]:
    """The articles of a file called ``name``, annotated or raw news, and what cannot be read of it.

    Raises:
        AsnError: no format reads a file of that name, or it is no zip that can be unpacked.
    """
    with TemporaryDirectory(prefix="asn-nlp-") as folder:
        path = Path(folder) / (Path(name).name or _STEM)
        path.write_bytes(content)
        articles: list[Article] = []
        problems: list[str] = []
        try:
            for source in _sources(path):
                for record in _records(source, format):
                    if isinstance(record, Article):
                        articles.append(record)
                    else:
                        problems += record.lines
        except AsnError as error:
            raise type(error)(_without(folder, str(error))) from error
    return articles, [_without(folder, problem) for problem in problems]


def losses(articles: Sequence[Article], format: Format) -> list[str]:
    """What ``format`` cannot hold of the articles, a line for each."""
    return [loss for article in articles for loss in format.cannot_hold(article)]


def write_download(articles: Sequence[Article], format: Format) -> tuple[str, bytes]:
    """The name and the bytes of a file of the articles, without what ``format`` cannot hold.

    Raises:
        AsnError: the format cannot hold the articles at all, or needs an extra.
    """
    with TemporaryDirectory(prefix="asn-nlp-") as name:
        folder = Path(name)
        path = folder / f"{_STEM}{format.endings[0] if format.endings else '.txt'}"
        try:
            write_articles(articles, path, format, lossy=True)
        except AnnotationError as error:
            raise AnnotationError([_without(name, one) for one in error.problems]) from error
        top = path if path.is_dir() else folder
        files = sorted(file for file in top.rglob("*") if file.is_file())
        if files == [path]:
            return path.name, path.read_bytes()
        packed = BytesIO()
        with ZipFile(packed, "w", compression=ZIP_DEFLATED) as archive:
            for file in files:
                archive.write(file, file.relative_to(top))
        return f"{_STEM}-{format.name}.zip", packed.getvalue()


def _sources(path: Path) -> list[Path]:
    """The file, or what it packs: a folder, or files that stand for themselves."""
    if path.suffix.lower() != ".zip":
        return [path]
    folder = path.with_suffix("")
    try:
        with ZipFile(path) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
            if size > _MOST_UNPACKED:
                raise ConfigError(
                    f"a zip may hold {_MOST_UNPACKED:,} bytes, found {size:,}; divide it"
                )
            archive.extractall(folder)
    except (BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError) as error:
        raise ConfigError(f"{path.name} must be a zip, but: {error}; pack it anew") from error
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    if any(file.suffix.lower() in _FOLDERS for file in files):
        return [folder]
    beside = {file.with_name(f"{file.name}.jsonl") for file in files}  # CoNLL's sidecars
    return [file for file in files if file not in beside]


def _records(path: Path, format: str | None) -> Iterator[Article | Problem]:
    """The records of a file; where none is annotated as its ending says, it may be raw news."""
    records = list(scan(path, format))
    if format is None and not any(isinstance(record, Article) for record in records):
        news = list(scan(path, "news"))
        if any(isinstance(record, Article) for record in news):
            return iter(news)
    return iter(records)


def _without(folder: str, message: str) -> str:
    return message.replace(f"{folder}/", "")
