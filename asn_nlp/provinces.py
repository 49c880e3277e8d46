"""The 38 provinces with their spellings and codes, and the regencies and cities in them.

Three registries number provinces: the Ministry of Home Affairs (Kemendagri), Statistics Indonesia
(BPS) and ISO 3166-2. The first two differ on the six Papuan provinces, so a code is never given
without its registry. Sources and dates: ``data/regions/README.md``.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from asn_nlp.shipped import REGIONS

_NOT_A_CITY = re.compile(
    r"\b(?:Polda|Kapolda|Polres|Polresta|Polrestro|Resor|Polsek)\s+$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Province:
    """A province; ``spellings`` are what else it goes by, abbreviations and former names."""

    name: str
    kemendagri: str
    iso: str
    bps: str
    spellings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Regency:
    """A ``kabupaten`` or ``kota``; the first two digits of its code are its province's."""

    name: str
    kemendagri: str
    kind: str
    spellings: tuple[str, ...] = ()

    @property
    def province(self) -> Province:
        return province_of_code(self.kemendagri[:2])


@cache
def provinces() -> tuple[Province, ...]:
    """All 38, in the order of the Kemendagri codes."""
    return tuple(
        Province(row["name"], row["kemendagri"], row["iso"], row["bps"], _split(row["spellings"]))
        for row in _rows("provinces")
    )


@cache
def regencies() -> tuple[Regency, ...]:
    """All 514, in the order of the Kemendagri codes."""
    return tuple(
        Regency(row["name"], row["kemendagri"], row["kind"], _split(row["spellings"]))
        for row in _rows("regencies")
    )


def province_of_code(kemendagri: str) -> Province:
    """The province of a Kemendagri code.

    Raises:
        KeyError: no province has it.
    """
    return _by_code()[kemendagri]


def find_province(text: str) -> Province | None:
    """The province that ``text`` names and nothing else, or None.

    Case, spacing, full stops, a leading ``Provinsi`` or ``Pemprov`` and the ``DI``, ``DKI`` or
    ``Daerah Istimewa`` of a name do not matter.
    """
    key = _key(re.sub(r"^\W*(?:provinsi|prov|propinsi|pemprov)\b", "", text, flags=re.IGNORECASE))
    known = _by_spelling()
    return known.get(key) or known.get(re.sub("^(?:di|dki|daerahistimewa)(?=.)", "", key))


def find_regencies(text: str) -> Iterator[tuple[int, int, Regency]]:
    """The regencies and cities that ``text`` names, as start, end and which, the longest first.

    A name must be written with capitals. Where a regency and a city share a name, the word before
    it chooses (``Kota Banjar``), by default the regency.
    """
    words = list(re.finditer(r"\w[\w'’]*", text))
    keys = [_key(word.group()) for word in words]
    names, longest = _by_words()
    index = 0
    while index < len(words):
        step = 1
        if text[words[index].start()].isupper():
            for length in range(min(longest, len(words) - index), 0, -1):
                named = names.get("".join(keys[index : index + length]))
                if named is None:
                    continue
                first, last = words[index], words[index + length - 1]
                surface = text[first.start() : last.end()]
                found = [
                    one
                    for one, spelling in named
                    # NTT's TTS is no one's Tts; a name is not parted by more than a space.
                    if surface == spelling or not spelling.isupper()
                ]
                if surface == "Metro" and _NOT_A_CITY.search(
                    text[max(0, first.start() - 12) : first.start()]
                ):
                    found = []  # the police of Jakarta
                if found and re.search(r"[\n,.;:()/]", surface) is None:
                    before = text[max(0, first.start() - 9) : first.start()].casefold()
                    city = before.rstrip().endswith(("kota", "pemkot"))
                    chosen = next((one for one in found if (one.kind == "kota") == city), found[0])
                    yield first.start(), last.end(), chosen
                    step = length
                    break
        index += step


@cache
def _by_code() -> dict[str, Province]:
    return {province.kemendagri: province for province in provinces()}


@cache
def _by_spelling() -> dict[str, Province]:
    return {
        _key(spelling): province
        for province in provinces()
        for spelling in (province.name, *province.spellings)
    }


@cache
def _by_words() -> tuple[dict[str, list[tuple[Regency, str]]], int]:
    """Regencies and spellings by the key of the latter; how many words the longest of them has."""
    names: dict[str, list[tuple[Regency, str]]] = {}
    longest = 0
    for regency in regencies():
        for spelling in (regency.name, *regency.spellings):
            names.setdefault(_key(spelling), []).append((regency, spelling))
            longest = max(longest, len(spelling.split()))
    return names, longest


def _key(text: str) -> str:
    return re.sub(r"[\W_]", "", text).casefold()


def _split(spellings: str) -> tuple[str, ...]:
    return tuple(spellings.split(";")) if spellings else ()


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (REGIONS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
