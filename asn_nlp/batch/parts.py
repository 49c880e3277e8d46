"""A folder of parts, one a shard, each whole or not there, that vouches for what is in it.

==========================  =====================================================================
``_job.json``                what is read by which run with which options
``part-000001.jsonl``        the articles of a shard, or ``.parquet``
``_rejects-000001.jsonl``    its records that could not be read, where there are any
``_part-000001.json``        which records these are, how many, and the fingerprints of both files;
                            written last
``_trying-000001``           while they are read; an attempt that left it died of them, perhaps
==========================  =====================================================================

Arrow, Spark and their like pass over names that begin with a line, and read the parts alone.
"""

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from asn_nlp.articles import Article
from asn_nlp.batch.shards import Shard
from asn_nlp.errors import ConfigError
from asn_nlp.files import fingerprint, is_temporary, written_whole
from asn_nlp.formats import Problem, write_articles, write_problems

_JOB, _OUTCOME = "_job.json", "outcome"
_TRYING = "_trying-"
_DIFFERENCES = 5  # named in a message


@dataclass(frozen=True, slots=True)
class Part:
    """What became of a shard.

    Attributes:
        first, last: where its first and its last record stand.
        read: records, each either written or rejected.
        files: fingerprints by name.
    """

    number: int
    first: str
    last: str
    read: int
    written: int
    rejected: int
    files: Mapping[str, str]


class Parts:
    """The parts in a folder that nobody else writes.

    Attributes:
        outcome: None until nothing is left to read.
        suspects: shards that an attempt was reading when it died.

    Args:
        job: what is read how: sections of names and values, all of JSON.
        format: of the parts: jsonl or parquet.

    Raises:
        ConfigError: the folder holds another job, whose difference is named, or foreign files.
        OSError: it cannot be written.
    """

    def __init__(self, folder: Path, job: Mapping[str, Mapping[str, Any]], format: str) -> None:
        self.folder = folder
        self._format = format
        self._job = job
        self.outcome: dict[str, Any] | None = None
        self._new = not folder.exists()
        folder.mkdir(parents=True, exist_ok=True)
        there = []
        for path in folder.iterdir():
            if is_temporary(path):  # of a killed process, since nobody else writes here
                path.unlink()
            else:
                there.append(path.name)
        self.suspects = {int(one[-6:]) for one in there if one.startswith(_TRYING)}
        if _JOB in there:
            self._check(job)
            return
        if there:
            raise ConfigError(
                f"{folder} holds {min(there)}, and an output folder must be new, empty, or one "
                "that the same command began; name another"
            )
        self._write_job()

    def end(self, outcome: dict[str, Any]) -> None:
        """Note that nothing is left to read, and what came of it."""
        self.outcome = outcome
        self._write_job()

    def _write_job(self) -> None:
        with written_whole(self.folder / _JOB) as file:
            json.dump(dict(self._job) | {_OUTCOME: self.outcome}, file, allow_nan=False, indent=1)

    def _check(self, job: Mapping[str, Mapping[str, Any]]) -> None:
        try:
            begun = json.loads((self.folder / _JOB).read_text(encoding="utf-8"))
            self.outcome = begun.pop(_OUTCOME)
            differences = list(_differences(begun, job))
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            raise ConfigError(
                f"{self.folder / _JOB} is damaged ({error}); remove {self.folder}, or name another "
                "output"
            ) from error
        if differences:
            more = len(differences) - _DIFFERENCES
            named = "; ".join(differences[:_DIFFERENCES]) + (f"; {more:,} more" if more > 0 else "")
            raise ConfigError(
                f"{self.folder} was begun otherwise: {named}. Give the command that began it, "
                "remove the folder to begin anew, or name another output"
            )

    def whole(self, number: int) -> Part | None:
        """The part of a shard, if it is there and its files are as they were written."""
        try:
            part = Part(**json.loads(self._record(number).read_text(encoding="utf-8")))
            for name, written in part.files.items():
                if fingerprint(self.folder / name) != written:
                    return None
        except (OSError, ValueError, AttributeError, TypeError):
            return None
        return part

    def begun(self, number: int) -> bool:
        """Whether a part of a shard is there at all, whole or damaged."""
        return self._record(number).exists()

    def write(self, shard: Shard, articles: Iterable[Article], problems: list[Problem]) -> Part:
        """Keep what became of a shard.

        Raises:
            OSError: the disk is full, or the folder cannot be written; other parts are untouched.
        """
        path, rejects = self.articles(shard.number), self.rejects(shard.number)
        kept = list(articles)
        self._mark(shard.number).unlink(missing_ok=True)
        self._record(shard.number).unlink(missing_ok=True)  # it vouches for a damaged file
        write_articles(kept, path, self._format)
        write_problems(problems, rejects)
        part = Part(
            shard.number,
            shard.records[0].where,
            shard.records[-1].where,
            len(shard.records),
            len(kept),
            len(problems),
            {one.name: fingerprint(one) for one in (path, rejects) if one.exists()},
        )
        with written_whole(self._record(shard.number)) as file:
            # ASCII alone, because a file's name may hold bytes that are no UTF-8.
            json.dump(asdict(part), file, allow_nan=False, indent=1)
        return part

    @contextmanager
    def trying(self, number: int) -> Iterator[None]:
        """Around the reading of a shard by this process, which an article may end."""
        self._mark(number).touch()
        try:
            yield
        finally:
            self._mark(number).unlink()

    def articles(self, number: int) -> Path:
        return self.folder / f"part-{number:06}.{self._format}"

    def rejects(self, number: int) -> Path:
        return self.folder / f"_rejects-{number:06}.jsonl"

    def _record(self, number: int) -> Path:
        return self.folder / f"_part-{number:06}.json"

    def _mark(self, number: int) -> Path:
        return self.folder / f"{_TRYING}{number:06}"

    def tidy(self) -> None:
        """Remove the folder if this attempt made it, and no part came of it."""
        if self._new and self.folder.exists() and not any(self.folder.glob("_part-*")):
            self.remove()

    def remove(self) -> None:
        """Remove every part, then the job, and the folder."""
        for path in self.folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name != _JOB:
                path.unlink()
        (self.folder / _JOB).unlink(missing_ok=True)
        self.folder.rmdir()


def _differences(
    begun: Mapping[str, Mapping[str, Any]], job: Mapping[str, Mapping[str, Any]]
) -> Iterator[str]:
    for section in [*job, *(name for name in begun if name not in job)]:
        was, is_now = begun.get(section, {}), job.get(section, {})
        for name in [*is_now, *(name for name in was if name not in is_now)]:
            if name not in was:
                yield f"{section} {name} is new"
            elif name not in is_now:
                yield f"{section} {name} is gone"
            elif was[name] != is_now[name]:
                yield f"{section} {name} was {_shown(was[name])}, is {_shown(is_now[name])}"


def _shown(value: object) -> str:
    return f"{json.dumps(value, allow_nan=False):.100}"
