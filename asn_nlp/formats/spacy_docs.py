"""spaCy: articles as ``Doc`` objects, and ``DocBin`` files of them.

Entities are ``doc.ents`` with the score at ``span._.score``; themes are ``doc.spans["themes"]``,
whose ``attrs["scores"]`` stand beside as spaCy's own span categoriser has them, and ``doc.cats``,
which is read where there are no such spans: 0.5 or more makes a theme of the whole text. Id and
meta are in ``doc.user_data["asn_nlp"]``. A token that a span begins or ends in is divided there.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asn_nlp.articles import Article, EntitySpan, ThemeSpan
from asn_nlp.errors import AnnotationError, extra
from asn_nlp.files import written_bytes
from asn_nlp.formats.problems import Problem
from asn_nlp.formats.protocol import Format, Placed
from asn_nlp.formats.records import articles_of, json_cannot_hold, text_faults, to_json
from asn_nlp.formats.rows import Row, RowError, parsed
from asn_nlp.labels import ASN_LABELS

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc, Span

THEMES = "themes"
_OWN = "asn_nlp"
_LIKELY = 0.5


def to_doc(article: Article) -> "Doc":
    """The article as spaCy has it. Raises MissingExtra: spaCy is not installed."""
    nlp = _indonesian()
    with extra("spacy", "a Doc"):
        from spacy.tokens import Doc
    words, spaces = _words(article, nlp)
    doc = Doc(nlp.vocab, words=words, spaces=spaces)
    set_spans(doc, article)
    marked = {span.label for span in article.themes}
    doc.cats = {name: float(name in marked) for name in sorted({*ASN_LABELS.themes, *marked})}
    doc.user_data[_OWN] = {"id": article.id, "meta": to_json(dict(article.meta))}
    return doc


def set_spans(doc: "Doc", article: Article) -> None:
    """Put the spans of an article on the ``Doc`` of its text; where its tokens do not let a span
    begin or end, the whole token is marked."""
    _register_score()
    with extra("spacy", "a Doc"):
        from spacy.util import filter_spans
    entities = [_made(doc, span) for span in article.entities]
    for made, span in zip(entities, article.entities, strict=True):
        made._.score = span.score
    doc.ents = filter_spans(entities)
    doc.spans[THEMES] = [_made(doc, span) for span in article.themes]
    doc.spans[THEMES].attrs["scores"] = [span.score for span in article.themes]


def from_doc(doc: "Doc", id: str) -> Article:
    """The article of a ``Doc``, called ``id`` where it says nothing else.

    Raises:
        AnnotationError: it holds no text, or entities without a label.
    """
    _register_score()
    own = doc.user_data.get(_OWN)
    own = own if isinstance(own, Mapping) else {}
    try:
        meta = parsed(str(own.get("meta", "{}")))
    except RowError as error:
        raise AnnotationError([f"its meta must be JSON, but: {error}"]) from None
    problems = [
        *text_faults(doc.text),
        *(
            f"the entity {one.text!r:.60} has no label; give it one"
            for one in doc.ents
            if not one.label_
        ),
    ]
    if problems:
        raise AnnotationError(problems)
    entities = tuple(EntitySpan(*_place(one), _known(one._.score)) for one in doc.ents)
    if THEMES in doc.spans:
        group = doc.spans[THEMES]
        scores: Sequence[Any] = group.attrs.get("scores", [None] * len(group))
        themes = tuple(
            ThemeSpan(*_place(one), _known(score)) for one, score in zip(group, scores, strict=True)
        )
    else:
        themes = tuple(
            ThemeSpan(0, len(doc.text), name)
            for name, likely in doc.cats.items()
            if likely >= _LIKELY
        )
    name = own.get("id", id)
    return Article(str(name), doc.text, entities, themes, meta if isinstance(meta, dict) else {})


def scan(path: Path) -> Iterator[Placed | Problem]:
    """Raises MissingExtra: spaCy is not installed."""
    nlp = _indonesian()
    with extra("spacy", "a DocBin file"):
        from spacy.tokens import DocBin
    content = path.read_bytes()
    try:
        docs = DocBin(store_user_data=True).from_bytes(content)
        made = list(docs.get_docs(nlp.vocab))
    except Exception as error:  # whatever a damaged file leads zlib, msgpack and spaCy to
        message = f"the file must be a DocBin of spaCy, but: {error!s:.200}; get it anew"
        yield Problem(path, None, (message,))
        return
    rows = (Row(line, "") for line in range(1, len(made) + 1))

    def article(row: Row) -> Article:
        assert row.line is not None
        return from_doc(made[row.line - 1], f"{path.stem}:{row.line}")

    yield from articles_of(path, rows, article)


def write(articles: Iterable[Article], path: Path) -> None:
    """Raises MissingExtra: spaCy is not installed."""
    with extra("spacy", "a DocBin file"):
        from spacy.tokens import DocBin
    docs = DocBin(store_user_data=True)
    for article in articles:
        docs.add(to_doc(article))
    with written_bytes(path) as file:
        file.write(docs.to_bytes())


@cache
def _indonesian() -> "Language":
    with extra("spacy", "a Doc"):
        import spacy
    return spacy.blank("id")


@cache
def _register_score() -> None:
    with extra("spacy", "a Doc"):
        from spacy.tokens import Span
    if not Span.has_extension("score"):
        Span.set_extension("score", default=None)


def _words(article: Article, nlp: "Language") -> tuple[list[str], list[bool]]:
    """spaCy's tokens, divided where spans begin and end, and whether a space is behind each."""
    cuts = {edge for span in article.spans for edge in (span.start, span.end)}
    starts, ends = ({getattr(s, side) for s in article.spans} for side in ("start", "end"))
    words: list[str] = []
    spaces: list[bool] = []
    for token in nlp.make_doc(article.text):
        start, end = token.idx, token.idx + len(token.text)
        for place in range(start + 1, end):
            if place in cuts:
                words.append(article.text[start:place])
                spaces.append(False)
                start = place
        words.append(article.text[start:end])
        spaces.append(bool(token.whitespace_))
        # A span that begins or ends with the space makes it a token.
        if token.whitespace_ and (end in starts or end + 1 in ends):
            spaces[-1] = False
            words.append(" ")
            spaces.append(False)
    return words, spaces


def _made(doc: "Doc", span: EntitySpan | ThemeSpan) -> "Span":
    made = doc.char_span(span.start, span.end, span.label, alignment_mode="expand")
    assert made is not None, f"{span} is outside the text"
    return made


def _place(span: "Span") -> tuple[int, int, str]:
    return span.start_char, span.end_char, span.label_


def _known(score: object) -> float | None:
    return float(score) if isinstance(score, int | float) else None


FORMAT = Format("spacy", (".spacy",), scan, write, json_cannot_hold)
