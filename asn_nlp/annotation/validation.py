"""What an editor must fix in annotated files, and what to look at again."""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from asn_nlp.annotation.guidelines import FILES, OFFSETS, THEMES, rule_of
from asn_nlp.annotation.splits import near_duplicate_groups
from asn_nlp.articles import Article
from asn_nlp.formats import Problem, scan_placed
from asn_nlp.formats.offsets import look_like_utf16
from asn_nlp.formats.records import sound_part
from asn_nlp.labels import ASN_LABELS, LabelSet
from asn_nlp.passages import Passage, split_passages
from asn_nlp.reading.tagging import spans_to_tags

# Ayn and hamza as outlets type them: letters of a name such as 'Aisyah or Rifa'i.
_APOSTROPHES = "'‘’`"
_BRACKETS = {")": "(", "]": "["}
# What a surface is found by: the word it begins with, or the one sign.
_WORD = re.compile(r"\w+|\W")
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
    """An error must be fixed, a warning looked at; the message gives place, rule, value, cure.

    Attributes:
        rule: the heading of the guidelines that asks for it.
        line: where the article stands in ``path``; None where it is the whole file.
        article: its id; None where none could be read.
        start: of the mark in question, and ``end``; None where it is about no mark.
    """

    severity: Literal["error", "warning"]
    rule: str
    message: str
    path: Path
    line: int | None = None
    article: str | None = None
    start: int | None = None
    end: int | None = None


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
    """An article and where it stands."""

    path: Path
    line: int | None
    article: Article

    @property
    def where(self) -> str:
        return str(self.path) if self.line is None else f"{self.path}:{self.line}"

    def __str__(self) -> str:
        return f"{self.where}: article {self.article.id!r}"

    def error(self, rule: str, told: str, *place: int) -> Finding:
        return self._finding("error", rule, told, place)

    def warning(self, rule: str, told: str, *place: int) -> Finding:
        return self._finding("warning", rule, told, place)

    def _finding(
        self, severity: Literal["error", "warning"], rule: str, told: str, place: tuple[int, ...]
    ) -> Finding:
        message = f"{self}{told}"
        return Finding(severity, rule, message, self.path, self.line, self.article.id, *place)


def validate(
    paths: Sequence[Path],
    *,
    labels: LabelSet | None = ASN_LABELS,
    format: str | None = None,
    tokens: Callable[[str], NDArray[np.int64]] | None = None,
) -> ValidationReport:
    """Check annotated files, each by itself and all against each other.

    Args:
        labels: the entity types and themes that may stand; None takes any.
        format: of the files; by default the one their endings choose.
        tokens: gives the character offsets (tokens, 2) of a text's tokens, to find the entities
            that begin or end inside one, which an encoder's tokeniser cannot express.

    Raises:
        ConfigError, MissingExtra: as ``formats.scan``.
    """
    findings: list[Finding] = []
    files = []
    placed: list[_Placed] = []
    for path in paths:
        readable: list[_Placed] = []
        for record in scan_placed(path, format):
            if isinstance(record, Problem):
                findings += _broken(record, labels)
            else:
                readable.append(_Placed(path, record.line, record.article))
        files.append(_count(path, [one.article for one in readable]))
        placed += readable
    for one in placed:
        if shifted := list(_shifted(one)):  # of which all else would be a consequence
            findings += [*_unknown_labels(one, labels), *shifted]
            continue
        findings += _of_spans(one, labels)
        findings += _unmarked_elsewhere(one)
    findings += _duplicates(placed)
    if tokens:
        findings += _inside_tokens(placed, tokens)
    return ValidationReport(tuple(findings), tuple(files))


def _broken(problem: Problem, labels: LabelSet | None) -> Iterator[Finding]:
    """What is wrong with a record that is no article, and with the spans of it that are sound."""
    for line in problem.lines:
        yield Finding("error", FILES, line, problem.path, problem.line)
    if rest := sound_part(problem.raw):
        yield from _of_spans(_Placed(problem.path, problem.line, rest), labels)


def _of_spans(one: _Placed, labels: LabelSet | None) -> Iterator[Finding]:
    yield from _unknown_labels(one, labels)
    yield from _bad_edges(one)
    yield from _over_lines(one)
    yield from _odd_themes(one)


def _unknown_labels(one: _Placed, labels: LabelSet | None) -> Iterator[Finding]:
    for problem in labels.problems(one.article) if labels else ():
        yield Finding("error", FILES, f"{one.where}: {problem}", one.path, one.line, one.article.id)


def _count(path: Path, articles: Sequence[Article]) -> FileCounts:
    return FileCounts(
        path,
        len(articles),
        sum(len(split_passages(article.text)) for article in articles),
        Counter(span.label for article in articles for span in article.entities),
        Counter(span.label for article in articles for span in article.themes),
    )


def _shifted(one: _Placed) -> Iterator[Finding]:
    places = [(span.start, span.end) for span in one.article.spans]
    if shifted := look_like_utf16(one.article.text, places):
        yield one.error(OFFSETS, f": {shifted}")


