"""What news writes between a title and a name, a title and a province, two titles."""

import re
from re import Pattern

_ADDRESS = (
    r"(?:(?:bapak|ibu|pak|bu|saudara|beliau|tuan|nyonya)\s+|(?:sdri?|yth|ny|drg?|h|hj)\b\.?\s*)*"
)
_BRACKET = r"\([^()]{1,40}\)"


def _phrase(pattern: str, *, cased: bool = False) -> Pattern[str]:
    return re.compile(pattern, 0 if cased else re.IGNORECASE)


# Right before a title: the post is held no longer, or not yet.
NOT_HELD = _phrase(
    r"\b(?:mantan|eks|bekas|calon|kandidat|semula|sebelumnya|pernah|dulu(?:nya)?|dahulu|terakhir"
    r"|awalnya|tadinya|(?:saat|ketika|kala|waktu)\s+itu(?:\s+juga)?|dari\s+(?:jabatan|posisi)"
    r"|(?:setelah|usai|selesai)\s+(?:menjabat|bertugas)|tugas\s+sebagai|meninggalkan|melepas"
    r"|menggantikan)\s*-?\s*"
    r"(?:(?:menjabat|menjadi|menduduki|dijabat|mengemban|sebagai|jabatan(?:nya)?|posisi(?:nya)?"
    r"|yakni|adalah|merupakan|di|dari)\s+)*$"
)
# Right before a name that a post follows: it was held earlier.
EARLIER = _phrase(r"\b(?:sebelumnya|sebelum\s+itu|dulu|dahulu)\s*,?\s*$")
# Right before a title: someone speaks for its holder.
FOR_ANOTHER = _phrase(
    r"\b(?:atas\s+nama|mewakili|diwakili|sambutan(?:\s+tertulis)?|amanat|pidato|mendampingi)"
    r"\s+(?:(?:bapak|ibu|pak|bu)\s+)?$"
)
# Between a title and that of whom its holder stands for.
STANDING_FOR = _phrase(r",?\s*(?:yang\s+)?mewakili\s+")
# Right before a title: several hold it.
SEVERAL = _phrase(
    r"\b(?:\d+|(?:ke)?dua|(?:ke)?tiga|(?:ke)?empat|lima|enam|tujuh|delapan|sembilan)\s+(?:orang\s+)?$"
)
# Right behind a name: it and the names listed before it hold what follows.
TOGETHER = _phrase(r"\b(?:sebagai|selaku)\s*$")
# Right before a name or its titles: that person acts, on another who is named before.
AGENT = _phrase(r"\boleh\s+(?:(?:bapak|ibu|pak|bu)\s+)?$")
# Behind a title: the years in which it was held.
YEARS = _phrase(r"[^.;\n]{0,60}?\b(?:19|20)\d\d\s*(?:hingga|sampai|s/d|[-–])\s*((?:19|20)\d\d)\b")

# Between a title and the province of its phrase.
TO_PROVINCE = _phrase(
    rf"\s*(?:{_BRACKET}|\))?[\s,(]*"
    r"(?:(?:kabupaten|kab\.|kota|kecamatan)\s+\w+(?:\s+\w+){0,2},\s*)?"
    r"(?:(?:provinsi|prov\.?|propinsi|pemprov|pemerintah|daerah|wilayah|pada|di|lingkup"
    r"|lingkungan|dan|se|untuk|kantor|perwakilan)\b[\s.-]*)*"
)
# The same where the province is but the seat's constituency.
TO_CONSTITUENCY = _phrase(r"[\s,(]*(?:dari\s+)?(?:dapil|daerah\s+pemilihan|asal)\s+")

# Between two provinces, the second in brackets.
AGAIN = _phrase(r"\s*\([^()]{0,40}")
# Between two titles of one person. ``rank``: only a rank may follow.
TO_TITLE = _phrase(
    rf"\s*(?:{_BRACKET})?\s*(?:|/|\(|\)"
    r"|(?P<rank>\)?(?-i:(?:\s*[A-Z][\w.]*){0,3})\s*,?)"
    r"|,?\s*(?:sekaligus|selaku|merangkap|yakni|yaitu"
    r"|(?:yang\s+)?juga(?:\s+(?:sebagai|merupakan|menjabat))*)(?:\s+sebagai)?)\s*"
)

