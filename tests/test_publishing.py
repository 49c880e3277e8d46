"""A run pushed to a hub on the loopback, by the real client."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub import Hub, serving
from huggingface_hub import constants, snapshot_download

from asn_nlp.cli import main
from asn_nlp.predictor import Predictor


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with serving({}) as running:
        monkeypatch.setattr(constants, "ENDPOINT", running.endpoint)
        template = running.endpoint + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setenv("HF_TOKEN", running.token)
        yield running


@pytest.fixture
def run(tiny_run: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    shutil.copytree(tiny_run, folder)
    (folder / "README.md").write_text("---\nlanguage: id\n---\n# Kapal\n", "utf-8")
    (folder / "known_mentions.json").write_text('["Rini"]', "utf-8")
    (folder / "evaluation-tes").mkdir()
    (folder / "evaluation-tes" / "report.json").write_text("{}", "utf-8")
    return folder


def test_a_run_goes_up_private_with_its_card_and_comes_down_by_its_commit(
    hub, run, tmp_path, capsys
):
    assert main(["push", str(run), "rini/kapal"]) == 0
    (commit,) = hub.repositories["rini/kapal"].commits
    assert capsys.readouterr().out.splitlines() == [
        f"private: {hub.endpoint}/rini/kapal",
        f"commit: {commit}",
        f"hf download rini/kapal --revision {commit} --local-dir FOLDER",
    ]
    down = Path(snapshot_download("rini/kapal", revision=commit, local_dir=tmp_path / "down"))
    files = {path.name for path in down.iterdir() if path.is_file()}
    assert files == {path.name for path in run.iterdir() if path.is_file()} - {
        "known_mentions.json"
    }
    assert Predictor.from_pretrained(down)("Apel pagi.").text == "Apel pagi."


def test_it_is_public_where_asked_and_may_be_pushed_again(hub, run, capsys):
    for _ in range(2):
        assert main(["push", str(run), "rini/kapal", "--public"]) == 0
    assert capsys.readouterr().out.startswith("public: ")
    assert not hub.repositories["rini/kapal"].private


def test_what_the_hub_refuses_is_a_line(hub, run, monkeypatch, capsys):
    monkeypatch.setenv("HF_TOKEN", "hf_lain")
    assert main(["push", str(run), "rini/kapal"]) == 2
    assert capsys.readouterr().err == (
        f"error: 'rini/kapal' on {hub.endpoint} may not be written; log in with `hf auth login`, "
        "or set HF_TOKEN, with a token that may write there\n"
    )
    assert main(["push", str(run), "kapal rini"]) == 2
    assert "'kapal rini' is no name of a repository (OWNER/NAME)" in capsys.readouterr().err
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    assert main(["push", str(run), "rini/kapal"]) == 2
    assert "http://127.0.0.1:9 cannot be reached" in capsys.readouterr().err


@pytest.mark.usefixtures("hub")
def test_what_is_no_run_does_not_go_up(run, tmp_path, capsys):
    assert main(["push", str(tmp_path / "none"), "rini/kapal"]) == 2
    assert "is no folder" in capsys.readouterr().err
    (run / "README.md").unlink()
    assert main(["push", str(run), "rini/kapal"]) == 2
    assert "has no README.md, the card of the model" in capsys.readouterr().err
