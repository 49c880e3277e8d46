"""A run that needs no weights, light enough to be opened in many processes."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from asn_nlp.articles import Article, EntitySpan
from asn_nlp.errors import RunError


@dataclass(frozen=True)
class Opening:
    """Stands in for ``asn_nlp.batch.crew.Opening``."""

    run: str
    engine: str | None = None
    device: str | None = None
    precision: float | None = None

    def open(
        self,
        *,
        threads: int | None = None,  # noqa: ARG002
        beat: Callable[[], object],
    ) -> "Predictor":
        if self.engine == "broken":
            raise RunError("the graph is broken; mend it")
        return Predictor(beat)


class Predictor:
    """Marks the first word; some texts end it, keep it waiting, or upset it."""

    def __init__(self, beat: Callable[[], object]) -> None:
        self._beat = beat

    def predict(self, articles: Sequence[Article]) -> Iterator[Article]:
        for article in articles:
            self._beat()
            if "MATI" in article.text:
                os._exit(7)
            if "SEKALI" in article.text and not os.path.exists(marker := article.meta["marker"]):  # noqa: PTH110
                open(marker, "w").close()  # noqa: PTH123
                os.kill(os.getpid(), 9)
            if "DIAM" in article.text:
                time.sleep(600)
            if "MARAH" in article.text:
                raise ValueError("no such\nword")
            if "RUSAK" in article.text:
                raise RunError("the run is of no use")
            end = len(article.text.split()[0])
            yield replace(article, entities=(EntitySpan(0, end, "TITLE", 0.5),))
