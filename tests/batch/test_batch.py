import contextlib
import errno
import json
import os
import subprocess
import sys
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import pytest
from fakes import Opening
from pyarrow import parquet

from asn_nlp.batch import BatchOptions, Progress, Summary, predict_files
from asn_nlp.batch.processes import cores
from asn_nlp.cli import main
from asn_nlp.errors import AsnError, ConfigError, RunError
from asn_nlp.formats import read_articles
from asn_nlp.predictor import Predictor

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SMALL = BatchOptions(shard=4)


@pytest.fixture(autouse=True)
def fake(monkeypatch):
    monkeypatch.setattr("asn_nlp.batch.job.Opening", Opening)


@pytest.fixture
def news_file(tmp_path) -> Path:
    """Eighteen articles and two records that are none, from which five parts are made."""
    return written(tmp_path, [f"Sekda {n} hadir." for n in range(18)])


def written(folder: Path, texts: list[str], **fields: str) -> Path:
    path = folder / "berita.jsonl"
    lines = [json.dumps({"text": text, **fields}, ensure_ascii=False) for text in texts]
    lines[3:3] = ["{}", "ini bukan JSON"]
    path.write_text("\n".join(lines), "utf-8")
    return path


def read(news: Path, output: Path, options: BatchOptions = SMALL) -> Summary:
    return predict_files("ready", [news], output, options)


