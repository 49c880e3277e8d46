"""Batches of columns, as Ray Data, Arrow and their like hand them on. Needs pyarrow."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from asn_nlp.articles import Article
from asn_nlp.batch.crew import Failed, read_task
from asn_nlp.errors import AnnotationError, extra
from asn_nlp.formats.records import text_faults
from asn_nlp.predictor import Predictor


class BatchPredictor:
    """Opens a run once, then takes batches of columns and gives them back with the spans found.

    As Ray Data has it, one to each actor::

        articles = ray.data.read_parquet("articles/")
        articles.map_batches(
            BatchPredictor,
            fn_constructor_kwargs={"run": "runs/mine", "threads": 1},
            compute=ray.data.ActorPoolStrategy(size=8),
            batch_size=256,
        ).write_parquet("read/")

    Args:
        run, engine, device, threads: as for ``Predictor.from_pretrained``.

    Raises:
        RunError, MissingExtra: as ``Predictor.from_pretrained``.
    """

    def __init__(
        self,
        run: str | Path | None = None,
        *,
        engine: Any = None,
        device: str | None = None,
        threads: int | None = None,
    ) -> None:
        self._predictor = Predictor.from_pretrained(
            run, engine=engine, device=device, threads=threads
        )

    def __call__(self, batch: Mapping[str, Iterable[Any]] | Any) -> Any:
        """A ``pyarrow.Table`` of the columns in ``batch``, with three more.

        Args:
            batch: columns by name, the words in ``text``; or a ``pyarrow.Table`` of them.

        Returns:
            ``entities`` and ``themes`` are lists of ``start``, ``end``, ``label`` and ``score``;
            ``problem`` says why a row could not be read, and is null where it could.

        Raises:
            AnnotationError: there is no column ``text``.
        """
        arrow = _arrow()
        table = (
            batch
            if isinstance(batch, arrow.Table)
            else arrow.table({name: arrow.array(list(column)) for name, column in batch.items()})
        )
        if "text" not in table.column_names:
            raise AnnotationError(
                [f"a batch must have a column 'text', found {table.column_names!r:.200}; rename"]
            )
        read, problems = self._read(table["text"].to_pylist())
        span = {"start": arrow.int64(), "end": arrow.int64(), "label": arrow.string()}
        spans = arrow.list_(arrow.struct(span | {"score": arrow.float64()}))
        records = [one.to_dict() if one else {"entities": [], "themes": []} for one in read]
        # Types are named, since a batch in which nothing is found would have others.
        for name, values, kind in (
            ("entities", [record["entities"] for record in records], spans),
            ("themes", [record["themes"] for record in records], spans),
            ("problem", problems, arrow.string()),
        ):
            if name in table.column_names:
                table = table.drop_columns([name])
            table = table.append_column(name, arrow.array(values, kind))
        return table

    def _read(self, texts: Sequence[object]) -> tuple[list[Article | None], list[str | None]]:
        sound: dict[int, Article] = {}
        problems: list[str | None] = [None] * len(texts)
        for place, text in enumerate(texts):
            try:
                sound[place] = _article(place, text)
            except AnnotationError as error:
                problems[place] = str(error)
        read = self._outcomes(list(sound.values()))
        results: list[Article | None] = [None] * len(texts)
        for place, outcome in zip(sound, read, strict=True):
            if isinstance(outcome, Failed):
                problems[place] = f"the reader {outcome.reason}; leave the row out, and report it"
            else:
                results[place] = outcome
        return results, problems

    def _outcomes(self, articles: list[Article]) -> list[Article | Failed]:
        outcome = read_task(self._predictor, articles, lambda _articles, _words: None)
        if not isinstance(outcome, Failed):
            return list(outcome)
        if len(articles) == 1:
            return [outcome]
        return [result for article in articles for result in self._outcomes([article])]


def _article(place: int, text: object) -> Article:
    if not isinstance(text, str):
        kind = type(text).__name__
        raise AnnotationError([f"'text' must be a string, found {kind} {text!r:.60}; correct it"])
    if faults := text_faults(text):
        raise AnnotationError(faults)
    return Article(str(place), text)


def _arrow() -> Any:
    with extra("tables", "a batch of columns"):
        import pyarrow
    return pyarrow
