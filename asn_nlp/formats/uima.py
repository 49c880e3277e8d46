"""UIMA CAS, as INCEpTION exports and imports it: a folder of ``ID.xmi`` beside ``TypeSystem.xml``.

Entities are the layer of named entities, themes the custom layer ``webanno.custom.Theme`` with the
feature ``value``. Other layers are passed over. Offsets are converted from and to UTF-16 units.
"""

import re
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from asn_nlp.articles import Article, EntitySpan, Span, ThemeSpan
from asn_nlp.errors import AnnotationError, extra
from asn_nlp.files import written_folder
from asn_nlp.formats import flat
from asn_nlp.formats.folder import cannot_name, holds, id_of, names_in
from asn_nlp.formats.problems import Problem
from asn_nlp.formats.protocol import Format, Placed
from asn_nlp.formats.records import text_faults

_ENTITY = "de.tudarmstadt.ukp.dkpro.core.api.ner.type.NamedEntity"
_THEME = "webanno.custom.Theme"
_ANNOTATION, _STRING = "uima.tcas.Annotation", "uima.cas.String"
_TYPES = "TypeSystem.xml"
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def scan(path: Path) -> Iterator[Placed | Problem]:
    """The articles of a folder, or the one of an ``.xmi`` file.

    Raises:
        MissingExtra: dkpro-cassis is not installed.
    """
    cassis = _cassis()
    files = sorted(path.rglob("*.xmi")) if path.is_dir() else [path]
    met: dict[str, Path] = {}
    for file in files:
        try:
            article = _article(file, cassis)
            if article.id in met:
                raise AnnotationError(
                    [f"{met[article.id]} has the id {article.id!r} too; rename one of the files"]
                )
        except AnnotationError as error:
            yield Problem(file, None, tuple(error.problems))
            continue
        met[article.id] = file
        yield Placed(None, article)
    if not files:
        yield Problem(path, None, ("the folder holds no .xmi file; name the one that does",))


def write(articles: Iterable[Article], path: Path) -> None:
    """Write a folder.

    Raises:
        AnnotationError: the folder holds something already, or two ids make one name.
        MissingExtra: dkpro-cassis is not installed.
        OSError: a file cannot be written; no folder is then there.
    """
    cassis = _cassis()
    types = cassis.TypeSystem()
    made = {}
    for name in (_ENTITY, _THEME):
        made[name] = types.create_type(name=name, supertypeName=_ANNOTATION)
        types.create_feature(domainType=made[name], name="value", rangeType=_STRING)
    name_of = names_in(path)
    named = [(name_of(article.id), article) for article in articles]  # all before the first file
    with written_folder(path) as folder:
        (folder / _TYPES).write_bytes(types.to_xml().encode())
        for name, article in named:
            cas = cassis.Cas(typesystem=types)
            cas.sofa_string, cas.sofa_mime = _in_xml(article.text), "text/plain"
            for span in article.spans:
                kind = made[_THEME if isinstance(span, ThemeSpan) else _ENTITY]
                cas.add(kind(begin=span.start, end=span.end, value=_in_xml(span.label)))
            (folder / f"{name}.xmi").write_bytes(cas.to_xmi().encode())


def cannot_hold(article: Article) -> list[str]:
    where = f"article {article.id!r}: UIMA CAS cannot hold"
    problems = [
        *flat.scored_cannot_hold(article, "UIMA CAS"),
        *flat.meta_cannot_hold(article, "UIMA CAS"),
    ]
    for what, value in (
        ("its text", article.text),
        *(("a label", span.label) for span in article.spans),
    ):
        if found := _NOT_IN_XML.search(value):
            problems.append(f"{where} U+{ord(found[0]):04X} in {what}, as XML; remove it")
    return problems + cannot_name(article, "UIMA CAS")


def _in_xml(text: str) -> str:
    return _NOT_IN_XML.sub("\ufffd", text)


def _cassis() -> Any:
    with extra("inception", "UIMA CAS"):
        import cassis
    return cassis


def _article(path: Path, cassis: Any) -> Article:
    types = path.with_name(_TYPES)
    if not types.exists():
        raise AnnotationError([f"{_TYPES} must stand beside it, as INCEpTION exports it; add it"])
    try:
        with types.open("rb") as file:
            system = cassis.load_typesystem(file)
        with path.open("rb") as file:
            cas = cassis.load_cas_from_xmi(file, typesystem=system, lenient=True)
        text = cas.sofa_string
        marks = [
            (kind, mark.begin, mark.end, mark.get("value"))
            for kind in (_ENTITY, _THEME)
            if system.contains_type(kind)
            for mark in cas.select(kind)
        ]
    except OSError:
        raise
    except Exception as error:  # whatever a damaged file leads lxml and cassis to
        raise AnnotationError(
            [f"the file must be a UIMA CAS in XMI, but: {error!s:.200}; export it anew"]
        ) from None
    problems = text_faults(text) if isinstance(text, str) else ["it has no text; export it anew"]
    spans: list[Span] = []
    for kind, start, end, label in marks:
        if not isinstance(label, str) or not label:
            problems.append(f"the mark {start}:{end} has no value; give it a label or remove it")
        elif kind == _THEME:
            spans.append(ThemeSpan(start, end, label))
        else:
            spans.append(_entity_or_theme(start, end, label, system))
    if problems:
        raise AnnotationError(problems)
    return flat.article_of(id_of(path.stem), text, spans, {})


def _entity_or_theme(start: int, end: int, label: str, system: Any) -> Span:
    """A project without the layer of themes may have them among its named entities."""
    if system.contains_type(_THEME):
        return EntitySpan(start, end, label)
    return flat.span_of(start, end, label)


FORMAT = Format("uima", (".xmi",), scan, write, cannot_hold, partial(holds, ending=".xmi"))
