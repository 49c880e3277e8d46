"""Files of raw news, written and read."""

from pathlib import Path

from asn_nlp.articles import Article
from asn_nlp.formats import Problem, read_news


def read(*paths: Path) -> tuple[list[Article], list[Problem]]:
    records = list(read_news(paths))
    return (
        [record for record in records if isinstance(record, Article)],
        [record for record in records if isinstance(record, Problem)],
    )


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path
