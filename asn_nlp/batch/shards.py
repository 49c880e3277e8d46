"""The input in pieces that are read, written and, where something goes wrong, lost as one.

A shard is so many records in the order of reading, wherever files begin or end between them. So
that ids and shards are the same in every attempt, one process reads all files from their start,
each time; what an article costs to parse is a hundredth of what it costs to understand.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from asn_nlp.articles import Article
from asn_nlp.files import Found
from asn_nlp.formats import Placed, Problem, read_found

_CHARACTERS = 4_000_000  # close a shard of long articles before it is full


@dataclass(frozen=True, slots=True)
class Shard:
    """Records that stand side by side.

    Attributes:
        number: its place among the shards, from 1.
        size: bytes of the input that it takes.
    """

    number: int
    records: tuple[Placed | Problem, ...]
    size: int

    @property
    def articles(self) -> list[Article]:
        return [placed.article for placed in self.placed]

    @property
    def placed(self) -> list[Placed]:
        return [record for record in self.records if isinstance(record, Placed)]

    @property
    def problems(self) -> list[Problem]:
        return [record for record in self.records if isinstance(record, Problem)]


def cut(
    files: Iterable[Found], *, articles: int, text_column: str = "text", id_column: str = "id"
) -> Iterator[Shard]:
    """The shards of ``files``, each of at most ``articles`` records; columns as ``read_news``."""
    read = before = number = characters = 0
    records: list[Placed | Problem] = []

    def told(done: int, _total: int) -> None:
        nonlocal read
        read = done

    for record in read_found(files, progress=told, text_column=text_column, id_column=id_column):
        records.append(record)
        characters += len(record.raw if isinstance(record, Problem) else record.article.text)
        if len(records) == articles or characters > _CHARACTERS:
            number += 1
            yield Shard(number, tuple(records), read - before)
            before, characters, records = read, 0, []
    if records:
        yield Shard(number + 1, tuple(records), read - before)
