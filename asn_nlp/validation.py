"""What an editor must fix in annotated files, and what to look at again."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from asn_nlp.articles import AnnotationError, Article
from asn_nlp.formats import jsonl
from asn_nlp.labels import ASN_LABELS
from asn_nlp.passages import Passage, split_passages
from asn_nlp.splits import near_duplicate_groups
from asn_nlp.tagging import spans_to_tags

# Ayn and hamza as outlets type them: letters of a name such as 'Aisyah or Rifa'i.
_APOSTROPHES = "'‘’`"
_BRACKETS = {")": "(", "]": "["}
_CONTEXT = 25  # characters of text on each side of a quoted place


@dataclass(frozen=True, slots=True)
class FileCounts:
    """What one file holds; lines that could not be read are not counted."""

    path: Path
    articles: int
    passages: int
    labels: Counter[str]  # entities a type
    themes: Counter[str]  # theme spans a theme


@dataclass(frozen=True, slots=True)
class Finding:
    """An error must be fixed, a warning looked at; the message gives place, rule, value, cure."""

    severity: Literal["error", "warning"]
    message: str


@dataclass(frozen=True, slots=True)
class ValidationReport:
    findings: tuple[Finding, ...]
    files: tuple[FileCounts, ...]

    @property
    def errors(self) -> tuple[str, ...]:
        return tuple(one.message for one in self.findings if one.severity == "error")

    @property
    def warnings(self) -> tuple[str, ...]:
        return tuple(one.message for one in self.findings if one.severity == "warning")


@dataclass(frozen=True, slots=True)
class _Placed:
    """An article and the ``file:line`` it stands on."""

    where: str
    article: Article

    def __str__(self) -> str:
        return f"{self.where}: article {self.article.id!r}"


def validate(paths: Sequence[Path], *, encoder: str | None = None) -> ValidationReport:
    """Check annotated JSON Lines files, each by itself and all against each other.

    Args:
        encoder: hub name or folder of the encoder whose tokeniser should be able to express every
            entity; without one this is not checked, and transformers is not imported.

    Raises:
        RunError: the encoder cannot be opened.
    """
    findings: list[Finding] = []
    files = []
    placed: list[_Placed] = []
    for path in paths:
        readable, broken = _read(path)
        findings += broken
        files.append(_count(path, [one.article for one in readable]))
        placed += readable
    for one in placed:
        findings += _bad_edges(one)
        findings += _over_lines(one)
        findings += _unmarked_elsewhere(one)
        findings += _odd_themes(one)
    findings += _duplicates(placed)
    if encoder is not None:
        findings += _inside_tokens(placed, encoder)
    return ValidationReport(tuple(findings), tuple(files))


def _read(path: Path) -> tuple[list[_Placed], list[Finding]]:
    readable: list[_Placed] = []
    problems: list[str] = []
    try:
        for line in jsonl.scan(path):
            if isinstance(line.content, AnnotationError):
                problems += line.content.problems
            else:
                readable.append(_Placed(f"{path}:{line.number}", line.content))
    except AnnotationError as error:
        problems += error.problems
    except OSError as error:
        problems.append(f"{path}: the file cannot be read ({error.strerror}); check its name")
    return readable, [Finding("error", problem) for problem in problems]


def _count(path: Path, articles: Sequence[Article]) -> FileCounts:
    return FileCounts(
        path,
        len(articles),
        sum(len(split_passages(article.text)) for article in articles),
        Counter(span.label for article in articles for span in article.entities),
        Counter(span.label for article in articles for span in article.themes),
    )


def _bad_edges(one: _Placed) -> Iterator[Finding]:
    for span in one.article.entities:
        surface = one.article.text[span.start : span.end]
        for edge, verb in ((surface[0], "begins"), (surface[-1], "ends")):
            what = f"{one}: {span.label} {one.article.quote(span)} {verb} with"
            category = unicodedata.category(edge)
            if edge.isspace() or category == "Cf":
                yield Finding(
                    "error", f"{what} white space (U+{ord(edge):04X}); leave it outside the span"
                )
            elif category[0] in "PS":
                yield Finding(
                    "warning" if _may_be_part_of_name(surface, verb) else "error",
                    f"{what} {edge!r}; a span leaves out punctuation that is not part of the name",
                )


def _over_lines(one: _Placed) -> Iterator[Finding]:
    for span in one.article.entities:
        if not {"\n", "\r"}.isdisjoint(one.article.text[span.start : span.end].strip()):
            yield Finding(
                "warning",
                f"{one}: {span.label} {one.article.quote(span)} goes over a line break, and what a "
                "model reads never does; mark each line by itself, or join the lines",
            )


def _may_be_part_of_name(surface: str, verb: str) -> bool:
    first, last = surface[0], surface[-1]
    if verb == "begins":
        return first in _APOSTROPHES and last not in _APOSTROPHES
    return (
        last == "."
        or (last in _APOSTROPHES and first not in _APOSTROPHES)
        or (last in _BRACKETS and _BRACKETS[last] in surface)
    )


def _unmarked_elsewhere(one: _Placed) -> Iterator[Finding]:
    """Places where a surface that is an entity elsewhere in the article is none."""
    text = one.article.text
    labels: dict[str, str] = {}
    covered = bytearray(len(text))
    for span in one.article.entities:
        labels.setdefault(text[span.start : span.end], span.label)
        covered[span.start : span.end] = b"\1" * (span.end - span.start)
    # The longest first, so that a place is named once: 'Bupati Sigi', not 'Bupati' again.
    for surface in sorted(labels, key=len, reverse=True):
        for match in re.finditer(rf"(?<!\w){re.escape(surface)}(?!\w)", text):
            start, end = match.span()
            if any(covered[start:end]):
                continue
            covered[start:end] = b"\1" * (end - start)
            yield Finding(
                "warning",
                f"{one}: {surface!r} is {labels[surface]} elsewhere in the article, but unmarked "
                f"at [{start}, {end}) in {_context(text, start, end)!r}; mark it where it means "
                "the same",
            )


def _context(text: str, start: int, end: int) -> str:
    return f"…{text[max(0, start - _CONTEXT) : end + _CONTEXT]}…"


def _odd_themes(one: _Placed) -> Iterator[Finding]:
    article = one.article
    passages = set(split_passages(article.text))
    for span, times in Counter(article.themes).items():
        begin = article.text[span.start : span.end][: 2 * _CONTEXT]
        what = f"{one}: {span.label} [{span.start}, {span.end}) on {begin + '…'!r}"
        if Passage(span.start, span.end) not in passages:
            yield Finding(
                "warning",
                f"{what} is no whole passage; a theme's span is the line it was marked on, "
                "without white space around it",
            )
        if times > 1:
            yield Finding("error", f"{what} is marked {times} times; keep one")


def _duplicates(placed: Sequence[_Placed]) -> Iterator[Finding]:
    for group in near_duplicate_groups([one.article for one in placed]):
        by_text: dict[str, list[_Placed]] = {}
        for position in group:
            by_text.setdefault(placed[position].article.text, []).append(placed[position])
        for first, *others in by_text.values():
            if others:
                yield Finding(
                    "error", f"{first} has the same text as {_list(others)}; keep one of them"
                )
        first, *others = (same[0] for same in by_text.values())
        if others:
            yield Finding(
                "warning",
                f"{first} is a near-duplicate of {_list(others)}; keep them in one part of a split",
            )


def _list(placed: Sequence[_Placed]) -> str:
    return ", ".join(f"{one.article.id!r} ({one.where})" for one in placed)


def _inside_tokens(placed: Sequence[_Placed], encoder: str) -> Iterator[Finding]:
    """Entities that begin or end inside a token of the encoder's tokeniser.

    Warnings: where an outlet glued words together, the annotation is right and the token is not.
    """
    # Imported here alone, so that a check without an encoder starts at once.
    from asn_nlp.encoding import encode_articles
    from asn_nlp.model import open_tokenizer

    encoded = encode_articles(
        [one.article for one in placed],
        open_tokenizer(encoder),
        ASN_LABELS,
        window_size=512,
        window_context=0,
    )
    for one, tokens in zip(placed, encoded, strict=True):
        article = one.article
        for span in spans_to_tags(article.entities, tokens.offsets, ASN_LABELS).unaligned:
            yield Finding(
                "warning",
                f"{one}: {span.label} {article.quote(span)} begins or ends inside a token of "
                f"{encoder} in {_context(article.text, span.start, span.end)!r}; training tags "
                "the whole token, so correct the edge unless the outlet glued words together",
            )
