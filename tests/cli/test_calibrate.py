import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from asn_nlp.articles import Article, EntitySpan
from asn_nlp.cli import main
from asn_nlp.engines.run_folder import open_run
from asn_nlp.formats import read_articles, write_articles
from asn_nlp.predictor import Predictor
from asn_nlp.reading import fitting


@pytest.fixture
def run(tiny_run, tmp_path) -> Path:
    return shutil.copytree(tiny_run, tmp_path / "run")


@pytest.fixture
def held_out(run, news, tmp_path, monkeypatch) -> Path:
    """Annotated articles of which the run reads about half as they are marked."""
    monkeypatch.setattr(fitting, "FEWEST_SPANS", 20)
    articles = [replace(one, id=f"{time}-{one.id}") for time in range(4) for one in news]
    read = Predictor.from_pretrained(run).predict(articles)
    gold = [
        replace(one, entities=unscored(one.entities[::2]), themes=unscored(one.themes[::2]))
        for one in read
    ]
    path = tmp_path / "uji.jsonl"
    write_articles(gold, path)
    return path


def unscored(spans):
    return tuple(replace(span, score=None) for span in spans)


def test_it_writes_the_calibration_into_the_run_and_says_what_it_is_worth(run, held_out, capsys):
    before = [one.spans for one in Predictor.from_pretrained(run).predict(["Bupati Sigi hadir."])]
    assert main(["calibrate", str(run), str(held_out)]) == 0
    opened = open_run(run)
    side = opened.calibration.themes
    told = capsys.readouterr().out
    assert (
        f"themes: expected calibration error {side.error_before:.3f} before, {side.error:.3f} "
        f"after (on articles held out), {side.spans:,} spans" in told
    )
    assert told.endswith(f"calibrated: {run}\n")
    assert side.right == sum(len(one.themes) for one in read_articles(held_out)) < side.spans
    after = [one.spans for one in Predictor.from_pretrained(run).predict(["Bupati Sigi hadir."])]
    assert [[(s.start, s.end, s.label) for s in spans] for spans in after] == [
        [(s.start, s.end, s.label) for s in spans] for spans in before
    ]


def test_a_copy_is_calibrated_in_place_of_the_run(run, held_out, tmp_path):
    assert main(["calibrate", str(run), str(held_out), "--output", str(tmp_path / "baru")]) == 0
    assert open_run(run).calibration is None
    copied = open_run(tmp_path / "baru")
    assert copied.calibration is not None
    assert copied.fingerprints == open_run(run).fingerprints


def test_too_few_articles_are_told_and_change_nothing(run, tiny_articles, tmp_path, caplog):
    write_articles(tiny_articles, tmp_path / "sedikit.jsonl")
    before = (run / "run.json").read_bytes()
    assert main(["calibrate", str(run), str(tmp_path / "sedikit.jsonl")]) == 1
    assert (run / "run.json").read_bytes() == before
    assert "scores of entities are not calibrated: that takes 100 spans" in caplog.text


def test_what_cannot_be_calibrated_is_a_line(run, held_out, tmp_path, capsys):
    odd = Article("x", "Kapal Tirta.", (EntitySpan(0, 5, "KAPAL"),))
    write_articles([*read_articles(held_out), odd], tmp_path / "lain.jsonl")
    for arguments, message in (
        (["ready", str(held_out)], "the model that ships stays as it is; name an --output"),
        ([str(run), str(held_out), "--output", str(tmp_path)], "--output must be a new folder"),
        ([str(run), str(tmp_path / "lain.jsonl")], "'KAPAL'"),
    ):
        assert main(["calibrate", *arguments]) == 2
        assert message in capsys.readouterr().err
