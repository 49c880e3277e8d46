"""A tiny world: articles of invented people, each with entities and themes."""

import pytest

from asn_nlp.articles import Article
from asn_nlp.formats import inline

_SOURCES = {
    "apel": """\
kind: berita
region: Bali

[Kepala Dinas Sosial|T] [Bali|P] Pimpin Apel {DISIPLIN}
DENPASAR - [Wayan Tirta Adnyana, S.Sos|O] menegur 12 pegawai yang terlambat. {DISIPLIN}
“Datang tepat waktu,” kata [Tirta|O].

Hujan turun sampai sore.
""",
    "mutasi": """\
kind: siaran pers
region: Riau

[Bupati Kampar|T] [H. Darwis Lubuk|O] melantik tiga camat, Senin (3/2). {KARIER}
Pejabat lama menyerahkan laporan kinerja dan kunci kantor. {KARIER,KINERJA}
""",
    "aplikasi": """\
kind: portal daerah
region: Gorontalo

Layanan izin kini lewat telepon genggam 😀, ujar [Sekda|T] [Gorontalo|P]. {DIGITALISASI}
""",
}


@pytest.fixture
def tiny_articles() -> list[Article]:
    return [inline.parse(source, name, f"{name}.txt") for name, source in _SOURCES.items()]