def tree(folder: Path) -> dict[str, bytes]:
    """What lies in a folder, hidden files included."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def records(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_a_folder_holds_parts_rejects_and_what_vouches_for_them(news_file, tmp_path):
    output = tmp_path / "out"
    summary = read(news_file, output)
    assert (summary.parts, summary.written, summary.rejected, summary.earlier) == (5, 18, 2, 0)
    names = [f"part-{n:06}.jsonl" for n in range(1, 6)]
    assert sorted(tree(output)) == sorted(
        ["_job.json", "_rejects-000001.jsonl", "_rejects-000002.jsonl"]
        + names
        + [f"_part-{n:06}.json" for n in range(1, 6)]
    )
    articles = [one for name in names for one in read_articles(output / name)]
    assert [one.text for one in articles] == [f"Sekda {n} hadir." for n in range(18)]
    assert [one.id for one in articles[:4]] == [
        "berita:1",
        "berita:2",
        "berita:3",
        "berita:6",
    ]
    assert articles[0].surface(articles[0].entities[0]) == "Sekda"
    part = json.loads((output / "_part-000001.json").read_text())
    assert (part["first"], part["last"]) == (f"{news_file}:1", f"{news_file}:4")
    assert (part["read"], part["written"], part["rejected"]) == (4, 3, 1)
    assert set(part["files"]) == {"part-000001.jsonl", "_rejects-000001.jsonl"}
    job = json.loads((output / "_job.json").read_text())
    assert job["input"][str(news_file)]["bytes"] == news_file.stat().st_size


def test_parts_may_be_parquet(news_file, tmp_path):
    read(news_file, tmp_path / "out", replace(SMALL, format="parquet"))
    # Arrow passes over what is no part.
    (tmp_path / "out" / "_job.json").rename(tmp_path / "out" / "_job")
    table = parquet.read_table(tmp_path / "out")
    assert table.num_rows == 18


def test_ids_and_articles_do_not_depend_on_shards_or_workers(news_file, tmp_path):
    results = []
    for n, options in enumerate(
        [SMALL, replace(SMALL, shard=7), BatchOptions(), replace(SMALL, workers=3)]
    ):
        read(news_file, tmp_path / f"{n}.jsonl", options)
        results.append((tmp_path / f"{n}.jsonl").read_bytes())
    assert len(set(results)) == 1
    assert len(results[0].splitlines()) == 18


@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
def test_one_file_is_put_together_and_nothing_else_is_left(news_file, tmp_path, ending):
    output = tmp_path / "out" / f"hasil.{ending}"
    for _ in range(2):
        summary = read(news_file, output)
        assert (summary.written, summary.rejected) == (18, 2)
        assert len(read_articles(output)) == 18
        assert sorted(tree(output.parent)) == [f"hasil.{ending}", f"hasil.{ending}.rejects.jsonl"]
        assert [one["line"] for one in records(Path(f"{output}.rejects.jsonl"))] == [4, 5]


def test_what_is_read_already_is_not_read_again(news_file, tmp_path, monkeypatch):
    output = tmp_path / "out"
    read(news_file, output)
    before = tree(output)
    (output / "part-000003.jsonl").unlink()
    (output / "_part-000005.json").unlink()
    seen = []
    progress = Progress(read=lambda articles, _: seen.append(articles))
    summary = predict_files("ready", [news_file], output, SMALL, progress=progress)
    assert (summary.earlier, summary.written, summary.rejected) == (12, 18, 2)
    assert summary.damaged == [3]
    assert sum(seen) == 8
    assert tree(output) == before
    monkeypatch.setattr("asn_nlp.batch.job._crew", None)  # there is nothing left to open it for
    assert read(news_file, output).earlier == 20


@pytest.mark.parametrize(
    "name", ["part-000002.jsonl", "_rejects-000001.jsonl", "_part-000004.json"]
)
@pytest.mark.parametrize("damage", [lambda old: old[:-9], lambda _: b"", lambda _: b"[]"])
def test_a_damaged_part_is_read_again(news_file, tmp_path, name, damage):
    output = tmp_path / "out"
    read(news_file, output)
    before = tree(output)
    (output / name).write_bytes(damage(before[name]))
    summary = read(news_file, output)
    assert summary.damaged == [int(name.split("-")[1][:6])]
    assert tree(output) == before


def test_another_job_is_refused_with_the_difference(news_file, tmp_path, tiny_run, monkeypatch):
    output = tmp_path / "out"
    read(news_file, output)
    before = tree(output)

    def refusal(run: str = "ready", options: BatchOptions = SMALL) -> str:
        with pytest.raises(ConfigError) as refused:
            predict_files(run, [news_file], output, options)
        assert tree(output) == before
        return str(refused.value)

    monkeypatch.setattr("asn_nlp.batch.job.version", lambda _: "9.9")
    assert 'package version was "' in refusal()
    monkeypatch.setattr("asn_nlp.batch.job.version", metadata.version)
    told = refusal(options=replace(SMALL, shard=5))
    assert told == (
        f"{output} was begun otherwise: option shard was 4, is 5. Give the command that began it, "
        "remove the folder to begin anew, or name another output"
    )
    assert 'option text_column was "text", is "isi"' in refusal(
        options=replace(SMALL, text_column="isi")
    )
    assert 'output format was "jsonl", is "parquet"' in refusal(
        options=replace(SMALL, format="parquet")
    )
    assert 'option engine was null, is "torch"' in refusal(options=replace(SMALL, engine="torch"))
    assert "run fingerprint was " in refusal(run=str(tiny_run))
    size = news_file.stat().st_size
    with news_file.open("a") as file:
        file.write("\n")
    told = refusal()
    assert f'input {news_file} was {{"bytes": {size}, "fingerprint": ' in told
    assert f'is {{"bytes": {size + 1}, ' in told
    other = tmp_path / "lain.txt"
    other.write_text("Camat hadir.")
    with pytest.raises(ConfigError, match=rf"input {other} is new; input {news_file} is gone"):
        read(other, output)


def test_a_folder_of_something_else_is_refused(news_file, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "naskah.txt").write_text("milik orang")
    with pytest.raises(ConfigError, match=r"holds naskah.txt, and an output folder must be new"):
        read(news_file, tmp_path / "out")
    (tmp_path / "out" / "naskah.txt").rename(tmp_path / "out" / "_job.json")
    with pytest.raises(ConfigError, match=r"_job.json is damaged .*; remove"):
        read(news_file, tmp_path / "out")


def test_its_own_parts_are_no_news(tmp_path):
    written(tmp_path, ["Sekda hadir."] * 3)
    for output in ("out", "out.jsonl"):
        for _ in range(2):
            summary = read(tmp_path, tmp_path / output)
            assert (summary.written, summary.rejected) == (3, 2)
        (tmp_path / "out.jsonl").unlink(missing_ok=True)
        (tmp_path / "out.jsonl.rejects.jsonl").unlink(missing_ok=True)
        for path in (tmp_path / "out").iterdir():
            path.unlink()


def test_a_second_process_is_refused(news_file, tmp_path):
    output = tmp_path / "out"
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom asn_nlp.files import claimed\n"
        f"with claimed(Path({str(output)!r})):\n    print('held', flush=True)\n    time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=ROOT) as other:
        assert other.stdout
        other.stdout.readline()
        with pytest.raises(ConfigError, match="is being written by another process; wait"):
            read(news_file, output)
        other.kill()
    assert read(news_file, output).written == 18
    assert [name for name in tree(tmp_path) if name.endswith(".tmp")] == []


@pytest.mark.parametrize("name", ["out", "out.jsonl"])
def test_a_disk_that_is_full_at_any_write_loses_nothing(news_file, tmp_path, monkeypatch, name):
    options = replace(SMALL, shard=10)
    read(news_file, tmp_path / "whole" / name, options)
    expected = tree(tmp_path / "whole")
    writes = 0
    fsync = os.fsync

    def failing(descriptor: int) -> None:
        nonlocal writes
        writes += 1
        if writes == full_at:
            raise OSError(errno.ENOSPC, "No space left on device")
        fsync(descriptor)

    monkeypatch.setattr("asn_nlp.files.os.fsync", failing)
    full_at = 1
    while True:
        writes = 0
        folder = tmp_path / str(full_at)
        with contextlib.suppress(OSError):
            read(news_file, folder / name, options)
            break
        assert not [path for path in tree(folder) if path.endswith(".tmp")]
        tried, full_at = full_at, 0
        summary = read(news_file, folder / name, options)
        assert tree(folder) == expected
        assert (summary.written, summary.rejected) == (18, 2)
        full_at = tried + 1
    assert full_at >= 7


def test_articles_that_end_a_worker_are_rejected_and_the_rest_goes_on(tmp_path):
    reasons = {
        "Ini MATI.": "ended with status 7",
        "Ini DIAM.": "gave no sign of life for 1 seconds",
        "Ini MARAH.": "raised ValueError: no such word",
    }
    sound = [f"Sekda {n} hadir." for n in range(9)]
    path = written(tmp_path, [*sound[:6], *reasons, *sound[6:]])
    output = tmp_path / "out.jsonl"
    summary = read(path, output, replace(SMALL, shard=6, workers=2, patience=1.0))
    assert [one.text for one in read_articles(output)] == sound
    assert (summary.written, summary.rejected) == (9, 5)
    rejects = records(tmp_path / "out.jsonl.rejects.jsonl")[-3:]
    assert [(one["path"], one["line"]) for one in rejects] == [(str(path), n) for n in (9, 10, 11)]
    assert [json.loads(one["raw"])["text"] for one in rejects] == list(reasons)
    assert [one["messages"][0] for one in rejects] == [
        f"an article must be one that can be read, but what read 'berita:{line}' "
        f"{reason}, and again when it read it alone; leave it out, and report it"
        for line, reason in zip((9, 10, 11), reasons.values(), strict=True)
    ]


def test_a_worker_killed_once_loses_nothing(tmp_path):
    marker = tmp_path / "marker"
    path = written(tmp_path, ["Sekda hadir.", "SEKALI saja.", "Camat hadir."], marker=str(marker))
    summary = read(path, tmp_path / "out.jsonl", replace(SMALL, workers=1))
    assert marker.exists()
    assert (summary.written, summary.rejected) == (3, 2)


def test_an_article_that_ends_the_only_process_is_rejected_by_the_next_attempt(tmp_path):
    texts = [f"Sekda {n} hadir." for n in range(9)]
    written(tmp_path, [*texts[:6], "Ini MATI.", *texts[6:]])
    output = tmp_path / "out"
    code = (
        "from pathlib import Path\nfrom fakes import Opening\nimport asn_nlp.batch.job as job\n"
        "job.Opening = Opening\njob.predict_files('ready', [Path('berita.jsonl')], Path('out'), "
        "job.BatchOptions(shard=6))"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(HERE)])}
    dead = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, check=False)
    assert dead.returncode == 7
    assert (output / "_trying-000002").exists()
    with contextlib.chdir(tmp_path):
        summary = read(Path("berita.jsonl"), Path("out"), BatchOptions(shard=6))
    assert (summary.earlier, summary.written, summary.rejected) == (6, 9, 3)
    assert not (output / "_trying-000002").exists()
    reject = records(output / "_rejects-000002.jsonl")[-1]
    assert "read 'berita:9' ended with status 7, and again when" in reject["messages"][0]


def test_a_file_that_holds_no_spans_is_refused_before_anything_is_written(news_file, tmp_path):
    with pytest.raises(ConfigError, match=r"out.txt, a file of text, cannot hold; name a .jsonl"):
        read(news_file, tmp_path / "out.txt")
    assert list(tree(tmp_path)) == ["berita.jsonl"]


def test_of_an_empty_input_the_rejects_are_left(tmp_path):
    (tmp_path / "kosong.csv").write_text("id,text\n")
    assert read(tmp_path / "kosong.csv", tmp_path / "out.jsonl").rejected == 1
    assert sorted(tree(tmp_path)) == ["kosong.csv", "out.jsonl", "out.jsonl.rejects.jsonl"]


@pytest.mark.parametrize("workers", [None, 1])
def test_a_fault_of_the_run_is_no_reject(tmp_path, workers):
    options = replace(SMALL, workers=workers)
    path = written(tmp_path, ["Sekda hadir.", "Ini RUSAK.", "Camat hadir."])
    with pytest.raises(RunError, match="the run is of no use"):
        read(path, tmp_path / "out", options)
    with pytest.raises(RunError, match="the graph is broken; mend it"):
        read(path, tmp_path / "broken", replace(options, engine="broken"))
    assert not (tmp_path / "broken").exists()
    written(tmp_path, ["MARAH", "MARAH juga"])
    with pytest.raises(RunError, match=r"no article of .* could be read, as each raised ValueE"):
        read(path, tmp_path / "angry", options)


@pytest.mark.parametrize("options", [{"shard": 0}, {"workers": -1}, {"patience": 0.0}])
def test_options_that_cannot_work_are_refused(news_file, tmp_path, options):
    with pytest.raises(AsnError, match=f"{next(iter(options))} must be above 0, found"):
        read(news_file, tmp_path / "out", replace(SMALL, **options))


def test_an_interrupted_command_keeps_its_parts(news_file, tmp_path, monkeypatch, capsys):
    command = ["predict", "ready", str(news_file), "--output", str(tmp_path / "out.jsonl")]
    command += ["--shard", "4"]

    def interrupted(self: object, shard: object, *_: object) -> None:
        if shard.number == 3:
            raise KeyboardInterrupt
        return write(self, shard, *_)

    from asn_nlp.batch.parts import Parts

    write = Parts.write
    monkeypatch.setattr(Parts, "write", interrupted)
    assert main(command) == 130
    assert "stopped; the same command goes on behind the last part" in capsys.readouterr().err
    assert not (tmp_path / "out.jsonl").exists()
    monkeypatch.setattr(Parts, "write", write)
    assert main(command) == 0
    told = capsys.readouterr()
    assert ", 8 of the records in an earlier attempt" in told.out
    assert "2 REJECTED, all in" in told.err
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "berita.jsonl",
        "out.jsonl",
        "out.jsonl.rejects.jsonl",
    ]


def test_workers_read_as_the_predictor_does(tiny_run, news, tmp_path, monkeypatch):
    monkeypatch.undo()
    path = tmp_path / "berita.jsonl"
    texts = [article.text for article in news]
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    expected = [one.to_dict() for one in Predictor.from_pretrained(tiny_run).predict(texts)]
    output = tmp_path / "out.jsonl"
    predict_files(str(tiny_run), [path], output, BatchOptions(workers=2))
    for article, other in zip(read_articles(output), expected, strict=True):
        record = article.to_dict()
        assert [record["entities"], record["themes"]] == [other["entities"], other["themes"]]


def test_cores_are_those_that_may_be_used():
    assert 1 <= cores() <= (os.cpu_count() or 1)
