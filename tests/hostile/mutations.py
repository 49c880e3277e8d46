"""Files of every format, broken in the ways that disks, editors and enemies break them."""

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from asn_nlp.articles import Article
from asn_nlp.errors import AsnError
from asn_nlp.formats import FORMATS, write_articles

# What has broken readers before, here or elsewhere.
_PIECES = [
    *(b"\0", b"\xff", b"\xef\xbb\xbf", b"\xff\xfe", b"\xed\xa0\x80", b"\r", b"\n", b"\n\n", b"\t"),
    *(b'"', b"'", b",", b"{", b"}", b"[", b"]", b"|O]", b"{KARIER}", b"\\", b"\\u0000", b"\\ud800"),
    *(b"NaN", b"Infinity", b"1e400", b"-1", b"null", b"<script>", b"PAR1", b"a" * 70_000),
    *(b"1" * 4_400, b"[" * 1_500, b'{"a":' * 1_500),
    *(character.encode() for character in "\u2028\u0301\u202e😀"),
]
_ENCODINGS = ("utf-16", "utf-16-le", "latin-1", "utf-8-sig")
_RECORDS: list[Any] = [
    {"id": "a", "text": "Bupati hadir.", "entities": [{"start": 0, "end": 6, "label": "TITLE"}]},
    {"id": "a", "text": "Bupati hadir.", "entities": [{"start": 9, "end": 2, "label": "TITLE"}]},
    {"text": None},
    {"text": 3, "id": []},
    [],
    "x",
]


def seeds(folder: Path, articles: list[Article]) -> dict[str, list[bytes]]:
    """Whole files of each format, by its name."""
    whole: dict[str, list[bytes]] = {}
    for form in FORMATS:
        whole[form.name] = []
        for number, chosen in enumerate((articles, articles[:1], [Article("a", "Bupati hadir.")])):
            path = folder / f"{form.name}-{number}{(*form.endings, '.txt')[0]}"
            if form.write is None:
                rows = ["id,text", *(json.dumps(one.text) for one in chosen)]
                path.write_text("\n".join(rows).replace('\n"', '\nx,"'), "utf-8")
            else:
                try:
                    write_articles(chosen, path, form.name)
                except AsnError:  # what the format cannot hold
                    continue
            files = sorted(path.rglob("*")) if path.is_dir() else [path]
            whole[form.name] += [file.read_bytes() for file in files]
    records = "\n".join(json.dumps(record) for record in _RECORDS).encode()
    for found in whole.values():
        found.append(records)
    return whole


def mutations(whole: list[bytes], random: Random) -> Iterator[bytes]:
    """Without end: one of ``whole``, changed a few times."""
    while True:
        content = random.choice(whole)
        for _ in range(random.choice((1, 1, 2, 5, 20))):
            content = _changed(content, whole, random)
        yield content


def _changed(content: bytes, whole: list[bytes], random: Random) -> bytes:
    start, end = sorted(random.randint(0, len(content)) for _ in range(2))
    match random.randint(0, 8):
        case 0:
            return content[:start]
        case 1:
            return content[:start] + content[end:]
        case 2:
            return content[:end] + content[start:]
        case 3:
            other = random.choice(whole)
            return content[:start] + other[random.randint(0, len(other)) :]
        case 4:
            return content[:start] + random.randbytes(random.randint(1, 9)) + content[start:]
        case 5 if start < len(content):
            return (
                content[:start]
                + bytes([content[start] ^ (1 << random.randint(0, 7))])
                + content[start + 1 :]
            )
        case 6:
            try:
                return content.decode().encode(
                    random.choice(("utf-16", "utf-16-le", "latin-1", "utf-8-sig"))
                )
            except UnicodeError:
                return content
        case 7:
            lines = content.splitlines(keepends=True)
            random.shuffle(lines)
            return b"".join(lines)
        case _:
            return content[:start] + random.choice(_PIECES) + content[start:]


_SCRIPTS = (
    "Bupati Sigi Irma Yuliana, S.H., M.Si. menegur pegawai di NTB",
    "ٱلسَّلَامُ عليكم 官员 公務員 должность परीक्षा ๑๒๓ שלום",
    "😀👨‍👩‍👧‍👦🏴󠁧󠁢󠁥󠁮󠁧󠁿 e\u0301a\u0308\u0301\u0301 \u202eterbalik\u202c \u200b\ufeff\u00ad",
    " \t\r\n\u2028\u2029\x0b\x0c\x85\u00a0\u3000 \0\x01\x1b[31m \ufffe\uffff",
    ".,;:!?()[]{}“”‘’\"'–—…/\\|@#%&*<script>alert(1)</script>",
)
_REPEATED = ("a", " ", "\n", "Bupati ", "\u0301", "😀", "(", "A.")


def odd_text(random: Random) -> str:
    """A text of mixed scripts, controls and broken words; now and then a long or a repeated one."""
    if random.random() < 0.02:
        return random.choice(_REPEATED) * random.randint(1, 5_000)
    parts = []
    for _ in range(random.randint(0, 30)):
        source = random.choice(_SCRIPTS)
        start = random.randint(0, len(source))
        parts.append(source[start : start + random.randint(1, 25)])
        if random.random() < 0.1:
            code = random.randint(0, 0x10FFFF)
            parts.append("" if 0xD800 <= code < 0xE000 else chr(code))
    return random.choice(("", " ", "\n")).join(parts)
