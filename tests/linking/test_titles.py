import pytest

from asn_nlp.linking.posts import is_national, is_rank, same_post


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        # before the name
        ("[Bupati|T] [Rudi Hakim|O] hadir.", {"Rudi Hakim": ["Bupati"]}),
        ("[Gubernur|T] [Bali|P], [Rudi Hakim|O], hadir.", {"Rudi Hakim": ["Gubernur"]}),
        (
            "[Kepala Dinas Sosial|T] (Dinsos) Provinsi [Bali|P], Ibu [Ayu Tirta|O], hadir.",
            {"Ayu Tirta": ["Kepala Dinas Sosial"]},
        ),
        (
            "[Kapolres Sigi|T], [AKBP|T] [Rudi Hakim|O], hadir.",
            {"Rudi Hakim": ["Kapolres Sigi", "AKBP"]},
        ),
        (
            "[Menteri Dalam Negeri|T] ([Mendagri|T]) RI, [Rudi Hakim|O], hadir.",
            {"Rudi Hakim": ["Menteri Dalam Negeri", "Mendagri"]},
        ),
        (
            "[Camat Sigi|T] yang juga Ketua Panitia 2018 [Rudi Hakim|O] hadir.",
            {"Rudi Hakim": ["Camat Sigi"]},
        ),
        ("Pak [Bupati|T] ([Rudi Hakim|O]) hadir.", {"Rudi Hakim": ["Bupati"]}),
        (
            "[Danramil Kota|T] [Kapt Inf|T]. [Rudi Hakim|O] hadir.",
            {"Rudi Hakim": ["Danramil Kota", "Kapt Inf"]},
        ),
        ("Warga menyoroti [camat|T]. [Rudi Hakim|O] diam.", {"Rudi Hakim": []}),
        (
            "Dua [anggota DPRD|T] [Rudi Hakim|O] (F-AB) dan [Ayu Tirta|O] hadir.",
            {"Rudi Hakim": ["anggota DPRD"], "Ayu Tirta": ["anggota DPRD"]},
        ),
        # behind it
        ("[Rudi Hakim|O], [Camat Sigi|T], hadir.", {"Rudi Hakim": ["Camat Sigi"]}),
        ("[Rudi Hakim, M.Si|O] ([Asesor|T]) hadir.", {"Rudi Hakim, M.Si": ["Asesor"]}),
        ("[Rudi Hakim|O] selaku [Sekda|T] hadir.", {"Rudi Hakim": ["Sekda"]}),
        (
            "[Rudi Hakim|O] yang kini menjabat sebagai [Sekda|T] hadir.",
            {"Rudi Hakim": ["Sekda"]},
        ),
        ("[Rudi Hakim|O] dilantik menjadi [Camat Sigi|T].", {"Rudi Hakim": ["Camat Sigi"]}),
        # lists, one way and the other
        (
            "[Camat Sigi|T], [Rudi Hakim|O], [Lurah Talise|T], [Ayu Tirta|O], hadir.",
            {"Rudi Hakim": ["Camat Sigi"], "Ayu Tirta": ["Lurah Talise"]},
        ),
        (
            "Hadir [Rudi Hakim|O], [Camat Sigi|T], [Ayu Tirta|O], [Lurah Talise|T].",
            {"Rudi Hakim": ["Camat Sigi"], "Ayu Tirta": ["Lurah Talise"]},
        ),
        (
            "[Gubernur|T] dan [Wakil Gubernur|T] [Bali|P] [Rudi Hakim|O] dan [Ayu Tirta|O].",
            {"Rudi Hakim": ["Gubernur"], "Ayu Tirta": ["Wakil Gubernur"]},
        ),
        (
            "[Rudi Hakim|O] - [Ayu Tirta|O] sebagai [bupati|T] dan [wakil bupati|T].",
            {"Rudi Hakim": ["bupati"], "Ayu Tirta": ["wakil bupati"]},
        ),
        (
            "Hadir [Rudi Hakim|O], [Ayu Tirta|O] dan [Made Arta|O] sebagai [asesor|T].",
            {"Rudi Hakim": ["asesor"], "Ayu Tirta": ["asesor"], "Made Arta": ["asesor"]},
        ),
        # who gives the post does not get it
        (
            "[Ayu Tirta|O] dilantik oleh [Bupati|T] [Rudi Hakim|O] sebagai [Sekda|T].",
            {"Ayu Tirta": ["Sekda"], "Rudi Hakim": ["Bupati"]},
        ),
        # who speaks for its holder does not hold it
        (
            "Saat membacakan sambutan [Bupati Sigi|T], [Rudi Hakim|O] berterima kasih.",
            {"Rudi Hakim": []},
        ),
        # no longer, or not yet
        ("Mantan [Bupati|T] [Rudi Hakim|O] hadir.", {"Rudi Hakim": []}),
        ("[Rudi Hakim|O] yang sebelumnya menjabat [Camat Sigi|T] hadir.", {"Rudi Hakim": []}),
        (
            "[Rudi Hakim|O] yang semula [Camat Sigi|T] dilantik menjadi [Sekda|T].",
            {"Rudi Hakim": ["Sekda"]},
        ),
        (
            "Senin (3/2/2025) [Rudi Hakim|O] hadir. [Rudi|O] menjadi [camat|T] pada 2011-2014.",
            {"Rudi Hakim": []},
        ),
        # a headline with a verb between
        ("[Bupati|T] Puji Kinerja [Rudi Hakim|O]\n\nHujan turun sampai sore.", {"Rudi Hakim": []}),
    ],
)
def test_titles_beside_a_name(told, text, titles):
    assert {people[0]: posts for people, posts, _ in told(text)} == titles


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        (
            "[Bupati Sigi|T] [Rudi Hakim|O] hadir. “Rajinlah,” kata [bupati|T].",
            {"Rudi Hakim": ["Bupati Sigi", "bupati"]},
        ),
        (
            "[Sekretaris Daerah|T] [Ayu Tirta|O] hadir. [Sekda|T] menegur.",
            {"Ayu Tirta": ["Sekretaris Daerah", "Sekda"]},
        ),
        (
            "[Kepala Badan Kepegawaian Daerah|T] [Ayu Tirta|O] hadir. [Kepala BKD|T] menegur.",
            {"Ayu Tirta": ["Kepala Badan Kepegawaian Daerah", "Kepala BKD"]},
        ),
        # another post, another place, an acting one
        (
            "[Gubernur|T] [Bali|P] [Rudi Hakim|O] hadir. [Wakil Gubernur|T] absen.",
            {"Rudi Hakim": ["Gubernur"]},
        ),
        (
            "[Gubernur|T] [Bali|P] [Rudi Hakim|O] hadir. [Gubernur|T] [Riau|P] absen.",
            {"Rudi Hakim": ["Gubernur"]},
        ),
        (
            "[Bupati Sigi|T] [Rudi Hakim|O] hadir. [Bupati Kampar|T] absen.",
            {"Rudi Hakim": ["Bupati Sigi"]},
        ),
        (
            "[Camat Sigi|T] [Rudi Hakim|O] diganti. [Plh Camat Sigi|T] belum ada.",
            {"Rudi Hakim": ["Camat Sigi"]},
        ),
        # of two holders, the one whom the passage speaks of
        (
            "[Bupati Sigi|T] [Rudi Hakim|O] dan [Bupati Kampar|T] [Ayu Tirta|O] hadir.\n"
            "[Ayu|O] menegur pegawai. [Bupati|T] pulang.",
            {"Rudi Hakim": ["Bupati Sigi"], "Ayu Tirta": ["Bupati Kampar", "Bupati"]},
        ),
        # words that point back
        (
            "Kata [Rudi Hakim|O], apel wajib. [Camat Sigi|T] ini menegur.",
            {"Rudi Hakim": ["Camat Sigi"]},
        ),
        (
            "Menurut [Rudi Hakim|O], pria yang kini menjabat sebagai [camat|T], apel wajib.",
            {"Rudi Hakim": ["camat"]},
        ),
        ("Rapat [Rudi Hakim|O] dihadiri [Camat Sigi|T] itu.", {"Rudi Hakim": []}),
    ],
)
def test_titles_alone(told, text, titles):
    assert {people[0]: posts for people, posts, _ in told(text)} == titles


