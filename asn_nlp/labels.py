"""The entity types and themes that a run reads, and those that the guidelines define."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from asn_nlp.articles import Article, Span
from asn_nlp.errors import ConfigError, nearest


@dataclass(frozen=True)
class LabelSet:
    """Entity types and themes; a label's id is its place in its tuple. One of the two may be empty.

    Raises:
        ConfigError: there is no label at all, or one is no text, is empty, holds white space or
            what cannot be printed, or stands twice among those of its kind.
    """

    entities: tuple[str, ...]
    themes: tuple[str, ...]

    def __post_init__(self) -> None:
        for kind in ("entities", "themes"):
            names = getattr(self, kind)
            if isinstance(names, str):
                raise ConfigError(
                    f"labels.{kind} must be a list, but is {names!r}; write [{names}]"
                )
            object.__setattr__(self, kind, tuple(names))
            _check_names(f"labels.{kind}", tuple(names))
        if not self.entities and not self.themes:
            raise ConfigError(
                "labels must hold an entity type or a theme at least, but has none; name some in "
                "labels.entities or labels.themes, or mark some in the training files"
            )

    @classmethod
    def from_articles(cls, articles: Iterable[Article]) -> "LabelSet":
        """The labels met on the articles, sorted.

        Raises:
            ConfigError: as the constructor; articles without any span have no labels.
        """
        entities: set[str] = set()
        themes: set[str] = set()
        for article in articles:
            entities.update(span.label for span in article.entities)
            themes.update(span.label for span in article.themes)
        return cls(tuple(sorted(entities)), tuple(sorted(themes)))

    @cached_property
    def tags(self) -> tuple[str, ...]:
        """IOB2 tags: ``O``, then ``B-`` and ``I-`` of each entity type."""
        return ("O", *(f"{prefix}-{label}" for label in self.entities for prefix in "BI"))

    @cached_property
    def tag_ids(self) -> dict[str, int]:
        return {tag: index for index, tag in enumerate(self.tags)}

    @cached_property
    def entity_ids(self) -> dict[str, int]:
        return {label: index for index, label in enumerate(self.entities)}

    @cached_property
    def theme_ids(self) -> dict[str, int]:
        return {theme: index for index, theme in enumerate(self.themes)}

    def problems(self, article: Article) -> Iterator[str]:
        """A line for each span whose label is unknown, with the nearest known one.

        Where the set has no entity types, or no themes, spans of that kind are none of its
        business and pass.
        """
        kinds: tuple[tuple[str, Sequence[Span], dict[str, int]], ...] = (
            ("entity type", article.entities, self.entity_ids),
            ("theme", article.themes, self.theme_ids),
        )
        for kind, spans, known in kinds:
            for span in spans if known else ():
                if span.label not in known:
                    like = nearest(span.label, tuple(known))
                    yield (
                        f"article {article.id!r}: unknown {kind} {span.label!r} on "
                        f"{article.quote(span)}; did you mean {like!r}?"
                    )


def _check_names(where: str, names: tuple[object, ...]) -> None:
    for place, name in enumerate(names):
        if not isinstance(name, str):
            raise ConfigError(
                f"{where} must hold names, but {name!r} is a {type(name).__name__}; "
                "put it in quotes"
            )
        if not name or not name.isprintable() or any(map(str.isspace, name)):
            raise ConfigError(
                f"{where} must hold names without white space, but {name!r} is none; write it with "
                "letters, digits, - and _"
            )
        if name in names[:place]:
            raise ConfigError(
                f"{where} must name each label once, but has {name!r} twice; drop one"
            )


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
