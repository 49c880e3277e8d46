"""Where the news comes from: articles, officials and themes by province."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from shutil import get_terminal_size

from asn_nlp.articles import Article
from asn_nlp.errors import extra
from asn_nlp.files import written_whole
from asn_nlp.linking import PROVINCE, Record, records
from asn_nlp.provinces import Province, find_province, provinces
from asn_nlp.terminal import print_table

_NARROWEST = 26 + 12 + 13  # the table without themes

# Row, column and short name on a map of tiles, from west to east, by Kemendagri code.
_TILES = {
    "11": (0, 0, "Aceh"),
    "12": (1, 0, "Sumut"),
    "14": (1, 1, "Riau"),
    "21": (1, 2, "Kepri"),
    "13": (2, 0, "Sumbar"),
    "15": (2, 1, "Jambi"),
    "19": (2, 2, "Babel"),
    "17": (3, 0, "Bengkulu"),
    "16": (3, 1, "Sumsel"),
    "18": (4, 1, "Lampung"),
    "36": (5, 2, "Banten"),
    "31": (5, 3, "DKI"),
    "32": (6, 3, "Jabar"),
    "33": (6, 4, "Jateng"),
    "34": (7, 4, "DIY"),
    "35": (6, 5, "Jatim"),
    "51": (7, 6, "Bali"),
    "52": (7, 7, "NTB"),
    "53": (7, 8, "NTT"),
    "61": (2, 4, "Kalbar"),
    "62": (3, 4, "Kalteng"),
    "63": (3, 5, "Kalsel"),
    "64": (2, 5, "Kaltim"),
    "65": (1, 5, "Kaltara"),
    "71": (1, 8, "Sulut"),
    "75": (1, 7, "Gorontalo"),
    "72": (2, 7, "Sulteng"),
    "76": (3, 7, "Sulbar"),
    "73": (4, 7, "Sulsel"),
    "74": (4, 8, "Sultra"),
    "82": (2, 9, "Malut"),
    "81": (3, 9, "Maluku"),
    "96": (2, 10, "Papua BD"),
    "92": (3, 10, "Papua B"),
    "91": (2, 12, "Papua"),
    "94": (3, 11, "Papua Tgh"),
    "95": (3, 12, "Papua Peg"),
    "93": (4, 12, "Papua Sel"),
}


@dataclass(frozen=True, slots=True)
class ProvinceCounts:
    """What is told of one province, or, where ``province`` is None, of none.

    ``articles`` are those whose province it is, ``officials`` the records of any article that have
    a post in it, ``themes`` the passages of its articles by theme.
    """

    province: Province | None
    articles: int = 0
    officials: int = 0
    themes: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts of every province that occurs, the one of most articles first, None last."""

    rows: tuple[ProvinceCounts, ...]

    @property
    def articles(self) -> int:
        return sum(row.articles for row in self.rows)

    @property
    def officials(self) -> int:
        return sum(row.officials for row in self.rows)

    @property
    def themes(self) -> Counter[str]:
        """Passages of all articles by theme, the most frequent first."""
        total = sum((row.themes for row in self.rows), Counter())
        return Counter(dict(total.most_common()))


def summarise(articles: Iterable[Article]) -> Summary:
    """Count articles, officials and themes by province.

    An article counts once: for the province in which most of its officials hold their posts, else
    for the one it names most, else for none.
    """
    seen: Counter[Province | None] = Counter()
    officials: Counter[Province | None] = Counter()
    themes: dict[Province | None, Counter[str]] = {}
    for article in articles:
        found = records(article)
        home = _home(article, found)
        seen[home] += 1
        officials.update(record.province for record in found)
        themes.setdefault(home, Counter()).update(span.label for span in article.themes)
    met = sorted(
        seen.keys() | officials.keys(),
        key=lambda one: (one is None, -seen[one], -officials[one], one.name if one else ""),
    )
    return Summary(
        tuple(
            ProvinceCounts(one, seen[one], officials[one], themes.get(one, Counter()))
            for one in met
        )
    )


def _home(article: Article, found: Sequence[Record]) -> Province | None:
    posts = Counter(record.province for record in found if record.province)
    named = Counter(
        province
        for span in article.entities
        if span.label == PROVINCE and (province := find_province(article.surface(span)))
    )
    most = posts.most_common(1) or named.most_common(1)
    return most[0][0] if most else None


def print_summary(summary: Summary) -> None:
    """Print a table, with as many themes for columns as fit, the most frequent first."""
    left = get_terminal_size().columns - _NARROWEST
    shown = []
    for theme in summary.themes:
        left -= len(theme) + 4  # the gaps before it
        if left < 0:
            break
        shown.append(theme)
    rows = []
    for row in summary.rows:
        counts = [row.articles, row.officials, *(row.themes[theme] for theme in shown)]
        name = row.province.name if row.province else "(none)"
        rows.append((name, *(f"{count:,}" if count else "" for count in counts)))
    print_table(("province", "articles", "officials", *shown), rows)


def write_page(summary: Summary, path: str | Path, *, title: str) -> None:
    """Write a page, one file that needs no other: a map of tiles, and themes by province.

    Raises:
        MissingExtra: jinja2 is not installed.
        OSError: the file cannot be written; what stood in its place is untouched.
    """
    with extra("tables", "the page of a summary"):
        from jinja2 import Environment, PackageLoader, StrictUndefined
    environment = Environment(
        loader=PackageLoader("asn_nlp.tables"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    counts = {row.province: row for row in summary.rows}
    most = max((row.articles for row in summary.rows if row.province), default=0) or 1
    tiles = [(*_TILES[one.kemendagri], counts.get(one, ProvinceCounts(one))) for one in provinces()]
    content = environment.get_template("summary.html").render(
        title=title, summary=summary, tiles=tiles, most=most, themes=list(summary.themes)
    )
    with written_whole(Path(path)) as file:
        file.write(content)
