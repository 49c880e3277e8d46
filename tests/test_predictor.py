from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path

import pytest
import torch

from asn_nlp import predictor as predictor_room
from asn_nlp.articles import Article, EntitySpan, ThemeSpan
from asn_nlp.labels import ASN_LABELS
from asn_nlp.model import JointModel, Reading, RunError, open_tokenizer
from asn_nlp.predictor import READY_MODEL, Predictor, run_folder


@pytest.fixture(scope="module")
def run(encoders, tmp_path_factory) -> Path:
    """Random weights that find something nearly everywhere."""
    folder = tmp_path_factory.mktemp("run")
    torch.manual_seed(1)
    encoder = str(encoders["bert"])
    reading = Reading(32, 4, 2.0, 0.0, (0.5,) * len(ASN_LABELS.themes))
    JointModel.from_encoder(encoder, ASN_LABELS).save(folder, open_tokenizer(encoder), reading)
    return folder


@pytest.fixture
def predictor(run, monkeypatch) -> Predictor:
    """In full precision, so that a batch's other members change no digit that counts."""
    monkeypatch.setattr(predictor_room, "fast_dtype", lambda _: torch.float32)
    return Predictor.from_pretrained(run, device="cpu")


def spans_of(article: Article) -> list[tuple[int, int, str]]:
    return [(one.start, one.end, one.label) for one in (*article.entities, *article.themes)]


def test_a_text_comes_back_as_an_article_with_scored_spans(predictor):
    text = "Bupati Sigi Irma Yuliana menegur pegawai.\r\nHujan turun 😀."
    article = predictor(text)
    assert (article.id, article.text) == ("0", text)
    assert article.entities
    assert article.themes
    assert {span.label for span in article.entities} <= set(ASN_LABELS.entities)
    assert {(t.start, t.end) for t in article.themes} <= {(0, 41), (43, len(text))}
    for span in (*article.entities, *article.themes):
        assert 0 <= span.score <= 1
        assert article.text[span.start : span.end].strip()


def test_an_article_keeps_id_and_meta_and_gets_new_spans(predictor):
    text = "Bupati Sigi menegur pegawai."
    old = Article(
        "x", text, (EntitySpan(0, 3, "PROVINCE"),), (ThemeSpan(1, 2, "KARIER"),), {"url": "u"}
    )
    new = predictor(old)
    assert (new.id, new.text, new.meta) == ("x", text, {"url": "u"})
    assert spans_of(new) == spans_of(predictor(text))
    assert (0, 3, "PROVINCE") not in spans_of(new)


def test_order_is_kept_and_the_company_changes_nothing(predictor, news):
    articles = [*news, Article("panjang", "\n".join(one.text for one in news)), *news[:3]]
    mixed = [one if place % 2 else one.text for place, one in enumerate(articles)]
    read = list(predictor.predict(mixed))
    assert [one.text for one in read] == [one.text for one in articles]
    assert [one.id for one in read] == [
        one.id if place % 2 else str(place) for place, one in enumerate(articles)
    ]
    for one, article in zip(read, articles, strict=True):
        assert spans_of(one) == spans_of(predictor(article.text))
    assert list(predictor.predict([])) == []


def texts(consumed: list[int]) -> Iterator[str]:
    """Without end; the numbers of those that were asked for."""
    for number in count():
        consumed.append(number)
        yield f"Bupati ke-{number} menegur pegawai."


def test_an_endless_stream_is_read_chunk_by_chunk(predictor, monkeypatch):
    monkeypatch.setattr(predictor_room, "_CHUNK_ARTICLES", 3)
    consumed: list[int] = []
    results = predictor.predict(texts(consumed))
    assert consumed == []
    for number in range(7):
        assert next(results).id == str(number)
        assert len(consumed) == 3 * (number // 3 + 1)


def test_long_articles_make_shorter_chunks(predictor, monkeypatch):
    monkeypatch.setattr(predictor_room, "_CHUNK_CHARACTERS", 40)
    consumed: list[int] = []
    first = list(islice(predictor.predict(texts(consumed)), 2))
    assert [one.id for one in first] == ["0", "1"]
    assert consumed == [0, 1]


@pytest.mark.parametrize("text", ["", " ", "\r\n \t", "\u200b\ufeff"])
def test_texts_without_a_word_come_back_bare(predictor, text):
    assert predictor(text).themes == ()
    assert predictor(text).text == text
    texts_around = ["Sekda hadir.", text, "Camat hadir."]
    assert [one.text for one in predictor.predict(texts_around)] == texts_around


def test_a_text_of_one_character_can_be_read(predictor):
    assert predictor("a").text == "a"
    assert predictor("😀").themes == ()


def test_a_very_long_text_is_read_to_its_end(predictor):
    text = "Bupati Sigi menegur pegawai. " * 2_000 + "\nSelesai 😀."
    article = predictor(text)
    assert article.text == text
    assert max(span.end for span in article.entities) > len(text) - 100
    assert {(one.start, one.end) for one in article.themes} <= {
        (0, len(text) - 12),
        (len(text) - 10, len(text)),
    }


def test_a_sole_processor_is_used_where_there_is_no_gpu(run, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    opened = Predictor.from_pretrained(str(run))
    assert next(opened._run.model.parameters()).device.type == "cpu"


def test_cuda_asked_for_and_absent(run, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(RunError) as caught:
        Predictor.from_pretrained(run, device="cuda:1")
    assert str(caught.value) == (
        "device 'cuda:1' was asked for, but PyTorch sees no CUDA device here; "
        "leave device out to use the processor"
    )


def test_without_a_folder_the_model_that_ships_is_opened(run, monkeypatch):
    assert run_folder("ready") == READY_MODEL
    assert run_folder("runs/mine") == Path("runs/mine")
    monkeypatch.setattr(predictor_room, "READY_MODEL", run)
    assert Predictor.from_pretrained(device="cpu")("Sekda hadir.").text == "Sekda hadir."
