"""The notebooks, run from top to bottom as a reader would."""

import ast
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))


def shown(name: str, folder: Path) -> dict[str, list[str]]:
    """What the cells of a notebook show, by its kind."""
    (path,) = (path for path in NOTEBOOKS if path.stem == name)
    run = NotebookClient(
        nbformat.read(path, as_version=4),
        timeout=300,
        kernel_name="python3",
        resources={"metadata": {"path": folder}},
    ).execute()
    kinds: dict[str, list[str]] = {}
    outputs: list[NotebookNode] = [
        output for cell in run.cells if cell.cell_type == "code" for output in cell.outputs
    ]
    for output in outputs:
        for kind, content in output.get("data", {}).items():
            kinds.setdefault(kind, []).append(content)
    return kinds


def test_an_article_is_shown_with_its_marks(tmp_path):
    html = "".join(shown("read-an-article", tmp_path)["text/html"])
    assert '<mark class="asn-entity' in html
    for label in ("OFFICIAL", "TITLE", "PROVINCE"):
        assert f"<td>{label}</td>" in html


def test_a_folder_becomes_a_table_of_officials_and_a_chart_of_themes(tmp_path):
    kinds = shown("officials-and-themes", tmp_path)
    officials, provinces, thresholds, counts = kinds["text/html"]
    for cell in ("<td>stated</td>", "<td>ID-", "<th>titles</th>"):
        assert cell in officials
    assert "<th>people</th>" in provinces
    assert "<td>DISIPLIN</td>" in thresholds
    assert "<th>sure</th>" in counts
    assert len(kinds["image/png"]) == 1
    assert not list(tmp_path.iterdir())


def test_an_export_becomes_a_model_whose_readings_go_back(tmp_path):
    kinds = shown("train-on-your-own", tmp_path)
    read, tasks = kinds["text/html"][-2:]
    assert '<mark class="asn-entity' in read
    assert "<td>OFFICIAL</td>" in tasks
    assert not list(tmp_path.iterdir())


def test_errors_are_told_apart_and_go_to_label_studio(tmp_path):
    scores, numbers, errors, article, agreed = shown("judge-and-correct", tmp_path)["text/html"]
    assert "<td>OFFICIAL</td>" in scores
    assert "<td>edge</td>" in numbers
    assert "<td>edge</td>" in errors
    assert "alone" in article
    assert "<th>entities</th>" in agreed
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_defines_nothing_worth_reusing(path):
    notebook = nbformat.read(path, as_version=4)
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
    assert [node for node in ast.walk(ast.parse(code)) if isinstance(node, definitions)] == []
