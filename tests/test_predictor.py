import shutil
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import count, islice
from pathlib import Path

import numpy as np
import pytest
import torch

from asn_nlp import predictor as predictor_room
from asn_nlp.articles import Article, EntitySpan, ThemeSpan
from asn_nlp.config import WindowConfig
from asn_nlp.encoders import find_encoder, open_tokenizer
from asn_nlp.engines.onnx import OnnxEngine
from asn_nlp.engines.run_folder import open_run, write_record
from asn_nlp.engines.torch import TorchEngine, open_classifier
from asn_nlp.errors import AnnotationError, RunError
from asn_nlp.export.writing import export_run
from asn_nlp.formats import read_articles
from asn_nlp.labels import ASN_LABELS
from asn_nlp.predictor import Predictor
from asn_nlp.reading.options import DecodeOptions
from asn_nlp.shipped import CORPUS, READY, run_folder
from asn_nlp.training.model import JointModel, write_weights


@pytest.fixture(scope="module")
def run(encoders, tmp_path_factory) -> Path:
    """Random weights that find something nearly everywhere."""
    folder = tmp_path_factory.mktemp("run")
    torch.manual_seed(1)
    encoder = find_encoder(str(encoders["bert"]))
    model, tokenizer = JointModel.from_encoder(encoder, ASN_LABELS), open_tokenizer(encoder)
    write_weights(folder, model, tokenizer, half=False)
    options = DecodeOptions(2.0, 0.0, (0.5,) * len(ASN_LABELS.themes), (0.0,) * 3)
    write_record(folder, ASN_LABELS, WindowConfig(32, 4), options, pad_id=tokenizer.pad_token_id)
    return folder


@pytest.fixture(scope="module")
def predictor(run) -> Predictor:
    return Predictor.from_pretrained(run)


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
        assert article.surface(span).strip()


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
    for one in (predictor, Predictor.from_pretrained()):  # the one that ships is calibrated
        assert [read.text for read in one.predict(texts_around)] == texts_around


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


def test_the_graph_is_read_unless_there_is_none_or_a_device_is_named(run, tmp_path):
    bare = shutil.copytree(run, tmp_path / "bare")
    (bare / "model.onnx").unlink()
    for folder, options, engine in (
        (run, {}, OnnxEngine),
        (run, {"device": "cpu"}, OnnxEngine),
        (run, {"engine": "torch"}, TorchEngine),
        (run, {"engine": "torch", "device": "cpu"}, TorchEngine),
        (bare, {}, TorchEngine),
    ):
        assert isinstance(Predictor.from_pretrained(folder, **options)._engine, engine)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"engine": "tensorflow"}, "engine must be 'onnx' or 'torch', found 'tensorflow'"),
        ({"engine": "onnx", "device": "cuda"}, "'onnx' reads on the processor, but device is"),
        ({"device": "cpu:3"}, "device 'cpu:3' was asked for, but PyTorch has only"),
        ({"device": "nonsense"}, "device 'nonsense' was asked for, but PyTorch has only"),
    ],
)
def test_an_engine_or_device_that_is_not_there_is_named(run, options, message):
    with pytest.raises(RunError, match=message):
        Predictor.from_pretrained(run, **options)


def test_a_run_without_graph_names_the_extra_where_pytorch_is_not(run, tmp_path, monkeypatch):
    bare = shutil.copytree(run, tmp_path / "bare")
    (bare / "model.onnx").unlink()
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(RunError, match=r"has no model.onnx") as caught:
        Predictor.from_pretrained(bare)
    assert 'pip install "asn-nlp[train]"' in str(caught.value)
    assert f"asn-nlp export {bare}" in str(caught.value)
    with pytest.raises(RunError, match=r"lacks model.onnx"):
        Predictor.from_pretrained(bare, engine="onnx")


def test_without_a_folder_the_model_that_ships_is_opened():
    assert run_folder("ready") == READY
    assert run_folder("runs/mine") == Path("runs/mine")
    predictor = Predictor.from_pretrained()
    assert predictor.labels == ASN_LABELS
    article = predictor("Bupati Sigi Irma Yuliana menegur pegawai.")
    assert [(e.label, article.surface(e)) for e in article.entities] == [
        ("TITLE", "Bupati Sigi"),
        ("OFFICIAL", "Irma Yuliana"),
    ]


