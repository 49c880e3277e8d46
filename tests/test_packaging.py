"""What pyproject.toml declares is what is imported, and where."""

import ast
import json
import re
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in (ROOT / "asn_nlp").rglob("*.py")
}
DISTRIBUTIONS = packages_distributions()
# What the base install imports without being asked: the face, every command, and what they import.
# `report` opens its page and card when they are asked for.
ROOTS = ["asn_nlp", "asn_nlp.report", *(name for name in MODULES if name.startswith("asn_nlp.cli"))]
OPENED_LATER = {"asn_nlp.cli.quiet"}
NOT_IMPORTED = {"docstring-parser"}  # jsonargparse takes the meanings of options out with it


def declared(extra: str | None = None) -> set[str]:
    """The distributions of the base install, and of an extra with those it includes."""
    names: set[str] = set()
    lines = list(PROJECT["dependencies"]) + (list(EXTRAS[extra]) if extra else [])
    for requirement in map(Requirement, lines):
        if requirement.name == PROJECT["name"]:
            for included in requirement.extras:
                names |= declared(included)
        else:
            names.add(canonicalize_name(requirement.name))
    return names


class Imports(ast.NodeVisitor):
    """Names imported, by the extra whose ``with extra(…)`` they stand in, in functions or not."""

    def __init__(self, module: str) -> None:
        self.found: list[tuple[str, str | None, bool]] = []
        self._extra: str | None = None
        self._in_function = False
        self.visit(ast.parse(MODULES[module].read_text("utf-8")))

    def visit_Import(self, node: ast.Import) -> None:
        self.found += [(alias.name, self._extra, self._in_function) for alias in node.names]

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            full = f"{node.module}.{alias.name}"
            name = full if full in MODULES else str(node.module)
            self.found.append((name, self._extra, self._in_function))

    def visit_With(self, node: ast.With) -> None:
        outer = self._extra
        for item in node.items:
            call = item.context_expr
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "extra":
                self._extra = ast.literal_eval(call.args[0])
        self.generic_visit(node)
        self._extra = outer

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        outer, self._in_function = self._in_function, True
        self.generic_visit(node)
        self._in_function = outer

    def visit_If(self, node: ast.If) -> None:
        if getattr(node.test, "id", "") != "TYPE_CHECKING":
            self.generic_visit(node)


IMPORTS = {module: Imports(module).found for module in MODULES}


def distributions(name: str) -> set[str]:
    """What may bring the top-level package of ``name``; nothing for Python's and our own."""
    top = name.partition(".")[0]
    if top in sys.stdlib_module_names or top == "asn_nlp":
        return set()
    return {canonicalize_name(one) for one in DISTRIBUTIONS.get(top, [top])}


def reached() -> set[str]:
    """The modules that the base install imports, one from another, when it is started."""
    found: set[str] = set()
    waiting = [name for name in ROOTS if name not in OPENED_LATER]
    while waiting:
        module = waiting.pop()
        if module not in found:
            found.add(module)
            parents = {module.rpartition(".")[0]} & MODULES.keys()
            waiting += parents
            waiting += [
                name
                for name, extra, in_function in IMPORTS[module]
                if name in MODULES and extra is None and not in_function
            ]
    return found


BASE = reached()


def missing(module: str) -> Iterator[str]:
    for name, extra, in_function in IMPORTS[module]:
        needed = distributions(name)
        at_once = module in BASE and not in_function
        known = declared(extra or (None if at_once else "train"))
        if needed and not needed & known:
            yield f"{name}, needed by {'the base' if known == declared() else extra or 'train'}"


@pytest.mark.parametrize("module", sorted(MODULES))
def test_what_is_imported_is_declared(module):
    assert list(missing(module)) == []


def test_the_base_reaches_what_reads_and_nothing_that_trains():
    rooms = {name.split(".")[1] for name in BASE if "." in name}
    assert {"predictor", "formats", "reading", "engines", "evaluation", "report"} <= rooms
    assert not {"training", "pretraining", "encoders", "export", "baselines", "benchmark"} & rooms


def test_what_is_declared_is_imported():
    used: dict[str, set[str]] = defaultdict(set)
    for module, imports in IMPORTS.items():
        for name, *_ in imports:
            for distribution in distributions(name):
                used[distribution].add(module)
    for notebook in (ROOT / "notebooks").glob("*.ipynb"):
        for cell in json.loads(notebook.read_text("utf-8"))["cells"]:
            for name in re.findall(r"^(?:from|import) (\w+)", "".join(cell["source"]), re.M):
                for distribution in distributions(name):
                    used[distribution].add(notebook.name)
    assert declared("train") - used.keys() == NOT_IMPORTED


def test_what_tests_import_is_declared():
    ours = {path.stem for path in (ROOT / "tests").rglob("*.py")} | {"tests", "nowhere"}
    for path in (ROOT / "tests").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [str(node.module)]
            for name in names:
                if name.partition(".")[0] in ours:
                    continue
                needed = distributions(name)
                assert not needed or needed & (declared("dev") | declared("ray")), (
                    f"{path.name} imports {name}"
                )


def test_extras_that_messages_name_are_there():
    named = {extra for imports in IMPORTS.values() for _, extra, _ in imports if extra}
    text = "\n".join(path.read_text("utf-8") for path in MODULES.values())
    named |= set(re.findall(r"asn-nlp\[(\w+)\]", text))
    assert named <= EXTRAS.keys()
    assert "train" in named


def test_every_pin_is_exact_and_allowed():
    pins = {}
    for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines():
        if not line.startswith("#"):
            name, _, pinned = line.partition("==")
            assert pinned, f"{line} pins nothing"
            pins[canonicalize_name(name)] = pinned
    for lines in (PROJECT["dependencies"], *EXTRAS.values()):
        for requirement in map(Requirement, lines):
            if requirement.name != PROJECT["name"]:
                assert pins[canonicalize_name(requirement.name)] in requirement.specifier
