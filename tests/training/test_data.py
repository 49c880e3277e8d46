import logging
from dataclasses import replace
from pathlib import Path

import pytest

from asn_nlp.config import DataConfig
from asn_nlp.errors import AnnotationError, ConfigError
from asn_nlp.files import fingerprint
from asn_nlp.formats import write_articles
from asn_nlp.labels import ASN_LABELS, LabelSet
from asn_nlp.training.data import TrainingData, read_training_data


@pytest.fixture
def config(tmp_path, news, tiny_articles) -> DataConfig:
    write_articles(news, tmp_path / "latih.jsonl")
    write_articles(tiny_articles, tmp_path / "uji.jsonl")
    return DataConfig(str(tmp_path / "latih.jsonl"), str(tmp_path / "uji.jsonl"))


def test_without_a_dev_file_articles_are_set_aside(config, news):
    data = replace(config, dev=None, dev_share=0.25)
    parts = read_training_data(data, seed=1)
    assert len(parts.dev) == 3
    assert {one.id for one in (*parts.train, *parts.dev)} == {one.id for one in news}
    assert parts == read_training_data(data, seed=1)
    assert parts.dev != read_training_data(data, seed=2).dev
    assert parts.fingerprint == fingerprint(*data.train_files)


def test_no_article_left_for_dev_says_what_to_change(config, news):
    with pytest.raises(ConfigError, match="no article is left for dev") as caught:
        read_training_data(replace(config, dev=None, dev_share=0.0), seed=0)
    assert "data.dev names no file and data.dev_share is 0; name a file or raise the share" in str(
        caught.value
    )
    write_articles(news[:1], Path(config.train))
    with pytest.raises(ConfigError, match=r"no article is left for dev, whose share is 0.1"):
        read_training_data(replace(config, dev=None, dev_share=0.1), seed=0)


def test_an_id_in_two_training_files_is_refused(config):
    data = replace(config, train=(str(config.train), str(config.train)))
    with pytest.raises(AnnotationError, match="must be unique over the files") as caught:
        read_training_data(data, seed=0)
    assert "'berita-0' stands in 2 of them; rename or remove one" in str(caught.value)


def test_labels_that_train_never_shows_are_a_warning(config, news, caplog):
    bare = [
        replace(
            article,
            entities=tuple(span for span in article.entities if span.label != "PROVINCE"),
            themes=tuple(span for span in article.themes if span.label != "KINERJA"),
        )
        for article in news
    ]
    write_articles(bare, Path(config.train))
    with caplog.at_level(logging.WARNING):
        read_training_data(config, seed=0)
    (message,) = caplog.messages
    assert message.startswith(
        "dev holds labels that train never shows, so they cannot be learned: KINERJA, PROVINCE;"
    )
    caplog.clear()
    read_training_data(replace(config, dev=config.train), seed=0)
    assert caplog.messages == [
        "12 of 12 dev articles stand in train too, word for word, so that dev's scores promise too "
        "much; keep the two apart"
    ]


def test_labels_are_checked_on_both_sides(news, tiny_articles):
    data = TrainingData.from_articles(news, tiny_articles)
    data.check_labels(ASN_LABELS)
    data.check_labels(LabelSet.from_articles([*news, *tiny_articles]))
    data.check_labels(replace(ASN_LABELS, themes=()))  # trains entities alone
    for labels, message in (
        (replace(ASN_LABELS, entities=ASN_LABELS.entities[:2]), "unknown entity type 'PROVINCE'"),
        (replace(ASN_LABELS, themes=("KARIER",)), "unknown theme 'DISIPLIN'"),
    ):
        with pytest.raises(AnnotationError, match=message) as caught:
            data.check_labels(labels)
        assert "name it in labels, or give labels null" in str(caught.value)


def test_known_mentions_are_the_surfaces_of_train(news, tiny_articles):
    known = TrainingData.from_articles(news, tiny_articles).known_mentions
    assert "Hasan Basri, M.Si" in known
    assert "Wayan Tirta Adnyana, S.Sos" not in known
