"""The READMEs' examples, run as a reader would: from top to bottom, in one session."""

import contextlib
import io
import re
from pathlib import Path

import pytest

from asn_nlp.cli import COMMANDS

ROOT = Path(__file__).parents[1]
PAGES = ["README.md", "README.id.md"]


def fences(page: str) -> list[tuple[str, str, str]]:
    """A fence, the comment just before it, and the fence of its output just below."""
    return re.findall(
        r"(?:<!-- not run: (.+?) -->\n)?^```python\n(.*?)^```\n(?:\s*^```(?:text)?\n(.*?)^```\n)?",
        (ROOT / page).read_text("utf-8"),
        re.M | re.S,
    )


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the reader's own, without a network."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return tmp_path


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.usefixtures("elsewhere")
def test_examples_run_and_print_what_is_shown(page):
    session: dict[str, object] = {}
    run = 0
    for reason, code, shown in fences(page):
        if reason:
            continue
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, f"{page}, example {run + 1}", "exec"), session)
        if shown:
            assert printed.getvalue() == shown
        run += 1
    assert run


@pytest.mark.parametrize("page", PAGES)
def test_the_first_example_is_run_and_shows_its_output(page):
    reason, code, shown = fences(page)[0]
    assert not reason
    assert "Predictor.from_pretrained()" in code
    assert shown


@pytest.mark.parametrize("page", PAGES)
def test_every_python_fence_is_seen(page):
    text = (ROOT / page).read_text("utf-8")
    assert len(fences(page)) == len(re.findall(r"^```python$", text, re.M))


def test_both_languages_have_the_same_examples_and_link_each_other():
    english, indonesian = map(fences, PAGES)
    assert [one for one in indonesian if one not in english] == []
    for page, other in (PAGES, PAGES[::-1]):
        assert f"]({other})" in (ROOT / page).read_text("utf-8")


@pytest.mark.parametrize("page", [*PAGES, "docs/indobert.md"])
def test_commands_files_and_links_that_are_shown_are_there(page):
    text = (ROOT / page).read_text("utf-8")
    shown = re.findall(r"asn-nlp ((?:corpus )?[a-z][a-z-]+)", text)
    assert set(shown) - COMMANDS.keys() == set()
    scripts = set(re.findall(r"python (scripts/\w+\.py)", text))
    assert shown or scripts
    assert [script for script in scripts if not (ROOT / script).exists()] == []
    links = {link.partition("#")[0] for link in re.findall(r"\]\(([^)]+)\)", text)}
    here = (ROOT / page).parent
    assert [link for link in links if link and not (here / link).resolve().exists()] == []