def _bad_edges(one: _Placed) -> Iterator[Finding]:
    article = one.article
    for span in article.entities:
        surface, place = article.surface(span), (span.start, span.end)
        what = f": {span.label} {article.quote(span)}"
        for edge, verb in ((surface[0], "begins"), (surface[-1], "ends")):
            category = unicodedata.category(edge)
            if edge.isspace() or category in {"Cc", "Cf"}:
                yield one.error(
                    OFFSETS,
                    f"{what} {verb} with white space (U+{ord(edge):04X}); leave it outside the "
                    "span",
                    *place,
                )
            elif category[0] in "PS":
                tell = one.warning if _may_be_part_of_name(surface, verb) else one.error
                yield tell(
                    OFFSETS,
                    f"{what} {verb} with {edge!r}; a span leaves out punctuation that is not part "
                    "of the name",
                    *place,
                )
        behind = article.text[span.end : span.end + 1]
        for edge, verb in ((surface[0], "begins with"), (behind, "ends before")):
            if edge and unicodedata.category(edge)[0] == "M":
                yield one.error(
                    OFFSETS,
                    f"{what} {verb} a mark (U+{ord(edge):04X}) that belongs to the letter before "
                    "it; keep the two together",
                    *place,
                )


def _over_lines(one: _Placed) -> Iterator[Finding]:
    for span in one.article.entities:
        if not {"\n", "\r"}.isdisjoint(one.article.surface(span).strip()):
            yield one.warning(
                OFFSETS,
                f": {span.label} {one.article.quote(span)} goes over a line break, and what a "
                "model reads never does; mark each line by itself, or join the lines",
                span.start,
                span.end,
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
        labels.setdefault(one.article.surface(span), span.label)
        covered[span.start : span.end] = b"\1" * (span.end - span.start)
    # The longest first, so that a place is named once: 'Bupati Sigi', not 'Bupati' again.
    for start, end in sorted(_places(text, labels), key=lambda place: place[0] - place[1]):
        if covered.find(1, start, end) >= 0:
            continue
        covered[start:end] = b"\1" * (end - start)
        surface = text[start:end]
        yield one.warning(
            rule_of(labels[surface]),
            f": {surface!r} is {labels[surface]} elsewhere in the article, but unmarked "
            f"at [{start}, {end}) in {_context(text, start, end)!r}; mark it where it means "
            "the same",
            start,
            end,
        )


def _places(text: str, surfaces: Collection[str]) -> Iterator[tuple[int, int]]:
    """Where ``surfaces`` stand in ``text`` as whole words, found in one pass over it."""
    lengths: dict[str, set[int]] = defaultdict(set)
    for surface in surfaces:
        if first := _WORD.match(surface):
            lengths[first[0]].add(len(surface))
    for word in _WORD.finditer(text):
        start = word.start()
        if _in_word(text, start - 1):
            continue
        for length in lengths.get(word[0], ()):
            end = start + length
            if end <= len(text) and text[start:end] in surfaces and not _in_word(text, end):
                yield start, end


def _in_word(text: str, place: int) -> bool:
    return 0 <= place < len(text) and (text[place].isalnum() or text[place] == "_")


def _context(text: str, start: int, end: int) -> str:
    return f"…{text[max(0, start - _CONTEXT) : end + _CONTEXT]}…"


def _odd_themes(one: _Placed) -> Iterator[Finding]:
    article = one.article
    passages = set(split_passages(article.text))
    for span, times in Counter(article.themes).items():
        begin = article.text[span.start : min(span.end, span.start + 2 * _CONTEXT)]
        what = f": {span.label} [{span.start}, {span.end}) on {begin + '…'!r}"
        if Passage(span.start, span.end) not in passages:
            yield one.warning(
                THEMES,
                f"{what} is no whole passage; a theme's span is the line it was marked on, "
                "without white space around it",
                span.start,
                span.end,
            )
        if times > 1:
            told = f"{what} is marked {times} times; keep one"
            yield one.error(THEMES, told, span.start, span.end)


def _duplicates(placed: Sequence[_Placed]) -> Iterator[Finding]:
    for group in near_duplicate_groups([one.article for one in placed]):
        by_text: dict[str, list[_Placed]] = {}
        for position in group:
            by_text.setdefault(placed[position].article.text, []).append(placed[position])
        for first, *others in by_text.values():
            if others:
                yield first.error(FILES, f" has the same text as {_list(others)}; keep one of them")
        first, *others = (same[0] for same in by_text.values())
        if others:
            yield first.warning(
                FILES,
                f" is a near-duplicate of {_list(others)}; keep them in one part of a split",
            )


def _list(placed: Sequence[_Placed]) -> str:
    return ", ".join(f"{one.article.id!r} ({one.where})" for one in placed)


def _inside_tokens(
    placed: Sequence[_Placed], tokens: Callable[[str], NDArray[np.int64]]
) -> Iterator[Finding]:
    """Warnings only: where an outlet glued words together, the annotation is right."""
    for one in placed:
        article = one.article
        if not article.entities:
            continue
        labels = LabelSet(tuple({span.label for span in article.entities}), ())
        for span in spans_to_tags(article.entities, tokens(article.text), labels).unaligned:
            yield one.warning(
                OFFSETS,
                f": {span.label} {article.quote(span)} begins or ends inside a token of the "
                f"encoder in {_context(article.text, span.start, span.end)!r}; training tags "
                "the whole token, so correct the edge unless the outlet glued words together",
                span.start,
                span.end,
            )
