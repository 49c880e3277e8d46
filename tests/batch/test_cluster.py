import json
import threading
import time

import pyarrow
import pytest

from asn_nlp.batch import BatchOptions, BatchPredictor, Progress, predict_files
from asn_nlp.errors import AnnotationError, MissingExtra
from asn_nlp.formats import read_articles
from asn_nlp.predictor import Predictor

try:
    import ray
except ModuleNotFoundError:
    ray = None

needs_ray = pytest.mark.skipif(ray is None, reason="Ray, which the extra brings, is not installed")
TEXTS = ["Bupati Kampar H. Darwis Lubuk melantik tiga camat.", "Hujan.", "Sekda Bali hadir."]


@pytest.fixture(scope="module")
def predictor(tiny_run) -> BatchPredictor:
    return BatchPredictor(tiny_run, threads=1)


def test_a_batch_of_columns_comes_back_with_its_spans(tiny_run, predictor):
    expected = list(Predictor.from_pretrained(tiny_run, threads=1).predict(TEXTS))
    batch = {"nomor": [7, 8, 9], "text": TEXTS}
    table = predictor(batch)
    assert predictor(pyarrow.table(batch)).equals(table)
    assert table.column_names == ["nomor", "text", "entities", "themes", "problem"]
    assert table["nomor"].to_pylist() == [7, 8, 9]
    assert table["problem"].to_pylist() == [None] * 3
    for row, article in zip(table.to_pylist(), expected, strict=True):
        for name in ("entities", "themes"):
            assert [(one["start"], one["end"], one["label"]) for one in row[name]] == [
                (one.start, one.end, one.label) for one in getattr(article, name)
            ]
    # The types stay where nothing is found, lest the next batch not fit.
    assert predictor({"text": ["."], "nomor": [1]}).schema.field("entities") == table.schema.field(
        "entities"
    )


def test_rows_that_cannot_be_read_say_why(predictor, monkeypatch):
    table = predictor({"text": [None, " ", TEXTS[0]]})
    first, second, third = table["problem"].to_pylist()
    assert first == "'text' must be a string, found NoneType None; correct it"
    assert second.startswith("'text' must hold the article, but is empty")
    assert third is None
    assert table["entities"].to_pylist()[:2] == [[], []]
    with pytest.raises(AnnotationError, match=r"must have a column 'text', found \['isi'\]; ren"):
        predictor({"isi": TEXTS})

    def upset(articles):
        if any("Hujan" in article.text for article in articles):
            raise ValueError("hujan")
        return iter(articles)

    monkeypatch.setattr(predictor._predictor, "predict", upset)
    assert predictor({"text": TEXTS})["problem"].to_pylist() == [
        None,
        "the reader raised ValueError: hujan; leave the row out, and report it",
        None,
    ]


@pytest.mark.skipif(ray is not None, reason="Ray is installed")
def test_without_ray_the_extra_is_named(tiny_run, tmp_path):
    (tmp_path / "a.txt").write_text("Sekda hadir.")
    with pytest.raises(MissingExtra, match=r'needs ray, .* pip install "asn-nlp\[ray\]"'):
        predict_files(
            str(tiny_run), [tmp_path / "a.txt"], tmp_path / "out.jsonl", BatchOptions(ray="")
        )
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


@needs_ray
def test_ray_data_takes_it_as_it_is_and_a_lost_node_loses_nothing(tiny_run, tmp_path):
    from ray.cluster_utils import Cluster

    path = tmp_path / "berita.jsonl"
    texts = [f"Bupati Kampar {n} melantik camat." for n in range(1500)]
    path.write_text("{}\n" + "".join(json.dumps({"text": text}) + "\n" for text in texts))
    options = BatchOptions(shard=25)
    predict_files(str(tiny_run), [path], tmp_path / "alone.jsonl", options)
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    try:
        second = cluster.add_node(num_cpus=1)
        ray.init(address=cluster.address, log_to_driver=False)
        cluster.wait_for_nodes()
        read = 0
        killed = threading.Event()

        def told(articles: int, _words: int) -> None:
            nonlocal read
            read += articles
            if read > 200 and not killed.is_set():
                killed.set()
                cluster.remove_node(second, allow_graceful=False)

        summary = predict_files(
            str(tiny_run),
            [path],
            tmp_path / "cluster.jsonl",
            BatchOptions(shard=25, ray=cluster.address),
            progress=Progress(read=told),
        )
        assert killed.is_set()
        assert (summary.written, summary.rejected) == (1500, 1)
        for ending in ("", ".rejects.jsonl"):
            one, other = (tmp_path / f"{name}.jsonl{ending}" for name in ("alone", "cluster"))
            assert one.read_bytes() == other.read_bytes()
        time.sleep(1)
        rows = (
            ray.data.from_items([{"text": text} for text in [*TEXTS, None]])
            .map_batches(
                BatchPredictor,
                fn_constructor_kwargs={"run": str(tiny_run), "threads": 1},
                compute=ray.data.ActorPoolStrategy(size=1),
                batch_size=2,
            )
            .take_all()
        )
        assert [row["problem"] is None for row in rows] == [True, True, True, False]
        assert len(read_articles(tmp_path / "cluster.jsonl")) == 1500
    finally:
        ray.shutdown()
        cluster.shutdown()
