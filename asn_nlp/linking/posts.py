"""What the words of a title say: which post it is, and what kind."""

import re
from functools import lru_cache

_remembered = lru_cache(2**14)  # posts return, in an article and from one to the next

_ACTING = (
    r"(?:plt|plh|pjs?|pgs|pelaksana\s+(?:tugas|harian)|penjabat(?:\s+sementara)?"
    r"|pejabat\s+sementara)"
)
_EXPANSIONS = {
    "sekda": "sekretaris daerah",
    "sekdaprov": "sekretaris daerah",
    "sekdakab": "sekretaris daerah",
    "sekdakot": "sekretaris daerah",
    "sekwan": "sekretaris dprd",
    "sekjen": "sekretaris jenderal",
    "sesmenko": "sekretaris menteri koordinator",
    "dirjen": "direktur jenderal",
    "irjen": "inspektur jenderal",
    "wagub": "wakil gubernur",
    "gub": "gubernur",
    "wabup": "wakil bupati",
    "wawali": "wakil wali kota",
    "wawalkot": "wakil wali kota",
    "wawako": "wakil wali kota",
    "walkot": "wali kota",
    "wako": "wali kota",
    "walikota": "wali kota",
    "wapres": "wakil presiden",
    "waka": "wakil kepala",
    "wakapolda": "wakil kapolda",
    "wakapolres": "wakil kapolres",
    "kadis": "kepala dinas",
    "kadisdik": "kepala dinas pendidikan",
    "kadisdikbud": "kepala dinas pendidikan dan kebudayaan",
    "kadinkes": "kepala dinas kesehatan",
    "kadiskes": "kepala dinas kesehatan",
    "kadinsos": "kepala dinas sosial",
    "kadishub": "kepala dinas perhubungan",
    "kaban": "kepala badan",
    "kabid": "kepala bidang",
    "kabag": "kepala bagian",
    "karo": "kepala biro",
    "kasi": "kepala seksi",
    "kasubag": "kepala sub bagian",
    "kasubbag": "kepala sub bagian",
    "kasubbid": "kepala sub bidang",
    "kasat": "kepala satuan",
    "kasatpol": "kepala satuan polisi",
    "kajati": "kepala kejaksaan tinggi",
    "kajari": "kepala kejaksaan negeri",
    "kakanwil": "kepala kantor wilayah",
    "kakankemenag": "kepala kantor kementerian agama",
    "kabkn": "kepala badan kepegawaian negara",
    "kalaksa": "kepala pelaksana",
    "menko": "menteri koordinator",
    "menkeu": "menteri keuangan",
    "mendagri": "menteri dalam negeri",
    "menlu": "menteri luar negeri",
    "menhan": "menteri pertahanan",
    "menhub": "menteri perhubungan",
    "menkes": "menteri kesehatan",
    "mensos": "menteri sosial",
    "menag": "menteri agama",
    "menaker": "menteri ketenagakerjaan",
    "mendikbud": "menteri pendidikan dan kebudayaan",
    "mendikbudristek": "menteri pendidikan kebudayaan riset dan teknologi",
    "mendikdasmen": "menteri pendidikan dasar dan menengah",
    "menkominfo": "menteri komunikasi dan informatika",
    "menkumham": "menteri hukum dan hak asasi manusia",
    "menpan": "menteri pendayagunaan aparatur negara",
    "menpanrb": "menteri pendayagunaan aparatur negara dan reformasi birokrasi",
    "mentan": "menteri pertanian",
    "mensesneg": "menteri sekretaris negara",
    "menteripanrb": "menteri pendayagunaan aparatur negara dan reformasi birokrasi",
    "menhut": "menteri kehutanan",
    "menpora": "menteri pemuda dan olahraga",
    "menperin": "menteri perindustrian",
    "mendag": "menteri perdagangan",
    "menkop": "menteri koperasi",
    "wamen": "wakil menteri",
    "wamendagri": "wakil menteri dalam negeri",
    "wamenkeu": "wakil menteri keuangan",
    "wamenpan": "wakil menteri pendayagunaan aparatur negara",
    "panrb": "pendayagunaan aparatur negara dan reformasi birokrasi",
}
_RANK = re.compile(
    r"(?:(?:jenderal|letjen|mayjen|brigjen|kolonel|letkol|letnan\s+(?:jenderal|kolonel|satu|dua)"
    r"|mayor(?:\s+jenderal)?|brigadir(?:\s+jenderal|\s+polisi)?|kapt(?:en)?|lettu|letda|laksamana"
    r"|laksma|laksda|laksdya|marsekal|marsda|marsma|marsdya|komjen|irjen(?=\s+pol)|kombes"
    r"|kompol|akbp|akp|iptu|ipda|aiptu|aipda|bripka|brigpol|briptu|bripda|serda|sertu|serka|serma"
    r"|peltu|pelda|komisaris(?:\s+besar|\s+jenderal)?(?:\s+polisi)?$|ajun\s+(?:komisaris|inspektur)"
    r"|inspektur\s+(?:polisi|satu|dua)|inspektur\s+jenderal(?=\s+pol)|pembina|penata|pengatur))"
    r"[\w\s().,/-]*",
    re.IGNORECASE,
)
_NATIONAL = re.compile(
    r"\b(?:menteri|presiden|sekretaris\s+kabinet|seskab|kabinet|kapolri|polri|mabes|panglima\s+tni"
    r"|jaksa\s+agung|mahkamah|komisi\s+(?:pemberantasan|yudisial|kejaksaan)|kement?e?rian"
    r"|kemen\s?\w*|direktur\s+jenderal|ditjen|sekretaris\s+(?:jenderal|utama)"
    r"|inspektur\s+jenderal|itjen|staf\s+(?:khusus|ahli)\s+presiden|deputi|asisten\s+deputi|asdep"
    r"|kepala\s+staf|ksa[dlu]|kapuspen|negara|nasional|republik|otorita|duta\s+besar|dubes|senator"
    r"|parlemen|dewan\s+perwakilan\s+(?:rakyat|daerah)(?!\s+(?:daerah|rakyat))|komisioner|peneliti"
    r"|kpk|dpr|dpd|mpr|bkn|bakn|kasn|lan|bnpb|bps|bpk|bpkp|ppatk|bnn|brin|bpip|ombudsman|ipdn|ma|mk"
    r"|ky|ri|tni|divhumas|divisi\s+humas)\b",
    re.IGNORECASE,
)
_PROVINCIAL = re.compile(
    r"\b(?:gubernur|wagub|polda|kapolda|kajati|kejaksaan\s+tinggi|pangdam)\b", re.I
)
_DROPPED = re.compile(
    r"provinsi|prov|propinsi|kabupaten|kab|pem(?:prov|kab|kot|da)|ri|republik|indonesia|dan|di|pada"
)


