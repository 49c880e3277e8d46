"""Everything that a user can cause, in one tree; commands print its message and no traceback."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches


class AsnError(Exception):
    """The message gives the rule, the value met, where it was met and the cure."""


class AnnotationError(AsnError):
    """Articles break a rule of the annotation format; ``problems`` has a line for each."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class ConfigError(AsnError):
    """An option has a value that cannot work, alone or beside another."""


class EncoderError(AsnError):
    """A pretrained encoder, or its tokeniser, cannot be had or does not fit."""


class TrainingError(AsnError):
    """A training went astray: its loss or its weights are no longer finite, or one of the processes
    that train together is gone."""


class RunError(AsnError):
    """A run folder is incomplete, damaged, of a newer version, or cannot be read here."""


class TextError(AsnError):
    """Plain text cannot be read or does not suffice."""


class EvaluationError(AsnError):
    """Gold and predicted articles do not belong together."""


class MissingExtra(AsnError):  # noqa: N818 – what is said of it reads as it is
    """A package that only some tasks need is not installed."""


@contextmanager
def extra(name: str, task: str) -> Iterator[None]:
    """Where the imports inside fail, say which extra of the package ``task`` needs.

    Raises:
        MissingExtra: a package imported inside is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] == "asn_nlp":
            raise
        raise MissingExtra(
            f'{task} needs {error.name}, which is not installed; pip install "asn-nlp[{name}]"'
        ) from error


def first_line(error: Exception) -> str:
    """What another library says of a fault, in a line without its stop; its kind if it is mute."""
    return str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__


def nearest(name: str, known: Sequence[str]) -> str:
    """The known name most like ``name``, whatever the case, for the cure in a message."""
    by_letters = {one.lower(): one for one in reversed(known)}
    return by_letters[get_close_matches(name.lower(), by_letters, n=1, cutoff=0)[0]]
