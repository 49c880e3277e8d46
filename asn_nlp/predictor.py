"""The public face of a trained model: articles in, the same articles with scored spans out."""

import importlib.util
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Literal, TypeVar

from asn_nlp.articles import Article
from asn_nlp.engines.inference import article_logits
from asn_nlp.engines.onnx import OnnxEngine
from asn_nlp.engines.protocol import Engine
from asn_nlp.engines.run_folder import (
    GRAPH,
    WEIGHTS,
    Run,
    open_run,
    open_theme_head,
    open_tokenizer,
)
from asn_nlp.engines.themes import ThemeHead
from asn_nlp.errors import AnnotationError, RunError
from asn_nlp.labels import LabelSet
from asn_nlp.reading.calibration import CURE, Calibration
from asn_nlp.reading.decoding import ArticleLogits, decode
from asn_nlp.reading.encoding import EncodedArticle, encode_articles
from asn_nlp.reading.operating_points import OperatingPoint
from asn_nlp.reading.opinions import Opinion, opinions_of
from asn_nlp.shipped import READY

logger = logging.getLogger(__name__)

T = TypeVar("T")

Precision = float | Mapping[str, float]  # wished of all that is read, or by kind

# Enough articles to sort into batches almost without padding, few enough to stream.
_CHUNK_ARTICLES = 256
_CHUNK_CHARACTERS = 500_000
# Where threads share out a chunk: shares of each thread, so that none waits long for the last, and
# the least number of articles of a share.
_SHARES = 4
_SHARE_ARTICLES = 2


