"""How commands end: in a line and an exit status."""

import os
import signal
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path
from unittest.mock import Mock

import pytest

import asn_nlp
from asn_nlp.cli import COMMANDS, main
from asn_nlp.cli.boundary import guarded
from asn_nlp.errors import AnnotationError, AsnError, RunError

LONGEST = 60  # seconds, far above what a busy machine takes
ROOT = Path(__file__).parents[2]


def raising(error: BaseException) -> Mock:
    return Mock(side_effect=error)


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (RunError("x is no folder; name one"), 2, "error: x is no folder; name one\n"),
        (
            FileNotFoundError(2, "No such file or directory", "x.jsonl"),
            2,
            "error: x.jsonl: No such file or directory\n",
        ),
        (OSError("the disk is full"), 2, "error: the disk is full\n"),
        (
            KeyError("x"),
            70,
            "error: a fault in asn-nlp or below it, KeyError: 'x'; --debug shows where\n",
        ),
        (AnnotationError(["a", "b"]), 2, "error: a\nb\n"),
        (
            AnnotationError([f"line {number}" for number in range(1205)]),
            2,
            "error: line 0\nline 1\nline 2\nline 3\nline 4\n... and 1,200 more of the kind; "
            "asn-nlp validate FILE lists them all\n",
        ),
        (KeyboardInterrupt(), 130, "\nstopped; so\n"),
    ],
)
def test_an_error_is_a_line_and_a_status(capsys, error, status, line):
    assert guarded(raising(error), debug=False, stopped="stopped; so") == status
    assert capsys.readouterr() == ("", line)


@pytest.mark.parametrize("error", [AsnError("x"), OSError("x"), KeyError("x")])
def test_debug_lets_errors_pass(error):
    with pytest.raises(type(error)):
        guarded(raising(error), debug=True, stopped="")


def test_sigterm_stops_in_order_and_is_given_back(capsys):
    before = signal.getsignal(signal.SIGTERM)
    cleaned = []

    def command() -> int:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            signal.pause()
        finally:
            cleaned.append(True)
        return 0

    assert guarded(command, debug=False, stopped="stopped") == 143
    assert cleaned
    assert capsys.readouterr().err == "\nstopped\n"
    assert signal.getsignal(signal.SIGTERM) is before


def test_an_interrupt_that_a_library_made_an_error_of_is_one_still(capsys):
    def command() -> int:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            signal.pause()
        except KeyboardInterrupt as error:
            raise ImportError("initialization failed") from error
        return 0

    assert guarded(command, debug=True, stopped="stopped") == 143
    assert capsys.readouterr().err == "\nstopped\n"


def test_an_interrupt_that_nobody_can_catch_is_raised_again(capsys):
    class Tidied:
        def __del__(self) -> None:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0)

    def command() -> int:
        Tidied()
        time.sleep(LONGEST)
        return 0

    before = sys.unraisablehook
    assert guarded(command, debug=False, stopped="stopped") == 143
    assert capsys.readouterr().err == "\nstopped\n"
    assert sys.unraisablehook is before


def test_a_status_outlives_exec_and_what_comes_at_the_very_end(tmp_path):
    (tmp_path / "command.py").write_text(
        "import atexit, os, signal, sys\n"
        "from asn_nlp.cli.boundary import guarded\n"
        "def kill(number): os.kill(os.getpid(), number)\n"
        "atexit.register(kill, signal.SIGINT)\n"
        "command = lambda: exec('kill(signal.SIGTERM)')\n"
        "sys.exit(guarded(command, debug=False, stopped='stopped'))\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "command"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert (done.returncode, done.stderr) == (143, "\nstopped\n")


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("train", "stopped; the same command with --resume goes on from the last checkpoint"),
        ("pretrain", "stopped; the same command with --resume goes on from the last checkpoint"),
        ("predict", "stopped; the same command goes on behind the last part that was written"),
        ("validate", "stopped"),
    ],
)
def test_what_can_be_resumed_says_so(capsys, monkeypatch, command, line):
    monkeypatch.setattr("asn_nlp.cli._run", raising(KeyboardInterrupt()))
    assert main([command]) == 130
    assert capsys.readouterr().err.strip() == line


def test_a_reader_that_goes_away_is_no_error():
    command = f"{sys.executable} -m asn_nlp --help; echo $? >&2"
    done = subprocess.run(
        ["bash", "-c", f"({command}) | true"], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stderr.strip() in ("141", "0")  # 0 where it had written all before


def test_a_wrong_option_is_a_line_without_a_traceback(capsys):
    assert main(["train", "--seed", "drei"]) == 2
    assert capsys.readouterr() == ("", "error: seed must be a whole number, found 'drei'\n")


def test_an_unknown_command_names_the_nearest(capsys):
    assert main(["evalute", "ready"]) == 2
    assert capsys.readouterr().err == (
        "error: unknown command 'evalute'; did you mean 'evaluate'?\n"
    )
    assert main(["corpus", "bild"]) == 2
    assert "did you mean 'corpus build'?" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["corpus", "--help"], []])
def test_help_lists_every_command_in_a_line(capsys, arguments):
    assert main(arguments) == (0 if arguments else 2)
    lines = capsys.readouterr().out.splitlines()
    for command, about in COMMANDS.items():
        assert [line for line in lines if line.split() == [*command.split(), *about.split()]]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(capsys, command):
    with pytest.raises(SystemExit) as caught:
        main([*command.split(), "--help"])
    assert caught.value.code == 0
    text = capsys.readouterr().out
    assert text.startswith(f"usage: asn-nlp {command} ")
    assert "--help" in text


def test_the_version_is_that_of_the_package(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"asn-nlp {version('asn-nlp')}\n"
    assert asn_nlp.__version__ == version("asn-nlp")


def test_an_option_is_written_with_hyphens_or_underscores(capsys):
    for option in ("--data.dev-share", "--data.dev_share"):
        assert main(["train", option, "x"]) == 2
        assert capsys.readouterr().err == "error: data.dev_share must be a number, found 'x'\n"


def test_help_and_reading_start_without_training_libraries():
    program = (
        "import sys\n"
        "from asn_nlp.cli import main\n"
        "for command in ('predict', 'train', 'evaluate', 'validate', 'export', 'baseline'):\n"
        "    try: main([command, '--help'])\n"
        "    except SystemExit: pass\n"
        "assert main(['predict', 'nowhere', 'x.txt', '--output', 'x.jsonl']) == 2\n"
        "unwanted = {'torch', 'transformers', 'sklearn', 'datasets', 'onnx', 'pandas', 'pyarrow'}\n"
        "sys.exit(str(unwanted & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.stderr.strip().endswith("set()"), done.stderr
