r"""Articles with their annotation written into the text, the form in which people write them.

A head of ``name: value`` lines, a blank line, then the text; one article a file, whose id is the
file's stem::

    kind: berita
    region: Bali

    [Kepala Dinas Kesehatan|T] [Bali|P] [dr. Ketut Arsana|O] mengukuhkan pejabat baru. {KARIER}

``[surface|T]`` marks an entity by the first letter of its type, or by the type in full, which is
due where two types of the label set begin alike: ``[Dinas Sosial|AGENCY]``. Braces at the end of a
line list the themes of that passage. A backslash before ``[``, ``]``, ``{``, ``}``, ``|`` or ``\``
takes it literally.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from asn_nlp.articles import Article, EntitySpan, ThemeSpan
from asn_nlp.errors import AnnotationError
from asn_nlp.files import written_whole
from asn_nlp.formats.news import only_one
from asn_nlp.formats.problems import Problem
from asn_nlp.formats.protocol import Format, Placed
from asn_nlp.formats.records import text_faults
from asn_nlp.formats.rows import text_rows
from asn_nlp.labels import ASN_LABELS, LabelSet
from asn_nlp.passages import split_passages

_THEMES = re.compile(r"(?<!\\)\{(?P<names>[^{}]*)\}\s*$")
_MARK = re.compile(
    r"\\(?P<literal>[\[\]{}|\\])"
    r"|\[(?P<surface>(?:[^\[\]{}|\\]|\\[\[\]{}|\\])+)\|(?P<type>[^\[\]{}|\\]*)\]"
    r"|(?P<stray>[\[\]{}|\\])"
)
_SPECIAL = re.compile(r"[\[\]{}|\\]")
_ESCAPED = re.compile(r"\\([\[\]{}|\\])")


def letters(labels: LabelSet) -> dict[str, str]:
    """The entity types that their first letter stands for: those that no other shares."""
    times = Counter(label[:1] for label in labels.entities)
    return {label[0]: label for label in labels.entities if times[label[:1]] == 1}


def parse(text: str, id: str, where: str, *, labels: LabelSet = ASN_LABELS) -> Article:
    """The article that ``text`` marks up; its head becomes the meta.

    Args:
        where: the file, which opens every message.
        labels: whose entity types a first letter may stand for. Names in full are taken whether
            they are in it or not.

    Raises:
        AnnotationError: with every broken rule of the mark-up and its line.
    """
    article = _parsed(text, id, labels)
    if isinstance(article, Article):
        return article
    raise AnnotationError([f"{where}:{line}: {message}" for line, message in article])


def render(article: Article, *, labels: LabelSet = ASN_LABELS) -> str:
    """The article marked up, which ``parse`` reads again.

    Raises:
        AnnotationError: it holds what the form cannot; see ``cannot_hold``.
    """
    if problems := cannot_hold(article, labels=labels):
        raise AnnotationError(problems)
    return _rendered(article, labels)


def cannot_hold(article: Article, *, labels: LabelSet = ASN_LABELS) -> list[str]:
    """What the form would lose or change of an article, a line for each."""
    where = f"article {article.id!r}: marks in the text cannot hold"
    cure = "write JSON Lines, or remove it"
    passages = {(passage.start, passage.end) for passage in split_passages(article.text)}
    problems = []
    scored = sum(span.score is not None for span in article.spans)
    if scored:
        problems.append(f"{where} scores, found {scored:,}; {cure}")
    for span in article.entities:
        if "\n" in article.surface(span):
            problems.append(f"{where} {span.label} {article.quote(span)} over a line break; {cure}")
    for theme, times in Counter((one.start, one.end, one.label) for one in article.themes).items():
        if theme[:2] not in passages or times > 1:
            problems.append(
                f"{where} {theme[2]} on [{theme[0]}, {theme[1]}), {times} times, but only whole "
                f"passages and each theme once; {cure}"
            )
    for name, value in article.meta.items():
        if not isinstance(value, str) or "\n" in f"{name}{value}" or ": " in name:
            problems.append(f"{where} {name!r:.60} of the meta, which is no line; {cure}")
    if problems:
        return problems
    # The marks are few and the ways to upset them many: what comes back has the last word.
    if _parsed(_rendered(article, labels), article.id, labels) != article or "\r" in article.text:
        return [f"{where} its white space, line ends or label names as they are; {cure}"]
    return []


def scan(path: Path) -> Iterator[Placed | Problem]:
    with path.open("rb") as file:
        for row in text_rows(file):
            if row.problem or not isinstance(row.fields, Mapping):
                yield Problem(path, None, (row.problem or "",))
                continue
            # An editor's line ends are not the text's.
            text = str(row.fields["text"]).replace("\r\n", "\n")
            article = _parsed(text, path.stem, ASN_LABELS)
            if not isinstance(article, Article):
                yield from (Problem(path, line, (message,)) for line, message in article)
            elif faults := text_faults(article.text):
                yield Problem(path, None, tuple(faults))
            else:
                yield Placed(None, article, path=path)


def write(articles: Iterable[Article], path: Path) -> None:
    """Write one article. Raises AnnotationError: there are more or none, or as ``render``."""
    with written_whole(path) as file:
        file.write(render(only_one(articles, path)))


def _parsed(text: str, id: str, labels: LabelSet) -> Article | list[tuple[int, str]]:
    """The article, or what is wrong with it, each with its line."""
    problems: list[tuple[int, str]] = []
    # A file without a head begins with the blank line that ends it.
    head, gap, body = ("", "\n", text[1:]) if text[:1] == "\n" else text.partition("\n\n")
    meta: dict[str, str] = {}
    for number, line in enumerate(head.split("\n") if head else (), start=1):
        name, colon, value = line.partition(": ")
        if not colon:
            message = (
                f"a line of the head must read 'name: value', found {line!r:.80}; a blank line "
                "ends the head"
            )
            problems.append((number, message))
        elif name in meta:
            problems.append((number, f"{name!r:.60} must stand once in the head; keep one"))
        meta[name] = value
    if not gap:
        problems.append((1, "a blank line must divide the head from the text; add it"))

    types = letters(labels)
    pieces: list[str] = []
    length = 0
    entities: list[EntitySpan] = []
    themes: list[ThemeSpan] = []
    first = 1 + text.count("\n", 0, len(text) - len(body))
    for number, line in enumerate(body.removesuffix("\n").split("\n"), start=first):
        named = _THEMES.search(line)
        if named:
            line = line[: named.start()].rstrip()
        surface, marked, faults = _unmarked(line, length, types)
        entities += marked
        if named:
            tagged, more = _themes(named["names"], surface, length)
            themes += tagged
            faults += more
        problems += [(number, fault) for fault in faults]
        pieces.append(surface)
        length += len(surface) + 1
    if problems:
        return problems
    return Article(id, "\n".join(pieces), tuple(entities), tuple(themes), meta)


def _unmarked(
    line: str, before: int, types: Mapping[str, str]
) -> tuple[str, list[EntitySpan], list[str]]:
    """The plain text of ``line``, ``before`` characters behind the text's start; its entities; and
    what is wrong with its marks."""
    surface = ""
    entities = []
    faults = []
    done = 0
    for mark in _MARK.finditer(line):
        surface += line[done : mark.start()]
        done = mark.end()
        if mark["literal"]:
            surface += mark["literal"]
        elif mark["surface"]:
            inner = _ESCAPED.sub(r"\1", mark["surface"])
            label = types.get(mark["type"], mark["type"])
            if len(label) < 2:
                known = ", ".join(f"{letter} ({name})" for letter, name in types.items())
                faults.append(
                    f"unknown entity type {label!r} in {mark[0]!r:.80}; the types are {known}, or "
                    "any name in full"
                )
            else:
                start = before + len(surface)
                entities.append(EntitySpan(start, start + len(inner), label))
            surface += inner
        else:
            near = line[max(0, mark.start() - 20) : mark.end() + 20]
            faults.append(
                f"{mark['stray']!r} belongs to no mark near {near!r}; complete the mark as "
                "[surface|T], or put a backslash before the character to take it literally"
            )
    return surface + line[done:], entities, faults


def _themes(names: str, surface: str, before: int) -> tuple[list[ThemeSpan], list[str]]:
    """The themes that ``names`` lists for the line ``surface``, and what is wrong with them."""
    passages = split_passages(surface)
    if not passages:
        return [], [f"a passage with themes must hold a letter; move {{{names}}}"]
    labels = [name.strip() for name in names.split(",")]
    faults = []
    if len(set(labels)) < len(labels):
        faults.append(f"a theme must be listed once a passage, found {{{names}}}")
    if "" in labels:
        faults.append(f"a theme must have a name, found {{{names}}}; remove the braces or commas")
    start, end = before + passages[0].start, before + passages[0].end
    return [ThemeSpan(start, end, label) for label in labels], faults


def _rendered(article: Article, labels: LabelSet) -> str:
    short = {label: letter for letter, label in letters(labels).items()}
    put: dict[int, str] = {}  # the marks at each place of the text
    for span in article.entities:
        put[span.start] = put.get(span.start, "") + "["
        put[span.end] = put.get(span.end, "") + f"|{short.get(span.label, span.label)}]"
    themes: dict[int, list[str]] = {}
    for theme in article.themes:
        themes.setdefault(theme.end, []).append(theme.label)
    for end, names in themes.items():
        put[end] = put.get(end, "") + f" {{{','.join(names)}}}"
    pieces = [f"{name}: {value}\n" for name, value in article.meta.items()] + ["\n"]
    place = 0
    for at, marks in sorted(put.items()):
        pieces += [_escaped(article.text[place:at]), marks]
        place = at
    return "".join([*pieces, _escaped(article.text[place:]), "\n"])


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\g<0>", text)


FORMAT = Format("inline", (), scan, write, cannot_hold)
