"""The command ``asn-nlp``: a module a command, imported when it is run and not before."""

import importlib
import re
import sys
from collections.abc import Sequence

from asn_nlp.cli.boundary import DONE, REFUSED, guarded
from asn_nlp.errors import ConfigError, nearest

COMMANDS = {
    "predict": "read news, and write it with the entities and themes found",
    "records": "list who holds which post where, and where the news comes from",
    "serve": "open a page to try a run, and to review and correct what it finds",
    "train": "fine-tune an encoder on annotated articles",
    "search": "search the options that train best",
    "evaluate": "score a run on annotated articles",
    "calibrate": "make a run's scores probabilities, by annotated articles",
    "validate": "list what an editor must fix in annotated files",
    "convert": "bring annotated files from one tool's format into another's",
    "agreement": "score two annotators against each other",
    "suspects": "list annotations that are likely wrong, ranked",
    "next": "choose which raw articles to annotate next",
    "guidelines": "print the guidelines: what is marked, and where a mark begins and ends",
    "label-studio-config": "print the labelling configuration for Label Studio",
    "baseline": "score plain baselines, to stand beside a run",
    "benchmark": "time this package on this machine, beside what one would else pick",
    "export": "write the graph of a run, which is read without PyTorch",
    "push": "push a run to the Hugging Face hub, with its card",
    "pretrain": "pretrain an encoder on plain text, or go on with one",
    "fetch-encoder": "fetch an encoder from the hub into a folder",
    "corpus build": "build the shipped corpus from the sources people edit",
    "corpus attach-text": "join stand-off annotations with the text they were made on",
}
_RESUMED = {
    "train": "the same command with --resume goes on from the last checkpoint",
    "pretrain": "the same command with --resume goes on from the last checkpoint",
    "search": "the same command goes on with the trials that are left",
    "predict": "the same command goes on behind the last part that was written",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command, and return its exit status.

    0: done. 1: ``validate`` found errors, or ``predict`` nothing that it could read. 2: an option,
    a file or a folder cannot be worked with. 70: a fault of the package. 130, 143: it was stopped.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    given = [argument for argument in given if argument != "--debug"]
    words = 2 if given[:1] == ["corpus"] else 1
    command, rest = " ".join(given[:words]), given[words:]
    return guarded(
        lambda: _run(command, rest),
        debug=debug,
        stopped=f"stopped; {_RESUMED[command]}" if command in _RESUMED else "stopped",
    )


def _run(command: str, arguments: Sequence[str]) -> int:
    if command.endswith(("-h", "--help")) or not command:
        print(_help())
        return DONE if command else REFUSED
    if command == "--version":
        from importlib.metadata import version  # slow, and nothing else needs it

        print(f"asn-nlp {version('asn-nlp')}")
        return DONE
    if command not in COMMANDS:
        close = nearest(command, tuple(COMMANDS))
        raise ConfigError(f"unknown command {command!r}; did you mean {close!r}?")
    module = importlib.import_module(f"asn_nlp.cli.{re.sub('[ -]', '_', command)}")
    # An option's words may be joined by hyphens, or by underscores as in YAML.
    return module.main(
        [
            re.sub(r"^--[\w.-]+", lambda name: f"--{name[0][2:].replace('-', '_')}", one)
            for one in arguments
        ]
    )


def _help() -> str:
    width = max(map(len, COMMANDS))
    return "\n".join(
        [
            "usage: asn-nlp COMMAND ...",
            "",
            "Entities and themes of Indonesian civil-service news.",
            "",
            *(f"  {name:{width}}  {about}" for name, about in COMMANDS.items()),
            "",
            "asn-nlp COMMAND --help lists a command's options, asn-nlp --version the version.",
            "--debug shows the traceback of an error.",
        ]
    )
