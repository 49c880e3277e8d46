"""suspects, next, and what validate and guidelines print."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from asn_nlp import baselines
from asn_nlp.annotation.guidelines import headings
from asn_nlp.articles import Article, EntitySpan
from asn_nlp.cli import main
from asn_nlp.formats import read_articles, write_articles


@pytest.fixture
def file(tmp_path: Path, news) -> Path:
    write_articles(news, tmp_path / "news.jsonl")
    return tmp_path / "news.jsonl"


@pytest.mark.parametrize("reader", ["--quick", "--run"])
def test_suspects_are_ranked_drawn_and_open_in_label_studio(
    tmp_path, file, news, tiny_run, capsys, reader
):
    how = ["--quick", "--folds", "2"] if reader == "--quick" else ["--run", str(tiny_run)]
    output = tmp_path / "out"
    assert main(["suspects", str(file), "--output", str(output), *how]) == 0
    told = capsys.readouterr()
    assert f"for Label Studio: {output / 'suspects.json'}" in told.out
    assert ("has learned from these articles" in told.err) == (reader == "--run")
    tasks = read_articles(output / "suspects.json")
    marked = {article.id: article for article in news}
    assert tasks
    assert all(replace(one, meta={}) == replace(marked[one.id], meta={}) for one in tasks)
    assert "likely wrong" in (output / "suspects.html").read_text("utf-8")
    assert {path.name for path in output.iterdir()} == {"suspects.html", "suspects.json"}


def test_suspects_go_on_after_the_last_fold_that_was_done(tmp_path, file, monkeypatch, capsys):
    command = ["suspects", str(file), "--output", str(tmp_path / "out"), "--quick", "--folds", "2"]
    fit, fitted = baselines.fit_baselines, []

    def stopped(*arguments):
        if len(fitted) == 1:
            raise KeyboardInterrupt
        fitted.append(arguments)
        return fit(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(baselines, "fit_baselines", stopped)
        assert main(command) == 130
        assert len(list((tmp_path / "out" / "folds").iterdir())) == 1
        assert main([*command[:-1], "3"]) == 2
        assert "made with folds 2, not 3" in capsys.readouterr().err
        fitted.clear()
        assert main(command) == 0
    assert len(fitted) == 1
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "suspects.html",
        "suspects.json",
    }


def test_suspects_of_one_article_want_more(tmp_path, news, capsys):
    write_articles(news[:1], tmp_path / "one.jsonl")
    assert main(["suspects", str(tmp_path / "one.jsonl"), "--output", str(tmp_path)]) == 2
    assert "folds must be from 2 to 1" in capsys.readouterr().err


def test_next_writes_as_many_as_are_wanted_with_what_the_run_reads(
    tmp_path, news, tiny_run, capsys
):
    pool, output = tmp_path / "pool", tmp_path / "next.json"
    pool.mkdir()
    for article in news:
        (pool / f"{article.id}.txt").write_text(article.text, "utf-8")
    (pool / "kosong.txt").touch()
    arguments = ["next", str(pool), "--run", str(tiny_run), "--number", "4", "--output"]
    assert main([*arguments, str(output)]) == 0
    told = capsys.readouterr()
    assert told.out.splitlines()[-1] == f"4 of {len(news)} articles: {output}"
    assert "1 REJECTED" in told.err
    chosen = read_articles(output)
    assert {one.text for one in chosen} < {article.text for article in news}
    assert all(span.score is not None for one in chosen for span in one.spans)
    assert any(one.spans for one in chosen)


def test_validate_prints_json_for_machines(tmp_path, capsys):
    path = tmp_path / "a.jsonl"
    write_articles([Article("a", "kata Rina, hadir", (EntitySpan(5, 10, "OFFICIAL"),))], path)
    assert main(["validate", str(path), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["errors"], told["warnings"]) == (1, 0)
    (finding,) = told["findings"]
    assert finding["path"] == str(path)
    assert (finding["line"], finding["start"], finding["end"]) == (1, 5, 10)
    assert told["files"][0]["labels"] == {"OFFICIAL": 1}
    assert main(["validate", str(path)]) == 1
    assert "(Text and offsets)" in capsys.readouterr().out


def test_the_guidelines_are_printed_with_the_headings_that_validate_cites(capsys):
    assert main(["guidelines"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert {f"## {heading}" for heading in headings()} <= set(lines)
