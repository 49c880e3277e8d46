"""python .ci/base_install.py

Build the wheel, and on every supported Python that this machine has install it into an environment
of its own, without extras and away from the source tree; there base_check.py reads an article.
"""

import os
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]
CHECK = Path(__file__).with_name("base_check.py")
_MINOR = "Programming Language :: Python :: 3."
# Else this tree, or whatever else is on the path, would be found before the wheel.
_ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


def main() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = [line for line in project["classifiers"] if line.startswith(_MINOR)]
    minors = [int(line.removeprefix(_MINOR)) for line in named]
    pythons = {minor: python for minor in minors if (python := find_python(minor))}
    missing = [f"3.{minor}" for minor in minors if minor not in pythons]
    print(f"base install on Python {', '.join(f'3.{minor}' for minor in pythons)}", end="")
    print(f"; this machine has no {', '.join(missing)}" if missing else "", flush=True)
    assert pythons, "this machine has no supported Python"
    with TemporaryDirectory(prefix="base-install-") as name:
        folder = Path(name)
        wheel = build_wheel(folder)
        for minor, python in pythons.items():
            check(wheel, python, folder / f"python3.{minor}", version=project["version"])


def find_python(minor: int) -> str | None:
    """A Python 3.``minor`` that runs: a pyenv shim on the path may not."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    candidates = [
        f"python3.{minor}",
        *sorted(map(str, pyenv.glob(f"versions/3.{minor}.*/bin/python"))),
    ]
    says = f"import sys, venv; print(sys.version_info[:2] == (3, {minor}))"
    for candidate in candidates:
        if python := shutil.which(candidate):
            told = subprocess.run([python, "-c", says], capture_output=True, text=True, check=False)
            if told.stdout.strip() == "True":
                return python
    return None


def build_wheel(folder: Path) -> Path:
    # From a copy: a build folder left in the tree may hold modules that are gone.
    source = folder / "source"
    shutil.copytree(
        ROOT / "asn_nlp", source / "asn_nlp", ignore=shutil.ignore_patterns("__pycache__")
    )
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    pip("wheel", "--no-deps", "--wheel-dir", str(folder), str(source))
    (wheel,) = folder.glob("*.whl")
    print(f"{wheel.name}: {wheel.stat().st_size / 1e6:.0f} MB", flush=True)
    return wheel


def check(wheel: Path, python: str, environment: Path, *, version: str) -> None:
    start = time.perf_counter()
    subprocess.run([python, "-m", "venv", "--without-pip", environment], check=True)
    inside = environment / "bin" / "python"
    pip(
        "--python",
        str(inside),
        "install",
        "--constraint",
        str(ROOT / "constraints.txt"),
        str(wheel),
    )
    seconds = time.perf_counter() - start
    size = sum(file.lstat().st_size for file in environment.rglob("*") if file.is_file())
    print(f"{environment.name}: {size / 1e6:.0f} MB, installed in {seconds:.0f} s", flush=True)
    shutil.copy(CHECK, environment)
    subprocess.run(
        [inside, environment / CHECK.name, version], cwd=environment, env=_ENVIRONMENT, check=True
    )


def pip(*arguments: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "pip", "-qq", "--disable-pip-version-check", *arguments],
        env=_ENVIRONMENT,
        check=True,
    )


if __name__ == "__main__":
    main()
