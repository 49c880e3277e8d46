from dataclasses import replace

import numpy as np
import pytest

from asn_nlp.config import WindowConfig
from asn_nlp.labels import ASN_LABELS, LabelSet
from asn_nlp.reading import decoding
from asn_nlp.reading.decoding import ArticleLogits, decode
from asn_nlp.reading.encoding import EncodedArticle, encode_articles
from asn_nlp.training import tuning
from asn_nlp.training.tuning import Dev, first_options, tune_options

N_TAGS, N_THEMES = len(ASN_LABELS.tags), len(ASN_LABELS.themes)


@pytest.fixture
def encoded(news, tiny_tokenizer) -> list[EncodedArticle]:
    return encode_articles(
        news, tiny_tokenizer.backend_tokenizer, ASN_LABELS, WindowConfig(64, 4), with_gold=True
    )


def shifted_logits(article: EncodedArticle, *, outside: float, theme: float) -> ArticleLogits:
    """A model that is right, but says O by ``outside`` and every theme by ``theme`` too much."""
    tags = np.concatenate([window.tags[window.own] for window in article.windows])
    logits = 2 * np.eye(N_TAGS, dtype=np.float32)[tags]
    logits[:, 0] += outside
    themes = np.zeros((len(article.passages), N_THEMES), dtype=np.float32)
    for window in article.windows:
        for piece in window.pieces:
            themes[piece.passage] = 0.8 * (2 * piece.themes - 1) + theme
    return ArticleLogits(logits, themes)


def test_a_small_dev_leaves_the_options_as_they_were(encoded, news, caplog):
    logits = [shifted_logits(one, outside=-1.9, theme=1.5) for one in encoded]
    options = replace(first_options(ASN_LABELS), outside_bias=1.5)
    assert tune_options(options, [Dev(encoded, logits, news)], ASN_LABELS) == options
    assert "too few to tune on (200): how they are read stays as it was" in caplog.text


def test_what_a_model_says_too_much_is_taken_off(encoded, news, monkeypatch):
    monkeypatch.setattr(tuning, "_FEWEST", 1)
    logits = [shifted_logits(one, outside=-1.9, theme=1.5) for one in encoded]
    untuned = first_options(ASN_LABELS)
    tuned = tune_options(untuned, [Dev(encoded, logits, news)], ASN_LABELS)
    assert set(tuned.theme_thresholds) == {tuned.theme_thresholds[0]}
    # Right themes say sigmoid(2.3) = .91, wrong ones sigmoid(.7) = .67.
    assert 0.67 < tuned.theme_thresholds[0] <= 0.91
    read = decode(encoded, logits, ASN_LABELS, tuned)
    assert [[(theme.start, theme.label) for theme in article.themes] for article in read] == [
        [(theme.start, theme.label) for theme in article.themes] for article in news
    ]


def test_each_side_is_decoded_only_for_what_it_tunes(encoded, news, monkeypatch):
    monkeypatch.setattr(tuning, "_FEWEST", 1)
    calls = {"entities": 0, "themes": 0}

    def counted(name, function):
        def decode(*arguments):
            calls[name] += 1
            return function(*arguments)

        return decode

    for name in calls:
        function = getattr(decoding, f"decode_{name}")
        monkeypatch.setattr(tuning, f"decode_{name}", counted(name, function))
    logits = [shifted_logits(one, outside=0, theme=0) for one in encoded]
    tune_options(first_options(ASN_LABELS), [Dev(encoded, logits, news)], ASN_LABELS)
    assert calls == {"entities": 26, "themes": 18}
    for labels in (LabelSet((), ASN_LABELS.themes), LabelSet(ASN_LABELS.entities, ())):
        calls.update(entities=0, themes=0)
        gold = [
            replace(
                article,
                entities=article.entities if labels.entities else (),
                themes=article.themes if labels.themes else (),
            )
            for article in news
        ]
        some = [
            ArticleLogits(one.tags[:, : len(labels.tags)], one.themes[:, : len(labels.themes)])
            for one in logits
        ]
        tune_options(first_options(labels), [Dev(encoded, some, gold)], labels)
        assert calls == {
            "entities": 26 * bool(labels.entities),
            "themes": 18 * bool(labels.themes),
        }