# Between a title and the name that follows. ``comma``: a looser tie.
TO_NAME = _phrase(
    rf"\s*(?:{_BRACKET}|\))?\s*"
    r"(?:(?:terpilih|definitif|aktif|non[\s-]?aktif|petahana|(?:yang\s+)?baru|saat\s+ini|setempat"
    r"|periode\s+[\d\s/–-]+)\s*)?(?P<comma>[,:–-]?)\s*(?:\.(?=\S))?"
    r"(?:(?:yakni|yaitu|atas\s+nama|bernama|adalah|(?:yang\s+)?dijabat(?:\s+oleh)?|oleh)\s+)?"
    rf"{_ADDRESS}[(“\"]?\s*"
)
# The same past the unit, the party or an aside, which stand outside the title.
LOOSELY_TO_NAME = _phrase(
    r"\)?(?:(?:\s+(?:(?i:dari|fraksi|partai|di|pada|bidang|asal|daerah|wilayah|kelas|kabupaten"
    r"|kota|provinsi|dapil)\b|[A-Z0-9][\w.&/–-]*|\([^()]*\)|-))*\s*(?P<comma>,?)"
    r"|,?\s+yang\s+(?:juga|sekaligus|merupakan|adalah)\s+[^.;\n]{3,60}?)\s*"
    rf"(?i:{_ADDRESS})",
    cased=True,
)
# Between a name and the title that follows.
FROM_NAME = _phrase(
    r"[\s.)\d]*,?\s*(?:\([^()]*\)\s*,?\s*)?(?:"
    r"(?P<bracket>\()"
    r"|(?P<said>(?!(?:dan|dari|oleh|ke|untuk|dalam)\s+(?:\Z|jabatan|posisi))"
    r"(?:(?:yang|juga|saat\s+ini|kini|sekarang|resmi|telah|sudah|akan|akhirnya|dan|untuk|sah"
    r"|kembali|merupakan|adalah|ialah|selaku|sebagai|sekaligus|merangkap|menjabat|menjadi|bertugas"
    r"|terpilih|dilantik|ditunjuk|diangkat|dipercaya|dikukuhkan|dipromosikan|dimutasi(?:kan)?"
    r"|dirotasi|digeser|menduduki|mengisi|menempati|mengemban|jabatan|posisi|tugas|amanah|barunya"
    r"|baru|ke|oleh|dalam|kapasitasnya|dari|salah|satu|seorang|usai|hari|ini|masing-masing)\s+)+)"
    r"|(?P<comma>(?<=,)\s*)"
    r"|[–:=-]\s*"
    r")(?:jabatan\s+|posisi\s+)?"
)
# Between the names, or between the titles, of a list.
IN_A_LIST = _phrase(
    rf"\s*(?:{_BRACKET})?\.?\s*(?:,|,?\s*dan|,?\s*serta|[-–/]|bersama)\s*{_ADDRESS}"
)

# Right before a title that stands alone: the one spoken of says so of himself.
CLAIMED = _phrase(
    r"\b(?:menjabat|statusnya|kapasitasnya|dirinya|jabatannya|tugasnya|posisinya)"
    r"\s+(?:sebagai|selaku|menjadi)\s+$"
)
# Right behind one: it points back.
THIS = _phrase(r"\s+(?:ini|itu)\b")
THAT = _phrase(r"\s+tersebut\b")
# Right before one: it begins a sentence, or is said to have spoken.
SUBJECT = _phrase(
    r"(?:(?:^|[.!?:”\"“\n]\s*)(?-i:[A-Z]\w+(?:\s\w+){0,3},\s+)?|\b(?:kata|ujar|tutur|ungkap|jelas|tegas|ucap|imbuh|tambah|sebut|papar"
    r"|terang|lanjut|beber|pungkas|tandas|menurut)\s+)$"
)