@pytest.fixture(scope="module")
def ready_in_float32(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("ready") / "run"
    shutil.copytree(READY, folder)
    export_run(folder)
    return folder


def test_the_float32_graph_reads_as_the_shipped_weights_do(ready_in_float32):
    articles = read_articles(CORPUS / "test.jsonl")[:12]
    graph = Predictor.from_pretrained(ready_in_float32, engine="onnx")
    # In float32 from the file on: where bf16 is the faster it would round the weights first.
    engine = TorchEngine(open_classifier(ready_in_float32))
    weights = Predictor(open_run(ready_in_float32), engine)
    for one, other in zip(graph.predict(articles), weights.predict(articles), strict=True):
        assert spans_of(one) == spans_of(other)
        for a, b in zip(
            (*one.entities, *one.themes), (*other.entities, *other.themes), strict=True
        ):
            assert a.score == pytest.approx(b.score, abs=1e-3)


def test_the_shipped_graph_reads_almost_all_as_the_float32_graph_does(ready_in_float32):
    articles = read_articles(CORPUS / "test.jsonl")[:12]
    shipped, exact = (
        {
            (article.id, span.label, span.start, span.end)
            for article in Predictor.from_pretrained(folder, engine="onnx").predict(articles)
            for span in article.spans
        }
        for folder in (READY, ready_in_float32)
    )
    assert len(shipped & exact) > 0.9 * len(shipped | exact)


def test_threads_that_share_out_articles_read_as_one_does(run, news):
    alone, shared = (Predictor.from_pretrained(run, threads=number) for number in (1, 3))
    assert (alone._engine.at_once, shared._engine.at_once) == (1, 3)
    many = [replace(article, id=str(n)) for n, article in enumerate(news * 4)]
    assert [spans_of(one) for one in shared.predict(many)] == [
        spans_of(one) for one in alone.predict(many)
    ]


def test_a_run_without_calibration_says_so_and_refuses_a_precision(run, predictor):
    assert predictor.calibration is None
    assert predictor.operating_point is None
    with pytest.raises(RunError, match="but the run has no calibration; fit a calibration to"):
        Predictor.from_pretrained(run, precision=0.9)


def test_calibration_changes_the_scores_of_the_shipped_model_and_no_span(news):
    predictor = Predictor.from_pretrained()
    raw = predictor.without_calibration()
    assert raw.calibration is None
    changed = 0
    for one, other in zip(predictor.predict(news), raw.predict(news), strict=True):
        assert spans_of(one) == spans_of(other)
        changed += [span.score for span in one.spans] != [span.score for span in other.spans]
    assert changed


def test_a_wished_precision_leaves_out_what_scores_too_little(news, caplog):
    plain, strict = (Predictor.from_pretrained(precision=wish) for wish in (None, {"themes": 0.7}))
    (told,) = caplog.messages
    point = strict.operating_point
    assert told == str(point)
    assert "recall" in told
    assert point.entities == {}
    dropped = 0
    for one, other in zip(plain.predict(news), strict.predict(news), strict=True):
        assert other.entities == one.entities
        assert other.themes == tuple(
            span for span in one.themes if span.score >= point.themes[span.label].score
        )
        dropped += len(one.themes) - len(other.themes)
    assert dropped
    with pytest.raises(RunError, match=r"precision 0.9999 was not reached on dev by") as caught:
        Predictor.from_pretrained(precision={"entities": 0.9999, "themes": 0.5})
    assert "the best is" in str(caught.value)


def test_one_text_where_many_are_due_is_refused_and_the_other_way_round(predictor):
    with pytest.raises(AnnotationError, match=r"letter by letter; use predictor\(text\)"):
        predictor.predict("Sekda hadir.")
    with pytest.raises(AnnotationError, match=r"found list; for many use predictor.predict"):
        predictor(["Sekda hadir."])


def test_what_is_no_text_is_named_and_loses_nothing_before_it(predictor):
    results = predictor.predict(["Sekda hadir.", "Camat hadir.", None, "Lurah hadir."])
    assert [next(results).text, next(results).text] == ["Sekda hadir.", "Camat hadir."]
    with pytest.raises(AnnotationError, match="place 2 holds NoneType None; leave it out"):
        next(results)


@pytest.mark.parametrize("engine", ["onnx", "torch"])
def test_threads_share_a_predictor(run, news, engine):
    predictor = Predictor.from_pretrained(run, engine=engine)
    expected = [predictor(article) for article in news]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    barrier = threading.Barrier(4)

    def read(shift: int) -> list[Article]:
        barrier.wait()
        turned = news[shift:] + news[:shift]
        read = [predictor(article) for article in turned]
        return read[len(news) - shift :] + read[: len(news) - shift]

    try:
        with ThreadPoolExecutor(4) as pool:
            results = list(pool.map(read, range(4)))
    finally:
        sys.setswitchinterval(interval)
    for result in results:
        assert [spans_of(one) for one in result] == [spans_of(one) for one in expected]


def test_opinions_are_the_probabilities_behind_what_is_read(predictor, news):
    texts = [*news[:3], ""]
    read = list(predictor.predict(texts))
    for opinion, article in zip(predictor.opinions(texts), read, strict=True):
        assert [span.label for span in opinion.article.spans] == [
            span.label for span in article.spans
        ]
        assert opinion.tags.shape == (len(opinion.offsets), len(predictor.labels.tags))
        assert opinion.themes.shape == (len(opinion.passages), len(predictor.labels.themes))
        assert np.allclose(opinion.tags.sum(axis=1), 1)
        assert len(opinion.vector) == (16 if article.text else 0)
        for span in opinion.article.themes:
            place = [passage.start for passage in opinion.passages].index(span.start)
            theme = predictor.labels.theme_ids[span.label]
            assert opinion.themes[place, theme] == pytest.approx(span.score)
