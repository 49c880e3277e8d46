"""The public face of a trained model: articles in, the same articles with scored spans out."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import torch

from asn_nlp.articles import Article
from asn_nlp.decoding import decode
from asn_nlp.encoding import encode_articles
from asn_nlp.inference import article_logits
from asn_nlp.model import Run, RunError, fast_dtype, open_run

READY_MODEL = Path(__file__).parent / "data" / "model"

# Enough articles to sort into batches almost without padding, few enough to stream.
_CHUNK_ARTICLES = 256
_CHUNK_CHARACTERS = 500_000


def run_folder(name: str) -> Path:
    """The folder that a script's RUN names: a path, or `ready` for the model that ships."""
    return READY_MODEL if name == "ready" else Path(name)


class Predictor:
    """Reads entities and themes off Indonesian news.

    Args:
        run: an opened run folder; most callers want ``from_pretrained``.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        on_processor = next(run.model.parameters()).device.type == "cpu"
        self._token_budget = 2_048 if on_processor else 65_536

    @classmethod
    def from_pretrained(
        cls, folder: str | Path | None = None, *, device: str | None = None
    ) -> "Predictor":
        """Open a run folder; without one, the model that ships with the package.

        Args:
            device: ``"cpu"``, ``"cuda"`` …; by default a GPU where there is one.

        Raises:
            RunError: the folder is no complete run, or the device is not there.
        """
        if device is None:
            device = "cuda" if torch.cuda.is_available() else "cpu"
        elif device.startswith("cuda") and not torch.cuda.is_available():
            raise RunError(
                f"device {device!r} was asked for, but PyTorch sees no CUDA device here; "
                "leave device out to use the processor"
            )
        run = open_run(Path(folder or READY_MODEL), dtype=fast_dtype(device))
        run.model.to(device)
        return cls(run)

    def __call__(self, article: str | Article) -> Article:
        """Read one text or article."""
        return next(self.predict([article]))

    def predict(self, articles: Iterable[str | Article]) -> Iterator[Article]:
        """Read any number of texts or articles; streamed, in order, whatever their length.

        A text becomes an article whose id is its place in ``articles``; spans an article came
        with are replaced by the predicted ones.
        """
        numbered = (
            Article(str(place), article) if isinstance(article, str) else article
            for place, article in enumerate(articles)
        )
        for chunk in _chunks(numbered):
            yield from self._read(chunk)

    def _read(self, articles: list[Article]) -> list[Article]:
        model, tokenizer, reading = self._run.model, self._run.tokenizer, self._run.reading
        encoded = encode_articles(
            articles,
            tokenizer,
            model.labels,
            window_size=reading.window_size,
            window_context=reading.window_context,
        )
        logits = article_logits(
            model, encoded, pad_id=tokenizer.pad_token_id, token_budget=self._token_budget
        )
        return decode(encoded, logits, model.labels, reading)


def _chunks(articles: Iterable[Article]) -> Iterator[list[Article]]:
    chunk: list[Article] = []
    characters = 0
    for article in articles:
        chunk.append(article)
        characters += len(article.text)
        if len(chunk) == _CHUNK_ARTICLES or characters > _CHUNK_CHARACTERS:
            yield chunk
            chunk, characters = [], 0
    if chunk:
        yield chunk
