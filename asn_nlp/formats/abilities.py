"""What each format holds, as its own declarations have it."""

from collections.abc import Mapping

from asn_nlp.articles import Article, EntitySpan, ThemeSpan
from asn_nlp.formats.protocol import Format

_TEXT = "Bupati Rini hadir.\nIa menegur pegawai."
_RINI = EntitySpan(7, 11, "OFFICIAL")
_PROBES: Mapping[str, Article] = {
    "entities": Article("a", _TEXT, (_RINI,)),
    "themes": Article("a", _TEXT, (), (ThemeSpan(0, 18, "KARIER"), ThemeSpan(0, 18, "KINERJA"))),
    "scores": Article("a", _TEXT, (EntitySpan(7, 11, "OFFICIAL", 0.5),)),
    "meta": Article("a", _TEXT, meta={"url": "berita.example", "tahun": 2024, "tag": ["asn"]}),
    # Line breaks of every kind, marks of their own, what XML and CSV have a use for.
    "any text": Article("a", "\ufeffBupati\tRini 😀\r\n\re\u0301\u2028=1+1;'\"<b>&\x0c\x07 [K|P] "),
}


def abilities(format: Format) -> dict[str, bool]:
    """Whether articles come back from a file with their entities, themes, scores, meta, records
    (as relations) and whatever their text; all False where the format is only read."""
    found = {
        part: format.write is not None and not format.cannot_hold(probe)
        for part, probe in _PROBES.items()
    }
    found["records"] = format.relations and format.write is not None
    return found