@_remembered
def post_words(surface: str) -> tuple[str, ...]:
    """The words of a post in lower case, abbreviations spelled out, acting markers left out."""
    text = re.sub(rf"\([^)]*\)|\b{_ACTING}\b\.?", " ", surface, flags=re.IGNORECASE)
    words: list[str] = []
    for word in re.findall(
        r"[^\W\d_]+|\d+", re.sub(r"(?i)\bwaka(?=\s+(?:dpr|mpr))", "wakil ketua", text)
    ):
        words += _EXPANSIONS.get(word.casefold(), word.casefold()).split()
    return tuple(word for word in words if not _DROPPED.fullmatch(word))


@_remembered
def is_acting(surface: str) -> bool:
    return re.search(rf"\b{_ACTING}\b", surface, re.IGNORECASE) is not None


@_remembered
def is_rank(surface: str) -> bool:
    """Whether the title is a military, police or civil rank, which needs a post beside it."""
    return _RANK.fullmatch(surface.strip()) is not None


@_remembered
def may_be_rank(surface: str) -> bool:
    """Whether a title behind a post is its holder's rank, Inspektur Jenderal among them."""
    return is_rank(surface) or re.fullmatch(r"(?i)irjen|inspektur\s+jenderal", surface) is not None


@_remembered
def is_national(surface: str) -> bool:
    """Whether the post is one of the whole country, or abroad, unless the text places it."""
    spelled = f"{surface} {' '.join(post_words(surface))}"
    return _NATIONAL.search(re.sub(r"(?i)\bfraksi\b.*", "", spelled)) is not None


@_remembered
def is_provincial(surface: str) -> bool:
    return _PROVINCIAL.search(surface) is not None


@_remembered
def same_post(short: str, full: str) -> bool:
    """Whether ``short`` can stand for the post ``full``: the same words, fewer, or acronyms.

    ``Sekda`` stands for ``Sekretaris Daerah Kabupaten Sigi``, ``Gubernur`` for ``Penjabat
    Gubernur``; ``Plt Bupati`` not for ``Bupati``, nor ``Gubernur`` for ``Wakil Gubernur``.
    """
    if is_rank(short) or is_rank(full):
        return short.casefold() == full.casefold()
    if is_acting(short) and not is_acting(full):
        return False
    one, other = post_words(short), post_words(full)
    if not one or not other:
        return False
    if one[0] == other[0] == "anggota" and len(one) < len(other):
        rest = iter(other)
        return all(word in rest for word in one)
    return _begins(one, other) or _begins(other, one)


def _begins(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether ``other`` begins with ``one``, where acronyms of either count as their words."""
    if not one:
        return True
    if not other:
        return False
    if one[0] == other[0]:
        return _begins(one[1:], other[1:])
    return any(
        _begins(one[1:], other[size:])
        for size in range(2, min(8, len(other)) + 1)
        if _is_acronym(one[0], other[:size])
    ) or any(
        _begins(one[size:], other[1:])
        for size in range(2, min(8, len(one)) + 1)
        if _is_acronym(other[0], one[:size])
    )


def _is_acronym(word: str, words: tuple[str, ...]) -> bool:
    """Whether beginnings of all the words spell ``word``: ``bkd``, ``baleg``, ``satreskrim``."""
    if not word or not words:
        return not word and not words
    return any(
        _is_acronym(word[size:], words[1:])
        for size in range(1, len(word) + 1)
        if words[0].startswith(word[:size])
    )
