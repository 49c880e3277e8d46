"""Arguments to options: help that a person can read, and errors that name the cure."""

import json
import re
import shutil
import textwrap
from argparse import SUPPRESS, Action, HelpFormatter
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import yaml
from jsonargparse import ArgumentParser, get_loader, set_loader

from asn_nlp.config import PretrainConfig, SearchConfig, TrainConfig
from asn_nlp.errors import ConfigError, nearest
from asn_nlp.labels import LabelSet

Config = TypeVar("Config", TrainConfig, SearchConfig, PretrainConfig)

_PACKAGE = Path(__file__).parents[2]
_SUNDRY = {
    "help": "show this and exit",
    "print_config": "print the options as YAML, and exit",
}
_WIDEST_NAME = 32  # wider columns of names leave too little to their meaning

# What jsonargparse says, its white space taken together.
_UNKNOWN = re.compile(r"unrecognized arguments: -+([\w.]+)|[Oo]ption '([\w.]+)'")
_IN_UNION = re.compile(
    r"key \"([\w.]+)\": Does not validate .*? Errors: - (?:Problem with given class_path \S+ )?"
    r"(.*?) (?:- Expected|Given value type).* Given value: (.*)"
)
_OPTIONAL = re.compile(r"Expected a <class '(\w+)'>")  # or null, which the union has beside it
_WRONG_TYPE = re.compile(r"(?:key \"([\w.]+)\": )?Expected a <class '(\w+)'>\. Got value: (.*)")
_GROUP = re.compile(r"key \"([\w.]+)\": Unable to load config")
_KEY, _PLACE = re.compile(r"Parser key \"([\w.]+)\": "), r"\1: "
_KINDS = {
    "bool": "true or false",
    "float": "a number",
    "int": "a whole number",
    "str": "a text",
    "tuple": "a list, such as [one, other]",
}


_DEEPEST_YAML = 20  # levels; options have four
_load_yaml = get_loader("yaml")


def _plain_yaml(text: str) -> Any:
    """YAML without what lets a few lines grow without bound.

    Raises:
        ConfigError: it has aliases, or goes deeper than any option.
        YAMLError: it is none.
    """
    depth, anchors = 0, set()
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if isinstance(event, yaml.AliasEvent) and event.anchor in anchors:
            raise ConfigError(f"aliases of YAML are not read, found *{event.anchor}; write it out")
        if depth > _DEEPEST_YAML:
            raise ConfigError(
                f"YAML may be nested {_DEEPEST_YAML} deep, found more: {text[:40]!r} …; write it "
                "flat"
            )
        anchors.add(getattr(event, "anchor", None))
    return _load_yaml(text)


set_loader("yaml", _plain_yaml, exceptions=(yaml.YAMLError,))


