"""Files of news to files of predictions, part by part, gone on with after whatever stopped it."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from typing import Any

from asn_nlp.articles import Article, EntitySpan
from asn_nlp.batch.cluster import Cluster
from asn_nlp.batch.crew import Alone, Crew, Failed, Opening, read_shards
from asn_nlp.batch.parts import Part, Parts
from asn_nlp.batch.processes import Processes
from asn_nlp.batch.shards import Shard, cut
from asn_nlp.batch.whole import move_out, put_together
from asn_nlp.engines.run_folder import open_run, run_fingerprint
from asn_nlp.errors import AnnotationError, ConfigError
from asn_nlp.files import Found, check_apart, claimed, fingerprint
from asn_nlp.formats import (
    FORMATS,
    Format,
    Placed,
    Problem,
    choose,
    find_news,
    problem_log,
    read_found,
    write_articles,
)
from asn_nlp.formats.news import STDIN
from asn_nlp.formats.records import to_json
from asn_nlp.predictor import Precision
from asn_nlp.shipped import run_folder

# Options that change what is written.
_DECIDING = ("engine", "device", "precision", "shard", "text_column", "id_column")
_ENDINGS = {ending for one in FORMATS if one.write for ending in one.endings}
_READ = Article("a", "Sekda hadir.", entities=(EntitySpan(0, 5, "TITLE"),))  # any that has a span
_SHOWN = 10  # rejects told of; the files hold all


@dataclass
class Summary:
    """What became of the input.

    Attributes:
        parts: how many it has.
        written: articles, with their spans.
        rejected: records that could not be read.
        earlier: of both, those read by an earlier attempt.
        damaged: numbers of the parts that were read again because their files were damaged.
        shown: the first of them, each with its place.
    """

    parts: int = 0
    written: int = 0
    rejected: int = 0
    earlier: int = 0
    damaged: list[int] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Progress:
    """Told how far it is, in this process.

    Args:
        total: called once, with the bytes of the input.
        read: called with articles, and words in them, as they are read.
        finished: called with the bytes of the input that are finished with.
    """

    total: Callable[[int], object] = lambda _: None
    read: Callable[[int, int], object] = lambda _articles, _words: None
    finished: Callable[[int], object] = lambda _: None


@dataclass(frozen=True)
class BatchOptions:
    """How an archive is read.

    Args:
        engine: as for ``Predictor.from_pretrained``.
        device: as for ``Predictor.from_pretrained``.
        precision: as for ``Predictor.from_pretrained``.
        shard: articles of a part, and so at most what a kill loses.
        format: of the parts of a folder: jsonl or parquet.
        workers: processes that read, with the cores divided among them; null reads in this one,
            which an article can then keep waiting, or end: the next attempt reads the shard that it
            died of in a process of its own. With ``ray``, actors of a core each;
            null has as many as the cluster has cores.
        ray: read on a Ray cluster: its address, or "" for that of this machine.
        patience: seconds without a sign of life after which a worker is ended.
        text_column: as for ``read_news``.
        id_column: as for ``read_news``.
    """

    engine: str | None = None
    device: str | None = None
    precision: Precision | None = None
    shard: int = 512
    format: str = "jsonl"
    workers: int | None = None
    ray: str | None = None
    patience: float = 600.0
    text_column: str = "text"
    id_column: str = "id"

    def check(self) -> None:
        """Raises ConfigError: an option has a value that cannot work."""
        if self.format not in ("jsonl", "parquet"):
            raise ConfigError(f"format must be jsonl or parquet, found {self.format!r}")
        for name in ("shard", "workers", "patience"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ConfigError(f"{name} must be above 0, found {value}")


def predict_files(
    run: str,
    news: Sequence[Path],
    output: Path,
    options: BatchOptions,
    *,
    progress: Progress | None = None,
) -> Summary:
    """Read news by ``run``, and write it with the spans found.

    The same call again goes on where it was stopped, and gives the files that it would have given
    undisturbed. Standard input comes but once: what it holds is read in this process and straight
    into a file, and a call that is stopped leaves nothing.

    Args:
        run: a run folder, or ready.
        news: files and folders, as ``read_news`` takes them.
        output: a folder of parts; or, where it has an ending, a file of any format that is
            written, which is put together in the end and whose parts lie in ``OUTPUT.parts`` until
            then.

    Raises:
        AnnotationError: the format of the output cannot hold an article.
        ConfigError: the output belongs to another run, version, input or options, is read itself,
            holds no spans, or another process writes it; or standard input is to be shared out.
        RunError, MissingExtra: the run cannot be opened.
        OSError: the output cannot be written; what was written stays, and can be gone on with.
    """
    options.check()
    progress = progress or Progress()
    single = output.suffix.lower() in _ENDINGS or bool(output.suffix and not output.is_dir())
    # A wrong ending is told before anything is opened.
    to = choose(output, writing=True) if single else None
    if to and to.cannot_hold(_READ):
        raise ConfigError(
            f"what is read has spans, which {output}, a file of {to.name}, cannot hold; name a "
            ".jsonl file"
        )
    folder = output.with_name(f"{output.name}.parts") if single else output
    rejects = output.with_name(f"{output.name}.rejects.jsonl") if single else folder
    for path in dict.fromkeys((output, rejects)):
        check_apart(path, news)
        if single and path.is_dir():
            raise ConfigError(f"{path} is a folder; name a file to write")
    straight = STDIN in news
    if straight and (not single or options.workers is not None or options.ray is not None):
        raise ConfigError(
            "standard input is read in one process into one file; name a file for the output, and "
            "leave workers and ray out, or keep the input in a file first"
        )
    with claimed(output):
        opened = open_run(run_folder(run))
        files = find_news(news, exclude=dict.fromkeys([output, folder, rejects]))
        opening = Opening(run, options.engine, options.device, options.precision)
        if straight:
            return _read_straight(opening, files, output, rejects, options, progress)
        job: dict[str, dict[str, Any]] = {
            "package": {"version": version("asn-nlp")},
            "run": {"fingerprint": run_fingerprint(opened)},
            "option": {name: getattr(options, name) for name in _DECIDING},
            "output": {"format": "jsonl" if single else options.format},
            "input": {str(found.path): _known_by(found) for found in files},
        }
        parts = Parts(folder, job, job["output"]["format"])
        summary = Summary(**(parts.outcome or {}))
        try:
            if parts.outcome is None:
                progress.total(sum(known.get("bytes", 0) for known in job["input"].values()))
                _read(opening, files, parts, to, options, progress, summary)
            if single:
                if parts.outcome is None:
                    put_together(parts, range(1, summary.parts + 1), output, rejects)
                    parts.end(asdict(summary))
                move_out(parts, output, rejects)
        finally:
            parts.tidy()
    return summary


def _known_by(found: Found) -> dict[str, Any]:
    """What an input file must still be in a later attempt."""
    if found.fault:
        return {"fault": found.fault}
    try:
        return {"bytes": found.path.stat().st_size, "fingerprint": fingerprint(found.path)}
    except OSError as error:
        return {"fault": str(error.strerror)}


def _read(
    opening: Opening,
    files: list[Found],
    parts: Parts,
    to: Format | None,
    options: BatchOptions,
    progress: Progress,
    summary: Summary,
) -> None:
    """Read what has no part yet: the one loop. ``to`` must hold it in the end."""

    def unread() -> Iterator[Shard]:
        for shard in cut(
            files,
            articles=options.shard,
            text_column=options.text_column,
            id_column=options.id_column,
        ):
            if part := parts.whole(shard.number):
                _count(summary, part, parts)
                summary.earlier += part.read
                progress.finished(shard.size)
                continue
            if parts.begun(shard.number):
                summary.damaged.append(shard.number)
            yield shard

    shards = unread()
    first = next(shards, None)
    if first is None:
        return
    with closing(_crew(opening, options, parts, progress)) as crew:
        for shard, outcomes in read_shards(chain([first], shards), crew):
            articles = [one for one in outcomes if isinstance(one, Article)]
            if to and (losses := [loss for one in articles for loss in to.cannot_hold(one)]):
                raise AnnotationError(losses)  # not only in the end
            problems = shard.problems + [
                _given_up(placed, outcome)
                for placed, outcome in zip(shard.placed, outcomes, strict=True)
                if isinstance(outcome, Failed)
            ]
            _count(summary, parts.write(shard, articles, problems), parts)
            progress.finished(shard.size)


def _read_straight(
    opening: Opening,
    files: list[Found],
    output: Path,
    rejects: Path,
    options: BatchOptions,
    progress: Progress,
) -> Summary:
    """Read what cannot be read again, without parts."""
    summary = Summary()
    predictor = opening.open(beat=lambda: None)
    with problem_log(rejects) as keep:

        def articles() -> Iterator[Article]:
            for record in read_found(
                files, text_column=options.text_column, id_column=options.id_column
            ):
                if isinstance(record, Placed):
                    yield record.article
                    continue
                keep(record)
                summary.rejected += 1
                summary.shown += record.lines
                del summary.shown[_SHOWN:]

        def read() -> Iterator[Article]:
            for article in predictor.predict(articles()):
                summary.written += 1
                progress.read(1, article.text.count(" ") + 1)
                yield article

        progress.total(0)
        write_articles(read(), output)
    return summary


def _crew(opening: Opening, options: BatchOptions, parts: Parts, progress: Progress) -> Crew:
    if options.ray is not None:
        return Cluster(
            opening,
            address=options.ray,
            size=options.workers,
            patience=options.patience,
            told=progress.read,
        )

    def processes(size: int) -> Processes:
        return Processes(opening, size, patience=options.patience, told=progress.read)

    if options.workers is not None:
        return processes(options.workers)
    return Alone(opening, parts, careful=lambda: processes(1), told=progress.read)


def _given_up(placed: Placed, failed: Failed) -> Problem:
    assert placed.path
    message = (
        f"an article must be one that can be read, but what read {placed.article.id!r:.60} "
        f"{failed.reason}, and again when it read it alone; leave it out, and report it"
    )
    record = to_json(placed.article.to_dict())
    return Problem(placed.path, placed.line, (message,), record)


def _count(summary: Summary, part: Part, parts: Parts) -> None:
    summary.parts += 1
    summary.written += part.written
    summary.rejected += part.rejected
    if part.rejected and len(summary.shown) < _SHOWN:
        with parts.rejects(part.number).open(encoding="utf-8") as file:
            for reject in map(json.loads, file):
                place = reject["path"] + (f":{reject['line']}" if reject["line"] else "")
                summary.shown += [f"{place}: {message}" for message in reject["messages"]]
        del summary.shown[_SHOWN:]
