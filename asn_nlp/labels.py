"""The closed lists of entity types and themes that the annotation guidelines define."""

from dataclasses import dataclass
from functools import cached_property

from rapidfuzz import process


@dataclass(frozen=True)
class LabelSet:
    """Entity types and themes; a label's id is its place in its tuple."""

    entities: tuple[str, ...]
    themes: tuple[str, ...]

    @cached_property
    def tags(self) -> tuple[str, ...]:
        """IOB2 tags: ``O``, then ``B-`` and ``I-`` of each entity type."""
        return ("O", *(f"{prefix}-{label}" for label in self.entities for prefix in "BI"))

    @cached_property
    def tag_ids(self) -> dict[str, int]:
        return {tag: index for index, tag in enumerate(self.tags)}

    @cached_property
    def theme_ids(self) -> dict[str, int]:
        return {theme: index for index, theme in enumerate(self.themes)}


def nearest(name: str, known: tuple[str, ...] | list[str]) -> str:
    """The known name most like ``name``, for the cure in an error message."""
    match = process.extractOne(name, known, processor=str.lower)
    return match[0] if match else known[0]


ASN_LABELS = LabelSet(
    entities=("OFFICIAL", "TITLE", "PROVINCE"),
    themes=(
        "DISIPLIN",
        "BUDAYA_KERJA",
        "KINERJA",
        "KOMPETENSI",
        "PELAYANAN_PUBLIK",
        "PENGADAAN",
        "KARIER",
        "KESEJAHTERAAN",
        "INTEGRITAS",
        "NETRALITAS",
        "JAM_KERJA",
        "DIGITALISASI",
    ),
)
