"""The notebook, run from top to bottom as a reader would."""

import ast
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parents[1] / "notebooks" / "read-an-article.ipynb"


@pytest.fixture(scope="module")
def notebook():
    return nbformat.read(NOTEBOOK, as_version=4)


def test_notebook_shows_highlighted_predictions(notebook, tmp_path):
    run = NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
    ).execute()
    shown = "".join(
        output.data.get("text/html", "")
        for cell in run.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.output_type == "execute_result"
    )
    assert '<mark class="asn-entity' in shown
    for label in ("OFFICIAL", "TITLE", "PROVINCE"):
        assert f"<td>{label}</td>" in shown


def test_notebook_defines_nothing_worth_reusing(notebook):
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
    assert [node for node in ast.walk(ast.parse(code)) if isinstance(node, definitions)] == []
