"""What binds two entities of an article, in the tools that let people draw such lines."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from asn_nlp.articles import Article, EntitySpan


class Relation(NamedTuple):
    """A line from one entity to another; ``name`` says what it means."""

    source: EntitySpan
    target: EntitySpan
    name: str


# The relations to write of an article.
Relate = Callable[[Article], Iterable[Relation]]


def no_relations(_: Article) -> Iterable[Relation]:
    return ()


def between(
    article: Article,
    places: Mapping[str, tuple[int, int]],
    lines: Iterable[tuple[str, str, str]],
) -> Iterator[Relation]:
    """The relations of ``lines`` (from, to, name) whose ends are entities of the article.

    Args:
        places: start and end in characters, by what the tool calls a mark.
    """
    entities = {(span.start, span.end): span for span in article.entities}
    for source, target, name in lines:
        ends = [entities.get(places.get(end, (0, 0))) for end in (source, target)]
        if ends[0] and ends[1]:
            yield Relation(ends[0], ends[1], name)
