"""What a model says of an article in probabilities, beside the spans it decides on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from asn_nlp.articles import Article
from asn_nlp.labels import LabelSet
from asn_nlp.passages import Passage
from asn_nlp.reading.calibration import Calibration, Calibrator, sigmoid
from asn_nlp.reading.decoding import ArticleLogits, decode, log_softmax
from asn_nlp.reading.encoding import EncodedArticle
from asn_nlp.reading.options import DecodeOptions


@dataclass(frozen=True, slots=True)
class Opinion:
    """One article as a model sees it.

    Attributes:
        article: with the spans that are read on it, in place of any it came with.
        offsets: (n, 2) characters of each token.
        tags: (n, tags) probabilities of each token's tag.
        passages: of the text.
        themes: (passages, themes) probabilities that a passage has a theme.
        vector: (hidden,) mean of the token vectors of its passages; empty where it has no token.
    """

    article: Article
    offsets: NDArray[np.int64]
    tags: NDArray[np.floating]
    passages: tuple[Passage, ...]
    themes: NDArray[np.float64]
    vector: NDArray[np.float32]


def opinions_of(
    articles: Sequence[EncodedArticle],
    logits: Sequence[ArticleLogits],
    labels: LabelSet,
    options: DecodeOptions,
    calibration: Calibration | None,
) -> list[Opinion]:
    """The opinions that ``logits`` hold, whose columns of themes are followed by the passages' mean
    token vectors, as ``ThemeHead.with_means`` gives them.

    With ``calibration`` themes have its scores, read or not, though it was fitted to those read.
    Tags are at its temperature, since its further steps are of whole spans.
    """
    n_themes = len(labels.themes)
    themes = [one.themes[:, :n_themes] for one in logits]
    vectors = [one.themes[:, n_themes:] for one in logits]
    plain = [replace(one, themes=own) for one, own in zip(logits, themes, strict=True)]
    decoded = decode(articles, plain, labels, options, calibration)
    sides = (calibration.entities, calibration.themes) if calibration else (None, None)
    of_tags, of_themes = (side.calibrator if side else None for side in sides)
    temperature = np.float32(of_tags.temperature if of_tags else 1)
    return [
        Opinion(
            read,
            article.offsets,
            np.exp(log_softmax(one.tags / temperature)).reshape(-1, len(labels.tags)),
            article.passages,
            _probabilities(one.themes, of_themes)
            if one.themes.size
            else np.zeros((len(article.passages), n_themes)),
            _mean(vector),
        )
        for read, article, one, vector in zip(decoded, articles, plain, vectors, strict=True)
    ]


def _probabilities(
    themes: NDArray[np.float32], calibrator: Calibrator | None
) -> NDArray[np.float64]:
    logits = themes.astype(np.float64)
    if calibrator is None:
        return sigmoid(logits)
    return calibrator(sigmoid(logits / calibrator.temperature), np.arange(themes.shape[1]))


def _mean(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    seen = vectors[np.isfinite(vectors).all(axis=1)]  # a passage without a token has none
    return seen.mean(axis=0) if len(seen) else np.zeros(0, dtype=np.float32)