class Parser(ArgumentParser):
    """The arguments of one command; made by ``command_parser``."""

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Refuse the arguments.

        Raises:
            ConfigError: always.
        """
        if not self.exit_on_error:  # one that jsonargparse made for a dataclass within
            super().error(message, ex)
        raise ConfigError(self._cause(message)) from ex

    def _cause(self, message: str) -> str:
        # The place is nowhere but in the message.
        line, where = " ".join(message.split()), ""
        if union := _IN_UNION.search(line):
            where, line = f"{union[1]}.", union[2]
        known = [option for rows in self._sections().values() for option, _ in rows]
        if unknown := _UNKNOWN.search(line):
            name = unknown[1] or unknown[2]
            close = nearest(name, [option.lstrip("-") for option in known])
            return f"unknown option {name!r}; did you mean {close!r}?"
        if group := _GROUP.search(line):
            option = next(option for option in known if option.startswith(f"--{group[1]}."))
            return f"{group[1]} is a group of options; did you mean {option.lstrip('-')!r}?"
        if wrong := _WRONG_TYPE.search(line):
            name = f"{where}{wrong[1] or ''}".rstrip(".")
            return f"{name} must be {_KINDS.get(wrong[2], wrong[2])}, found {wrong[3]!r}"
        if union and (kind := _OPTIONAL.fullmatch(line)):
            return f"{union[1]} must be {_KINDS.get(kind[1], kind[1])}, found {union[3]!r}"
        if union:
            line = f"{union[1]} must be null or given part by part, found {union[3]}"
        return f"{_KEY.sub(_PLACE, line)}; see {self.prog} --help"

    def format_help(self, formatter: HelpFormatter | None = None) -> str:  # noqa: ARG002
        sections = self._sections()
        width = max(len(name) for rows in sections.values() for name, _ in rows)
        lines = [f"usage: {self.usage}", "", (self.description or "").strip()]
        for heading, rows in sections.items():
            lines += ["", heading, *table(rows, width)]
        return "\n".join(lines) + "\n"

    def _sections(self) -> dict[str, list[tuple[str, str]]]:
        """Names and meanings below their headings."""
        arguments: list[tuple[str, str]] = []
        nested: dict[str, list[tuple[str, str]]] = {}
        plain: list[tuple[str, str]] = []
        for action in self._actions:
            name = (action.option_strings or [action.dest.upper()])[-1]
            meaning = _SUNDRY.get(action.dest) or _meaning(action)
            section, dot, _ = action.dest.partition(".")
            if action.default == SUPPRESS and action.dest not in _SUNDRY:
                continue  # a door that jsonargparse adds to every nested dataclass
            if not action.option_strings:
                arguments.append((name, meaning))
            elif isinstance(action.default, dict) and not dot:
                nested[f"{section}: {meaning}"] = [
                    (f"{name}.{key}", _shown(value)) for key, value in action.default.items()
                ]
            elif dot:
                title = (self.groups or {})[section].title or ""
                heading = f"{section}: {title[:1].lower()}{title[1:]}"
                nested.setdefault(heading, []).append((name, f"{meaning} {_shown(action.default)}"))
            else:
                known = action.default not in (None, SUPPRESS)
                plain.append((name, f"{meaning} {_shown(action.default)}" if known else meaning))
        sections = {"arguments:": arguments, **nested, "run:" if nested else "options:": plain}
        return {heading: rows for heading, rows in sections.items() if rows}


def command_parser(command: str, usage: str, about: str) -> Parser:
    """A parser without arguments yet.

    Args:
        command: its name, as it stands behind ``asn-nlp``.
        usage: the shape of its arguments.
        about: what it does; a module's docstring, say.
    """
    prog = f"asn-nlp {command}"
    return Parser(prog=prog, usage=f"{prog} {usage}", description=about, allow_abbrev=False)


def _meaning(action: Action) -> str:
    text = " ".join((action.help or "").replace("``", "").split()).removesuffix(".")
    return f"{text} (needed)" if action.required and action.option_strings else text


def _shown(value: object) -> str:
    """A default, as YAML would have it."""
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(str, value))}]"
    if value is None or isinstance(value, bool):
        return f"[{json.dumps(value, allow_nan=False)}]"
    text = str(value)
    return f"[{text.removeprefix(f'{_PACKAGE}/')}]"


def table(rows: Sequence[tuple[str, str]], widest: int) -> list[str]:
    """Lines of two columns, as wide as the terminal; ``widest`` is the longest name's length."""
    column = min(widest, _WIDEST_NAME) + 4
    width = max(shutil.get_terminal_size((100, 0)).columns, column + 40)
    lines: list[str] = []
    for name, meaning in rows:
        first = f"  {name}".ljust(column)
        if len(first) > column:  # a name too wide for its column has a line for itself
            lines.append(first)
            first = ""
        lines += textwrap.wrap(
            meaning,
            width,
            initial_indent=first.ljust(column),
            subsequent_indent=" " * column,
            break_long_words=False,
            break_on_hyphens=False,
        ) or [first]
    return lines


def parse_config(kind: type[Config], arguments: Sequence[str]) -> Config:
    """A config of ``kind`` from the command line: ``--config FILE.yaml``, ``--section.key value``.

    Later values win over earlier ones. The command is called as ``kind`` is: TrainConfig, train.

    Raises:
        ConfigError: a key is unknown or a value of the wrong type; the message names the key.
    """
    parser = command_parser(
        kind.__name__.removesuffix("Config").lower(),
        "[--config FILE.yaml] [--section.key value ...]",
        (kind.__doc__ or "").partition("\n")[0],
    )
    parser.add_argument("--config", action="config", help="YAML file with what differs")
    parser.add_class_arguments(kind, as_group=False)
    defaults = {field.name: field.default for field in fields(kind)}
    for action in parser._actions:
        if isinstance(labels := defaults.get(action.dest), LabelSet):
            action.default = asdict(labels)  # else what it has cached counts among its fields
        if isinstance(action.default, bool):  # a switch may stand alone: --resume
            action.nargs, action.const = "?", True
    try:
        values = parser.instantiate(parser.parse_args(arguments))
    except UnicodeDecodeError as error:
        raise ConfigError(f"a config file must be UTF-8, but one is not ({error})") from error
    del values.config
    return kind(**vars(values))
