"""Articles as flat rows: their entities, their themes, or who holds which post where."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Literal

from asn_nlp.articles import Article
from asn_nlp.errors import ConfigError, nearest
from asn_nlp.linking import Record, records
from asn_nlp.passages import split_passages

Kind = Literal["entities", "themes", "records"]
Cell = str | int | float | None
Row = dict[str, Cell]

KINDS: dict[str, dict[str, type]] = {
    "entities": {"start": int, "end": int, "label": str, "text": str, "score": float},
    "themes": {"start": int, "end": int, "theme": str, "text": str, "score": float},
    "records": {
        "name": str,
        "titles": str,
        "province": str,
        "kemendagri": str,
        "iso": str,
        "bps": str,
        "basis": str,
        "mentions": int,
        "score": float,
        "themes": str,
    },
}
_ARTICLE = "article"
_JOINED = "; "


def columns(kind: Kind = "entities", *, meta: Sequence[str] = ()) -> dict[str, type]:
    """The columns of a table and the type of their cells, any of which may be None.

    ``article`` is the id of the article. ``titles`` and ``themes`` join several by ``"; "``;
    ``kemendagri``, ``iso`` and ``bps`` are the province's codes by registry, ``mentions`` is how
    often the person is named, ``themes`` are those of the passages that name the person.

    Args:
        meta: the meta columns to stand behind ``article``.

    Raises:
        ConfigError: there is no such kind, or a meta column has the name of another column.
    """
    if kind not in KINDS:
        raise ConfigError(
            f"a table is of {', '.join(KINDS)}, not of {kind!r}; did you mean "
            f"{nearest(kind, tuple(KINDS))!r}?"
        )
    own = {_ARTICLE: str, **KINDS[kind]}
    names = list(meta)
    for name in names:
        if name in own or names.count(name) > 1:
            raise ConfigError(
                f"each column needs a name of its own, but {name!r} is asked for from the meta and "
                "stands in the table already; leave it out"
            )
    return {_ARTICLE: str, **dict.fromkeys(names, str), **KINDS[kind]}


def to_rows(
    articles: Iterable[Article], kind: Kind = "entities", *, meta: Sequence[str] = ()
) -> Iterator[Row]:
    """The rows of a table, article by article; ``columns`` says what they hold.

    A meta value that is no text is given as JSON, one that an article lacks as None.

    Raises:
        ConfigError: as ``columns`` does, before an article is taken.
    """
    columns(kind, meta=meta)
    return _rows(articles, _KINDS[kind], meta)


def _rows(
    articles: Iterable[Article], of: Callable[[Article], Iterator[Row]], meta: Sequence[str]
) -> Iterator[Row]:
    for article in articles:
        first: Row = {_ARTICLE: article.id}
        first |= {name: _text(article.meta.get(name)) for name in meta}
        for row in of(article):
            yield first | row


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, allow_nan=False, default=str)


def _rounded(score: float | None) -> float | None:
    return None if score is None else round(score, 4)


def _entities(article: Article) -> Iterator[Row]:
    for span in article.entities:
        yield {
            "start": span.start,
            "end": span.end,
            "label": span.label,
            "text": article.surface(span),
            "score": _rounded(span.score),
        }


def _themes(article: Article) -> Iterator[Row]:
    for span in article.themes:
        yield {
            "start": span.start,
            "end": span.end,
            "theme": span.label,
            "text": article.surface(span),
            "score": _rounded(span.score),
        }


def _records(article: Article) -> Iterator[Row]:
    for record in records(article):
        province = record.province
        yield {
            "name": record.name,
            "titles": _JOINED.join(dict.fromkeys(map(article.surface, record.titles))),
            "province": province.name if province else None,
            "kemendagri": province.kemendagri if province else None,
            "iso": province.iso if province else None,
            "bps": province.bps if province else None,
            "basis": record.basis,
            "mentions": len(record.mentions),
            "score": _rounded(record.score),
            "themes": _JOINED.join(themes_of(article, record)),
        }


def themes_of(article: Article, record: Record) -> list[str]:
    """The themes of the passages that name the person, each once, in reading order."""
    named = [
        passage
        for passage in split_passages(article.text)
        if any(passage.start <= span.start < passage.end for span in record.mentions)
    ]
    met = [
        theme.label
        for theme in article.themes
        if any(theme.start < passage.end and passage.start < theme.end for passage in named)
    ]
    return list(dict.fromkeys(met))


_KINDS: dict[str, Callable[[Article], Iterator[Row]]] = {
    "entities": _entities,
    "themes": _themes,
    "records": _records,
}
