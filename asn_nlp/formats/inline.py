r"""Articles with their annotation written into the text, the form in which people write them.

A head of ``name: value`` lines, a blank line, then the text::

    kind: berita
    region: Bali

    [Kepala Dinas Kesehatan|T] [Bali|P] [dr. Ketut Arsana|O] mengukuhkan pejabat baru. {KARIER}

``[surface|T]`` marks an entity by the first letter of its type; braces at the end of a line list
the themes of that passage. A backslash before ``[``, ``]``, ``{``, ``}``, ``|`` or ``\`` takes it
literally.
"""

import re

from asn_nlp.articles import AnnotationError, Article, EntitySpan, ThemeSpan
from asn_nlp.labels import ASN_LABELS, nearest
from asn_nlp.passages import split_passages

_TYPES = {label[0]: label for label in ASN_LABELS.entities}
_THEMES = re.compile(r"(?<!\\)\{(?P<names>[^{}]*)\}\s*$")
_MARK = re.compile(
    r"\\(?P<literal>[\[\]{}|\\])|\[(?P<surface>[^\[\]{}|\\]+)\|(?P<type>[^\[\]{}|\\]*)\]"
    r"|(?P<stray>[\[\]{}|\\])"
)


def parse(text: str, id: str, where: str) -> Article:
    """The article that ``text`` marks up; its head becomes the meta.

    Args:
        where: the file, which opens every message.

    Raises:
        AnnotationError: with every broken rule of the mark-up and its line.
    """
    head, gap, body = text.partition("\n\n")
    problems: list[str] = []
    meta = {}
    for number, line in enumerate(head.split("\n"), start=1):
        name, colon, value = line.partition(": ")
        if not colon:
            problems.append(
                f"{where}:{number}: a line of the head must read 'name: value', found {line!r}; "
                "a blank line ends the head"
            )
        meta[name] = value
    if not gap:
        problems.append(f"{where}: a blank line must divide the head from the text; add it")

    surface = ""
    entities: list[EntitySpan] = []
    themes: list[ThemeSpan] = []
    for number, line in enumerate(body.rstrip("\n").split("\n"), start=head.count("\n") + 3):
        place = f"{where}:{number}"
        named = _THEMES.search(line)
        if named:
            line = line[: named.start()].rstrip()
        start = len(surface)
        surface = _append(surface, line, entities, place, problems)
        if named:
            themes += _themes(named["names"], surface, start, place, problems)
        surface += "\n"
    if problems:
        raise AnnotationError(problems)
    return Article(id, surface.removesuffix("\n"), tuple(entities), tuple(themes), meta)


def _append(
    surface: str, line: str, entities: list[EntitySpan], place: str, problems: list[str]
) -> str:
    """``surface`` with the plain text of ``line`` behind it; its marks go to ``entities``."""
    done = 0
    for mark in _MARK.finditer(line):
        surface += line[done : mark.start()]
        done = mark.end()
        if mark["literal"]:
            surface += mark["literal"]
        elif mark["surface"]:
            label = _TYPES.get(mark["type"])
            if label is None:
                known = ", ".join(f"{letter} ({name})" for letter, name in _TYPES.items())
                problems.append(
                    f"{place}: unknown entity type {mark['type']!r} in {mark[0]!r}; "
                    f"the types are {known}"
                )
            else:
                end = len(surface) + len(mark["surface"])
                entities.append(EntitySpan(len(surface), end, label))
            surface += mark["surface"]
        else:
            near = line[max(0, mark.start() - 20) : mark.end() + 20]
            problems.append(
                f"{place}: {mark['stray']!r} belongs to no mark near {near!r}; complete the mark "
                "as [surface|T], or put a backslash before the character to take it literally"
            )
    return surface + line[done:]


def _themes(
    names: str, surface: str, start: int, place: str, problems: list[str]
) -> list[ThemeSpan]:
    """The themes ``names`` lists for the passage that begins behind ``start``."""
    passages = split_passages(surface[start:])
    if not passages:
        problems.append(f"{place}: a passage with themes must hold a letter; move {{{names}}}")
        return []
    labels = [name.strip() for name in names.split(",")]
    for label in labels:
        if label not in ASN_LABELS.theme_ids:
            problems.append(
                f"{place}: unknown theme {label!r}; "
                f"did you mean {nearest(label, ASN_LABELS.themes)!r}?"
            )
    if len(set(labels)) < len(labels):
        problems.append(f"{place}: a theme must be listed once a passage, found {{{names}}}")
    return [
        ThemeSpan(start + passages[0].start, start + passages[0].end, label) for label in labels
    ]