class Predictor:
    """Reads entities and themes off Indonesian news.

    Threads may share one, and read with it what one of them alone would. It may be sent to another
    process, as pools of any start method do, and opens its run folder there anew. A process forked
    after a reading may go on with it, PyTorch then on one thread; but not on a GPU, and not where
    another thread was reading at that moment: start such processes by ``spawn``.

    Args:
        run: an opened run folder; most callers want ``from_pretrained``.
        engine: runs the encoder of that run.
        precision: as ``from_pretrained``.
    """

    def __init__(
        self,
        run: Run,
        engine: Engine,
        *,
        precision: Precision | None = None,
    ) -> None:
        self._run = run
        self._operating_point = None if precision is None else _operating_point(run, precision)
        self._engine = engine
        self._tokenizer = open_tokenizer(run)
        self._theme_head = open_theme_head(run)
        # Engine, device, threads and precision asked for.
        self._opened: tuple[str | None, str | None, int | None, Precision | None] | None = None

    @classmethod
    def from_pretrained(
        cls,
        folder: str | Path | None = None,
        *,
        engine: Literal["onnx", "torch"] | None = None,
        device: str | None = None,
        threads: int | None = None,
        precision: Precision | None = None,
    ) -> "Predictor":
        """Open a run folder; without one, the model that ships with the package.

        Args:
            engine: ``"onnx"`` runs the exported graph on the processor, ``"torch"`` the weights
                anywhere. By default the graph is run, unless there is none or a device is named.
            device: for PyTorch: ``"cpu"``, ``"cuda"``, ``"mps"`` …; by default the best there is.
            threads: of the processor that read a batch together; by default one a core. PyTorch
                has one number for the whole process.
            precision: leave out what scores too little for it, by the thresholds that reached it
                on dev; one for ``"entities"``, one for ``"themes"``, or one for both. A warning
                says what recall that costs, and ``operating_point`` keeps it.

        Raises:
            RunError: the folder is no complete run, there is no such engine or device, or dev
                cannot show the precision.
            MissingExtra: PyTorch is needed and not installed.
        """
        run = open_run(READY if folder is None else Path(folder))
        predictor = cls(run, open_engine(run, engine, device, threads), precision=precision)
        predictor._opened = engine, device, threads, precision
        return predictor

    def __reduce__(self) -> tuple[object, ...]:
        if self._opened is None:
            raise RunError(
                "a predictor with an engine of your own cannot be sent to another process; make it "
                "there, or by Predictor.from_pretrained"
            )
        return _reopened, (type(self), self._run.folder.resolve(), *self._opened)

    @property
    def labels(self) -> LabelSet:
        """The entity types and themes it knows."""
        return self._run.labels

    @property
    def calibration(self) -> Calibration | None:
        """What scores rest on; without one they are no probabilities of being right."""
        return self._run.calibration

    def without_calibration(self) -> "Predictor":
        """One that reads the same spans with the model's own scores."""
        return Predictor(replace(self._run, calibration=None), self._engine)

    @property
    def operating_point(self) -> OperatingPoint | None:
        """The thresholds that the wished precision took, with its price; None without a wish."""
        return self._operating_point

    def __call__(self, article: str | Article) -> Article:
        """Read one text or article.

        Raises:
            AnnotationError: it is neither.
        """
        if not isinstance(article, str | Article):
            raise AnnotationError(
                [
                    f"a predictor reads one text or Article, found {type(article).__name__}; "
                    "for many use predictor.predict(texts)"
                ]
            )
        return next(self.predict([article]))

    def predict(self, articles: Iterable[str | Article]) -> Iterator[Article]:
        """Read any number of texts or articles; streamed, in order, whatever their length.

        A text becomes an article whose id is its place in ``articles``; spans an article came
        with are replaced by the predicted ones.

        Raises:
            AnnotationError: ``articles`` is a single text, or one of them is neither text nor
                article; those before it have been read.
        """
        if isinstance(articles, str):
            raise AnnotationError(
                [
                    "predict reads many texts, and a single one would be read letter by letter; "
                    "use predictor(text)"
                ]
            )
        return self._stream(articles, self._read)

    def opinions(self, articles: Iterable[str | Article]) -> Iterator[Opinion]:
        """What the model says of each article in probabilities; else as ``predict``.

        The spans are those read without a wished precision.

        Raises:
            AnnotationError: one of ``articles`` is neither text nor article.
        """
        return self._stream(articles, self._judge)

    def _stream(
        self, articles: Iterable[str | Article], read: Callable[[list[Article]], list[T]]
    ) -> Iterator[T]:
        chunk: list[Article] = []
        characters = 0
        for place, article in enumerate(articles):
            try:
                one = _as_article(article, place)
            except AnnotationError:
                yield from self._shared_out(read, chunk)
                raise
            chunk.append(one)
            characters += len(one.text)
            if len(chunk) == _CHUNK_ARTICLES or characters > _CHUNK_CHARACTERS:
                yield from self._shared_out(read, chunk)
                chunk, characters = [], 0
        yield from self._shared_out(read, chunk)

    def _shared_out(
        self, read: Callable[[list[Article]], list[T]], articles: list[Article]
    ) -> list[T]:
        readers = self._engine.at_once
        size = max(_SHARE_ARTICLES, -(-len(articles) // (readers * _SHARES)))
        if readers == 1 or len(articles) <= size:
            return read(articles)
        shares = [articles[start : start + size] for start in range(0, len(articles), size)]
        with ThreadPoolExecutor(readers) as pool:
            return [one for share in pool.map(read, shares) for one in share]

    def _read(self, articles: list[Article]) -> list[Article]:
        run = self._run
        encoded, logits = self._logits(articles, self._theme_head)
        read = decode(encoded, logits, run.labels, run.options, run.calibration)
        point = self._operating_point
        return [point.keep(article) for article in read] if point else read

    def _judge(self, articles: list[Article]) -> list[Opinion]:
        run = self._run
        encoded, logits = self._logits(articles, self._theme_head.with_means())
        return opinions_of(encoded, logits, run.labels, run.options, run.calibration)

    def _logits(
        self, articles: list[Article], theme_head: ThemeHead
    ) -> tuple[list[EncodedArticle], list[ArticleLogits]]:
        run = self._run
        encoded = encode_articles(articles, self._tokenizer, run.labels, run.window)
        return encoded, article_logits(self._engine, theme_head, encoded, pad_id=run.pad_id)


def _reopened(
    kind: type[Predictor],
    folder: Path,
    engine: Literal["onnx", "torch"] | None,
    device: str | None,
    threads: int | None,
    precision: Precision | None,
) -> Predictor:
    return kind.from_pretrained(
        folder, engine=engine, device=device, threads=threads, precision=precision
    )


def _as_article(article: str | Article, place: int) -> Article:
    if isinstance(article, Article):
        return article
    if isinstance(article, str):
        return Article(str(place), article)
    raise AnnotationError(
        [
            f"predict reads texts and Articles, but place {place} holds "
            f"{type(article).__name__} {article!r:.60}; leave it out or make a text of it"
        ]
    )


def _operating_point(run: Run, precision: Precision) -> OperatingPoint:
    try:
        if run.calibration is None:
            raise RunError(
                f"a precision is reached by thresholds of calibrated scores, but the run has no "
                f"calibration; {CURE}"
            )
        point = run.calibration.reaching(precision, run.labels)
    except RunError as error:
        raise RunError(f"{run.folder}: {error}") from error
    logger.warning("%s", point)
    return point


def open_engine(
    run: Run, engine: str | None = None, device: str | None = None, threads: int | None = None
) -> Engine:
    """The engine of a run; arguments and errors as ``Predictor.from_pretrained``."""
    if engine not in (None, "onnx", "torch"):
        raise RunError(
            f"engine must be 'onnx' or 'torch', found {engine!r}; leave it out to choose"
        )
    if threads is not None and threads < 1:
        raise RunError(f"threads must be 1 or more, found {threads}; leave it out for one a core")
    graph = (run.folder / GRAPH).exists()
    if engine == "onnx" or (engine is None and graph and device in (None, "cpu")):
        if device not in (None, "cpu"):
            raise RunError(
                f"engine 'onnx' reads on the processor, but device is {device!r}; "
                "use engine='torch'"
            )
        return OnnxEngine(
            run.file(GRAPH),
            n_tags=len(run.labels.tags),
            hidden_size=run.hidden_size,
            threads=threads,
        )
    if importlib.util.find_spec("torch") is None and not graph:
        raise RunError(
            f"{run.folder} has no {GRAPH}, and without one it is read by PyTorch, which is not "
            'installed; pip install "asn-nlp[train]", or write the graph where it is installed: '
            f"asn-nlp export {run.folder}"
        )
    # Imported here alone, so that reading with a graph needs no PyTorch and starts at once.
    from asn_nlp.engines.torch import TorchEngine

    return TorchEngine.from_weights(run.file(WEIGHTS), device, threads=threads)
