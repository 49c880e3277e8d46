"""What a trained model must beat: a lexicon, a feature-based CRF, and TF-IDF with linear themes."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from asn_nlp.annotation.folds import Learn, Read
from asn_nlp.articles import Article
from asn_nlp.baselines.crf import CrfTagger, word_offsets
from asn_nlp.baselines.lexicon import Lexicon
from asn_nlp.baselines.tfidf import TfidfThemes
from asn_nlp.errors import AnnotationError, TextError
from asn_nlp.labels import LabelSet
from asn_nlp.passages import split_passages
from asn_nlp.reading.opinions import Opinion

__all__ = [
    "CrfTagger",
    "Lexicon",
    "TfidfThemes",
    "fit_baselines",
    "learn_baselines",
    "word_offsets",
]

_LEAST = 3  # articles; thresholds are found on thirds of them


def fit_baselines(
    articles: Sequence[Article], labels: LabelSet
) -> dict[str, Lexicon | CrfTagger | TfidfThemes]:
    """The baselines trained, by name; those that find nothing of their kind marked are left out.

    Raises:
        AnnotationError: a span's label is not among ``labels``, though others of its kind are.
        TextError: there are fewer than three articles with text.
    """
    articles = [article for article in articles if split_passages(article.text)]
    if len(articles) < _LEAST:
        raise TextError(
            f"baselines learn from {_LEAST} articles with text or more, but there are "
            f"{len(articles)}; name more data"
        )
    if problems := [problem for article in articles for problem in labels.problems(article)]:
        raise AnnotationError(problems)
    fitted: dict[str, Lexicon | CrfTagger | TfidfThemes] = {}
    if labels.entities and any(article.entities for article in articles):
        fitted["lexicon"] = Lexicon.from_articles(articles)
        fitted["CRF"] = CrfTagger.from_articles(articles, labels)
    if labels.themes and any(article.themes for article in articles):
        fitted["TF-IDF + logistic regression"] = TfidfThemes.from_articles(articles, labels)
    return fitted


def learn_baselines(labels: LabelSet) -> Learn:
    """The CRF and the linear themes, as what learns from articles and reads others."""

    def learn(articles: Sequence[Article]) -> Read:
        fitted = fit_baselines(articles, labels).values()
        taggers = [one for one in fitted if isinstance(one, CrfTagger)]
        classifiers = [one for one in fitted if isinstance(one, TfidfThemes)]

        def read(unseen: Sequence[Article]) -> Iterable[Opinion]:
            return (_opinion(article, taggers, classifiers, labels) for article in unseen)

        return read

    return learn


def _opinion(
    article: Article,
    taggers: Sequence[CrfTagger],
    classifiers: Sequence[TfidfThemes],
    labels: LabelSet,
) -> Opinion:
    """Of one tagger and one classifier; where there is none, nothing was marked to learn from."""
    passages = tuple(split_passages(article.text))
    offsets = [np.zeros((0, 2), np.int64), *(word_offsets(article.text, one) for one in passages)]
    words = np.concatenate(offsets)
    tags = np.eye(len(labels.tags))[np.zeros(len(words), dtype=np.int64)]
    themes = np.zeros((len(passages), len(labels.themes)))
    read = replace(article, entities=(), themes=())
    for tagger in taggers:
        (found,) = tagger.predict([article])
        read = replace(read, entities=found.entities)
        tags = tagger.probabilities(article.text, offsets)
    for classifier in classifiers:
        (found,) = classifier.predict([article])
        read = replace(read, themes=found.themes)
        themes = classifier.probabilities(article.text)
    return Opinion(read, words, tags, passages, themes, np.zeros(0, dtype=np.float32))
