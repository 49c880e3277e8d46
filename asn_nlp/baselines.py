"""What a trained model must beat: a lexicon, a feature-based CRF, and TF-IDF with linear themes."""

import re
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from asn_nlp.annotation.folds import Learn, Read
from asn_nlp.articles import Article, EntitySpan, ThemeSpan
from asn_nlp.errors import AnnotationError, TextError, extra
from asn_nlp.evaluation import passage_themes
from asn_nlp.labels import LabelSet
from asn_nlp.passages import Passage, split_passages
from asn_nlp.reading.opinions import Opinion
from asn_nlp.reading.tagging import spans_to_tags, tags_to_spans

with extra("train", "the baselines"):
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import precision_recall_curve
    from sklearn.model_selection import GroupKFold, cross_val_predict
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.pipeline import Pipeline, make_pipeline, make_union
    from sklearn.preprocessing import MultiLabelBinarizer
    from sklearn_crfsuite import CRF

_WORD = re.compile(r"\w+")
_TOKEN = re.compile(r"\w+|[^\w\s]")


_LEAST = 3  # articles; thresholds are found on thirds of them


def fit_baselines(
    articles: Sequence[Article], labels: LabelSet
) -> dict[str, "Lexicon | CrfTagger | TfidfThemes"]:
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
    taggers: Sequence["CrfTagger"],
    classifiers: Sequence["TfidfThemes"],
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


@dataclass(frozen=True)
class Lexicon:
    """Marks what the training articles marked: the longest known mention, at word boundaries.

    A surface has the label it was marked with most often; one that training left unmarked more
    often than it marked it is no entry.
    """

    labels: dict[str, str]

    @classmethod
    def from_articles(cls, articles: Sequence[Article]) -> "Lexicon":
        marked: dict[str, Counter[str]] = defaultdict(Counter)
        for article in articles:
            for span in article.entities:
                marked[article.surface(span)][span.label] += 1
        everything = cls({surface: c.most_common(1)[0][0] for surface, c in marked.items()})
        met: Counter[str] = Counter()
        for article, found in zip(articles, everything.predict(articles), strict=True):
            met.update(article.surface(span) for span in found.entities)
        return cls(
            {
                surface: label
                for surface, label in everything.labels.items()
                if 2 * marked[surface].total() >= met[surface]
            }
        )

    def predict(self, articles: Sequence[Article]) -> list[Article]:
        """The articles with the mentions found on them, in place of any spans they came with."""
        by_first_word: dict[str, list[str]] = defaultdict(list)
        for surface in sorted(self.labels, key=len, reverse=True):
            if word := _WORD.match(surface):
                by_first_word[word.group()].append(surface)

        def mentions(text: str) -> Iterator[EntitySpan]:
            end = 0
            for word in _WORD.finditer(text):
                start = word.start()
                for surface in by_first_word.get(word.group(), ()) if start >= end else ():
                    after = text[start + len(surface) : start + len(surface) + 1]
                    if text.startswith(surface, start) and not (
                        surface[-1].isalnum() and after.isalnum()
                    ):
                        end = start + len(surface)
                        yield EntitySpan(start, end, self.labels[surface])
                        break

        return [
            replace(article, entities=tuple(mentions(article.text)), themes=())
            for article in articles
        ]


@dataclass(frozen=True)
class CrfTagger:
    """A linear-chain CRF over the words of a passage: word, shape, affixes and two neighbours."""

    model: CRF
    labels: LabelSet

    @classmethod
    def from_articles(cls, articles: Sequence[Article], labels: LabelSet) -> "CrfTagger":
        features, tags = [], []
        for article in articles:
            for passage in split_passages(article.text):
                offsets = word_offsets(article.text, passage)
                tagged = spans_to_tags(article.entities, offsets, labels)
                features.append(_features(article.text, offsets))
                tags.append([labels.tags[tag] for tag in tagged.tags])
        model = CRF(algorithm="lbfgs", c1=0.1, c2=0.05, max_iterations=100)
        return cls(model.fit(features, tags), labels)

    def predict(self, articles: Sequence[Article]) -> list[Article]:
        """The articles with the entities tagged on them, in place of any spans they came with."""
        return [
            replace(
                article,
                entities=tuple(
                    span
                    for passage in split_passages(article.text)
                    for span in self._entities(article.text, passage)
                ),
                themes=(),
            )
            for article in articles
        ]

    def probabilities(self, text: str, offsets: Sequence[NDArray[np.int64]]) -> NDArray[np.float64]:
        """Of the tags (n, tags) of the words at ``offsets``, a passage each."""
        rows = [
            [word.get(tag, 0.0) for tag in self.labels.tags]
            for own in offsets
            for word in self.model.predict_marginals_single(_features(text, own))
        ]
        return np.array(rows).reshape(-1, len(self.labels.tags)).clip(0, 1)

    def _entities(self, text: str, passage: Passage) -> list[EntitySpan]:
        offsets = word_offsets(text, passage)
        tags = self.model.predict_single(_features(text, offsets))
        ids = np.array([self.labels.tag_ids[tag] for tag in tags], dtype=np.int64)
        return tags_to_spans(ids, offsets, self.labels)


