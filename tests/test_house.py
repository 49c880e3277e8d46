"""The walls of the house: who imports whom, what is public, how scripts, configs and pages look."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import asn_nlp
from asn_nlp.annotation.validation import validate
from asn_nlp.cli.parser import parse_config
from asn_nlp.config import PretrainConfig, TrainConfig
from asn_nlp.shipped import CORPUS

ROOT = Path(__file__).parents[1]
FACE = "asn_nlp"  # __init__.py, below every room
ROOMS = re.findall(r"^\| `(\w+)` \|", (ROOT / "CONTRIBUTING.md").read_text("utf-8"), re.M)
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in (ROOT / "asn_nlp").rglob("*.py")
}
SCRIPTS = sorted((ROOT / "scripts").glob("*.py"))
CONFIGS = sorted((ROOT / "configs").glob("*.yaml"))


LONGEST = 400  # lines


def room(module: str) -> str:
    """The top-level module or folder; the package's face and ``__main__`` are one room."""
    name = module.partition(".")[2].partition(".")[0]
    return name if name and not name.startswith("__") else FACE


def imported(module: str) -> Iterator[str]:
    """The modules of the package that ``module`` imports anywhere, functions included."""
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in MODULES)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively; name the package"
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            # A name is a module of a package (formats.jsonl) or what the module itself holds.
            yield from names & MODULES.keys()
            if node.module in MODULES and not names <= MODULES.keys():
                yield node.module


def run_fresh(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout


def test_every_module_has_a_room():
    assert len(ROOMS) == len(set(ROOMS))
    assert {room(name) for name in MODULES} == {*ROOMS, FACE}, "CONTRIBUTING.md names the rooms"


@pytest.mark.parametrize("module", sorted(MODULES))
def test_no_file_is_long(module):
    assert len(MODULES[module].read_text(encoding="utf-8").splitlines()) <= LONGEST


@pytest.mark.parametrize("module", sorted(MODULES))
def test_modules_import_only_from_rooms_above(module):
    order = [*ROOMS, FACE]
    below = [
        name
        for name in imported(module)
        if room(name) != room(module) and order.index(room(name)) > order.index(room(module))
    ]
    assert below == []


def test_there_is_no_import_circle():
    TopologicalSorter({name: set(imported(name)) - {name} for name in MODULES}).prepare()


@pytest.mark.parametrize(
    "code",
    [
        "import asn_nlp",
        "import asn_nlp.cli, asn_nlp.config, asn_nlp.evaluation, asn_nlp.formats, asn_nlp.report",
        "from asn_nlp import Predictor; Predictor.from_pretrained()('Bupati Sigi hadir.')",
    ],
)
def test_reading_does_not_pay_for_training(code):
    loaded = run_fresh(f"{code}\nimport sys; print(*sys.modules, sep='\\n')").splitlines()
    assert "asn_nlp" in loaded
    unwanted = {"torch", "transformers", "datasets", "sklearn", "pandas", "matplotlib", "scipy"}
    assert unwanted & set(loaded) == set()


def test_public_names_are_those_of_all():
    loaded = run_fresh("import asn_nlp; print(*vars(asn_nlp))").split()
    public = {
        name for name in loaded if not name.startswith("_") and f"{FACE}.{name}" not in MODULES
    }
    # Those that are not there yet come when they are asked for.
    assert public - {"TYPE_CHECKING", "importlib"} <= set(asn_nlp.__all__)
    for name in asn_nlp.__all__:
        assert getattr(asn_nlp, name).__module__.startswith("asn_nlp.")
    with pytest.raises(AttributeError, match="has no attribute 'Predicter'"):
        asn_nlp.Predicter  # noqa: B018


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_are_short_and_open_with_a_line_to_paste(script):
    code = script.read_text(encoding="utf-8")
    lines = len(code.splitlines())
    assert lines <= 60
    first = (ast.get_docstring(ast.parse(code)) or "").partition("\n")[0]
    assert first.startswith(f"python scripts/{script.name}")


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_configs_parse(path):
    kind = PretrainConfig if path.name.startswith("pretrain") else TrainConfig
    assert parse_config(kind, ["--config", str(path)]).output.startswith("runs/")


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "asn_nlp/data/corpus/README.md"])
def test_pages_name_only_files_that_exist(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    named = set(re.findall(r"\b(?:asn_nlp|scripts|configs|notebooks|tests)/[\w./-]+\.\w+", text))
    assert named
    assert {name for name in named if not (ROOT / name).exists()} == set()


def test_card_of_the_corpus_counts_what_is_there():
    files = validate([CORPUS / f"{part}.jsonl" for part in ("train", "dev", "test")]).files
    rows = re.findall(
        r"^\| (\w+) \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \|$",
        (CORPUS / "README.md").read_text(encoding="utf-8"),
        re.M,
    )
    counts = {name: [int(figure.replace(",", "")) for figure in row] for name, *row in rows}
    found = {
        "articles": [file.articles for file in files],
        "passages": [file.passages for file in files],
    }
    for name in {label for file in files for label in (*file.labels, *file.themes)}:
        found[name] = [file.labels[name] + file.themes[name] for file in files]
    assert counts == {name: [*row, sum(row)] for name, row in found.items()}