@pytest.mark.parametrize(
    ("short", "full", "same"),
    [
        ("Gubernur", "Penjabat Gubernur", True),
        ("Pj Gubernur", "Gubernur", False),
        ("Gubernur", "Wakil Gubernur", False),
        ("wabup", "Wakil Bupati Sigi", True),
        ("Sekda", "Sekretaris Daerah Kabupaten Sigi", True),
        ("Ketua Baleg", "Ketua Badan Legislasi DPR", True),
        ("anggota DPR", "Anggota Komisi II DPR RI", True),
        ("Kepala Dinas", "Kepala Bidang Mutasi Dinas Sosial", False),
        ("AKP", "AKBP", False),
    ],
)
def test_one_title_may_stand_for_another(short, full, same):
    assert same_post(short, full) is same


def test_ranks_and_national_posts():
    assert all(map(is_rank, ["Brigjen Pol", "AKBP", "Komisaris Besar", "Letnan Kolonel", "Mayjen"]))
    assert not any(map(is_rank, ["Irjen", "Kapolres Sigi", "Inspektur Jenderal Kementerian Agama"]))
    assert all(map(is_national, ["Mendagri", "Wapres", "Anggota Komisi II DPR RI", "Kepala BKN"]))
    assert not any(map(is_national, ["Ketua DPRD", "Sekda", "Kepala Dinas Kesehatan"]))
