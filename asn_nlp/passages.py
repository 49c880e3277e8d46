"""Where the passages of a text begin and end."""

import re
from dataclasses import dataclass

# Only what publishers use as line ends; str.splitlines would also split at form feeds and at
# U+2028, which news carries inside paragraphs.
_LINE = re.compile(r"[^\r\n]+")


@dataclass(frozen=True, slots=True)
class Passage:
    start: int
    end: int


def split_passages(text: str) -> list[Passage]:
    """The passages of ``text`` in order: each line that holds a letter, white space trimmed off."""
    passages = []
    for line in _LINE.finditer(text):
        content = line.group()
        if any(map(str.isalpha, content)):
            start = line.start() + len(content) - len(content.lstrip())
            passages.append(Passage(start, start + len(content.strip())))
    return passages