def word_offsets(text: str, passage: Passage) -> NDArray[np.int64]:
    """Characters (n, 2) of each word or punctuation mark of a passage.

    A small letter with a capital behind it ends a word, for outlets glue names to what precedes.
    """
    rows = []
    for token in _TOKEN.finditer(text, passage.start, passage.end):
        start = token.start()
        for place in range(start + 1, token.end()):
            if text[place - 1].islower() and text[place].isupper():
                rows.append((start, place))
                start = place
        rows.append((start, token.end()))
    return np.array(rows, dtype=np.int64).reshape(-1, 2)


def _features(text: str, offsets: NDArray[np.int64]) -> list[list[str]]:
    """One list of feature names a word."""
    words = [text[start:end] for start, end in offsets.tolist()]
    features = []
    for place, word in enumerate(words):
        own = [*_word_features(word), *(["first"] if place == 0 else [])]
        for shift in (-2, -1, 1, 2):
            if 0 <= place + shift < len(words):
                own += _neighbour_features(words[place + shift], shift)
        features.append(own)
    return features


@cache
def _word_features(word: str) -> tuple[str, ...]:
    lower = word.lower()
    affixes = [f"p={lower[:n]}" for n in range(1, 5)] + [f"s={lower[-n:]}" for n in range(1, 5)]
    flags = [
        name
        for name, holds in (
            ("title", word.istitle()),
            ("upper", word.isupper()),
            ("digit", word.isdigit()),
        )
        if holds
    ]
    return ("bias", f"w={word}", f"l={lower}", f"shape={_shape(word)}", *affixes, *flags)


@cache
def _neighbour_features(word: str, shift: int) -> tuple[str, ...]:
    return f"{shift}:l={word.lower()}", f"{shift}:shape={_shape(word)}"


def _shape(word: str) -> str:
    """``Kepala`` → ``Xx``, ``2025`` → ``d``: runs of capitals, small letters and digits."""
    kinds = "".join(
        "X" if c.isupper() else "x" if c.isalpha() else "d" if c.isdigit() else c for c in word
    )
    return re.sub(r"(.)\1+", r"\1", kinds)


@dataclass(frozen=True)
class TfidfThemes:
    """One-vs-rest logistic regression over TF-IDF of a passage's words and characters.

    One threshold serves all themes (theirs alone would rest on a few dozen passages): the one of
    best micro F1 on training passages, each read by a model that saw no passage of its article.
    """

    model: Pipeline
    threshold: float
    labels: LabelSet

    @classmethod
    def from_articles(cls, articles: Sequence[Article], labels: LabelSet) -> "TfidfThemes":
        texts: list[str] = []
        marks: list[dict[str, float | None]] = []
        groups: list[int] = []
        for group, article in enumerate(articles):
            for passage in split_passages(article.text):
                texts.append(article.text[passage.start : passage.end])
                groups.append(group)
            marks += passage_themes(article)
        # A last theme that is nowhere: scikit-learn would read a single column as two classes.
        gold = MultiLabelBinarizer(classes=(*labels.themes, "")).fit_transform(marks)
        model = make_pipeline(
            make_union(
                TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
                TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True),
            ),
            OneVsRestClassifier(
                LogisticRegression(C=10, class_weight="balanced", solver="liblinear")
            ),
        )
        with warnings.catch_warnings():
            # A theme without an example in some fold is no reason to worry: it is predicted never.
            warnings.filterwarnings("ignore", message="Label not .* is present in all training")
            unseen = cross_val_predict(
                model, texts, gold, groups=groups, cv=GroupKFold(3), method="predict_proba"
            )
            model.fit(texts, gold)
        precision, recall, thresholds = precision_recall_curve(
            gold[:, :-1].ravel(), unseen[:, :-1].ravel()
        )
        f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-9)
        best = int(f1[:-1].argmax())
        # Half-way to the next score below: on the very edge the least change would lose a passage.
        return cls(model, float(thresholds[max(best - 1, 0) : best + 1].mean()), labels)

    def predict(self, articles: Sequence[Article]) -> list[Article]:
        """The articles with the themes of their passages, in place of any spans they came with."""
        predicted = []
        for article in articles:
            passages = split_passages(article.text)
            scores = self.probabilities(article.text)
            themes = tuple(
                ThemeSpan(
                    passages[row].start,
                    passages[row].end,
                    self.labels.themes[theme],
                    float(scores[row, theme]),
                )
                for row, theme in np.argwhere(scores >= self.threshold).tolist()
            )
            predicted.append(replace(article, entities=(), themes=themes))
        return predicted

    def probabilities(self, text: str) -> NDArray[np.float64]:
        """Of each theme (passages, themes)."""
        texts = [text[passage.start : passage.end] for passage in split_passages(text)]
        if not texts:
            return np.zeros((0, len(self.labels.themes)))
        return self.model.predict_proba(texts)[:, :-1]
