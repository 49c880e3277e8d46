"""The README's examples, run as a reader would: from top to bottom, in one session."""

import contextlib
import io
import re
from pathlib import Path

import pytest

from asn_nlp.cli import COMMANDS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
# A fence, the comment just before it, and the fence of its output just below.
FENCES = re.findall(
    r"(?:<!-- not run: (.+?) -->\n)?^```python\n(.*?)^```\n(?:\s*^```(?:text)?\n(.*?)^```\n)?",
    README,
    re.M | re.S,
)


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the reader's own, without a network."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return tmp_path


@pytest.mark.usefixtures("elsewhere")
def test_examples_run_and_print_what_is_shown():
    session: dict[str, object] = {}
    run = 0
    for reason, code, shown in FENCES:
        if reason:
            continue
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, f"README.md, example {run + 1}", "exec"), session)
        if shown:
            assert printed.getvalue() == shown
        run += 1
    assert run


def test_the_first_example_is_run_and_shows_its_output():
    reason, code, shown = FENCES[0]
    assert not reason
    assert "Predictor.from_pretrained()" in code
    assert shown


def test_every_python_fence_is_seen():
    assert len(FENCES) == len(re.findall(r"^```python$", README, re.M))


def test_commands_that_are_shown_are_there():
    shown = re.findall(r"asn-nlp ((?:corpus )?[a-z][a-z-]+)", README)
    assert set(shown) - COMMANDS.keys() == set()
    scripts = set(re.findall(r"python (scripts/\w+\.py)", README))
    assert shown or scripts
    assert [script for script in scripts if not (ROOT / script).exists()] == []
