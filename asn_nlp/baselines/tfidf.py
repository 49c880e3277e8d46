"""Themes by linear models of the words and characters of a passage."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from asn_nlp.articles import Article, ThemeSpan
from asn_nlp.errors import extra
from asn_nlp.evaluation import passage_themes
from asn_nlp.labels import LabelSet
from asn_nlp.passages import split_passages

with extra("train", "the baselines"):
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import precision_recall_curve
    from sklearn.model_selection import GroupKFold, cross_val_predict
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.pipeline import Pipeline, make_pipeline, make_union
    from sklearn.preprocessing import MultiLabelBinarizer


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
