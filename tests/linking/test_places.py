import pytest


def place(records):
    ((_, _, province),) = records
    return province


@pytest.mark.parametrize(
    ("text", "province"),
    [
        # stated: in the phrase of the post, else elsewhere
        ("[Gubernur|T] [Jabar|P] [Rudi Hakim|O] hadir.", "Jawa Barat stated"),
        ("[Kepala BKD|T] Provinsi [NTT|P], [Rudi Hakim|O].", "Nusa Tenggara Timur stated"),
        (
            "Pemprov [Kaltara|P] rapat. [Gubernur|T] [Rudi Hakim|O] hadir.",
            "Kalimantan Utara stated",
        ),
        ("[Bupati Sigi|T] [Rudi Hakim|O] di Sigi, [Sulawesi Tengah|P].", "Sulawesi Tengah stated"),
        # by registry: in the phrase, behind it, or where the article places the post
        ("[Bupati Bulungan|T] [Rudi Hakim|O] hadir.", "Kalimantan Utara registry"),
        ("[Kapolres Sigi|T] [AKBP|T] [Rudi Hakim|O].", "Sulawesi Tengah registry"),
        ("[Sekda|T] Kabupaten Kampar, [Rudi Hakim|O].", "Riau registry"),
        ("Pemkab Wonosobo rapat. [Sekda|T] [Rudi Hakim|O].", "Jawa Tengah registry"),
        ("[Wali Kota Banjar|T] [Rudi Hakim|O].", "Jawa Barat registry"),
        ("[Bupati Banjar|T] [Rudi Hakim|O].", "Kalimantan Selatan registry"),
        ("[Dirlantas Polda Metro Jaya|T] [Rudi Hakim|O].", "DKI Jakarta registry"),
        # older news: a province that was divided later
        ("[Bupati Yalimo|T] [Rudi Hakim|O] tiba di [Papua|P].", "Papua stated"),
        # none: national posts, no post, no place
        ("Di [Bali|P], [Mendagri|T] [Rudi Hakim|O] berpidato.", None),
        ("Di [Bali|P], [Rektor Universitas Sigi|T] [Rudi Hakim|O] hadir.", None),
        ("Di [Bali|P], [anggota Komisi V|T] [Rudi Hakim|O] dari DPR hadir.", None),
        ("[anggota DPR RI|T] dapil [Bali|P] [Rudi Hakim|O] hadir.", None),
        ("Di [Bali|P], mantan [gubernur|T] [Rudi Hakim|O] hadir.", None),
        ("[Sekda|T] [Rudi Hakim|O] hadir.", None),
    ],
)
def test_province_of_a_post(told, text, province):
    assert place(told(text)) == province


def test_the_span_that_states_the_province_is_named(marked):
    from asn_nlp.linking import records

    article = marked("[Bali|P] rapat. Jauh dari sana [Gubernur|T] [Bali|P] [Rudi Hakim|O] hadir.")
    (record,) = records(article)
    assert record.province_span == article.entities[2]
    (record,) = records(marked("[Bupati Bulungan|T] [Rudi Hakim|O] hadir."))
    assert (record.province_span, record.province.iso) == (None, "ID-KU")


def test_a_place_near_the_title_counts_more(told):
    text = "[Riau|P] jauh." + " Hujan turun." * 60 + " Di [Bali|P] [Sekda|T] [Rudi Hakim|O] hadir."
    assert place(told(text)) == "Bali stated"
