"""The rules that findings cite: headings of the guidelines, which ship."""

import re
from functools import cache

from asn_nlp.shipped import GUIDELINES

OFFSETS = "Text and offsets"
THEMES = "Themes: line by line"
FILES = "Files and sets"


@cache
def headings() -> tuple[str, ...]:
    return tuple(re.findall(r"^## (.+)$", GUIDELINES.read_text(encoding="utf-8"), re.M))


def rule_of(label: str) -> str:
    """The heading of an entity type; of one that the guidelines do not know, that of all spans."""
    return next((one for one in headings() if one.startswith(f"{label}:")), OFFSETS)
