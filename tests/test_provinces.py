import re

import pytest

from asn_nlp.provinces import (
    find_province,
    find_regencies,
    province_of_code,
    provinces,
    regencies,
)

PAPUAN = {  # Kemendagri, BPS
    "Papua": ("91", "94"),
    "Papua Barat": ("92", "91"),
    "Papua Selatan": ("93", "95"),
    "Papua Tengah": ("94", "96"),
    "Papua Pegunungan": ("95", "97"),
    "Papua Barat Daya": ("96", "92"),
}


def test_there_are_38_provinces_each_with_codes_of_its_own():
    assert len(provinces()) == 38
    for registry in ("name", "kemendagri", "iso", "bps"):
        assert len({getattr(one, registry) for one in provinces()}) == 38
    assert all(re.fullmatch(r"ID-[A-Z]{2}", one.iso) for one in provinces())


def test_the_two_registries_differ_on_papua_alone():
    differing = {
        one.name: (one.kemendagri, one.bps) for one in provinces() if one.kemendagri != one.bps
    }
    assert differing == PAPUAN
    assert {one.iso for one in provinces() if one.name in PAPUAN} == {
        *("ID-PA", "ID-PB", "ID-PS"),
        *("ID-PT", "ID-PE", "ID-PD"),
    }


def test_no_spelling_means_two_provinces():
    spellings = [text for one in provinces() for text in (one.name, *one.spellings)]
    assert len({text.casefold() for text in spellings}) == len(spellings)
    assert all(find_province(text) is not None for text in spellings)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Jabar", "Jawa Barat"),
        ("JAWA  BARAT", "Jawa Barat"),
        ("Provinsi Jawa Barat", "Jawa Barat"),
        ("Pemprov Kaltara", "Kalimantan Utara"),
        ("D.I. Yogyakarta", "DI Yogyakarta"),
        ("DIY", "DI Yogyakarta"),
        ("Daerah Istimewa Jogjakarta", "DI Yogyakarta"),
        ("DKI", "DKI Jakarta"),
        ("Daerah Khusus Ibu Kota Jakarta", "DKI Jakarta"),
        ("Kep. Babel", "Kepulauan Bangka Belitung"),
        ("Nanggroe Aceh Darussalam", "Aceh"),
        ("Papua Barat Daya", "Papua Barat Daya"),
    ],
)
def test_provinces_go_by_many_names(text, name):
    assert find_province(text).name == name


@pytest.mark.parametrize("text", ["", "Sigi", "Bali Utara", "Jawa", "Provinsi", "DI"])
def test_what_is_no_province_is_none(text):
    assert find_province(text) is None


def test_there_are_416_regencies_and_98_cities_in_provinces():
    kinds = [one.kind for one in regencies()]
    assert (kinds.count("kabupaten"), kinds.count("kota"), len(kinds)) == (416, 98, 514)
    assert len({one.kemendagri for one in regencies()}) == 514
    assert len({(one.kind, one.name) for one in regencies()}) == 514
    for one in regencies():
        assert re.fullmatch(r"\d\d\.\d\d", one.kemendagri)
        assert one.province.kemendagri == one.kemendagri[:2]
    assert {one.province for one in regencies()} == set(provinces())


def test_no_spelling_means_two_regencies():
    names = {one.name.casefold() for one in regencies()}
    spellings = [text.casefold() for one in regencies() for text in one.spellings]
    assert len(set(spellings)) == len(spellings)
    assert names & set(spellings) == set()


def test_a_code_without_a_province_is_an_error():
    with pytest.raises(KeyError):
        province_of_code("97")  # BPS has it


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Bupati Bulungan", ["Bulungan"]),
        ("Kab. Timor Tengah Selatan dan TTS", ["Timor Tengah Selatan", "Timor Tengah Selatan"]),
        ("Wali Kota Banjar", ["Banjar kota"]),
        ("Kabupaten Banjar", ["Banjar"]),
        ("OKU Timur", ["Ogan Komering Ulu Timur"]),
        ("Polres Toli-Toli", ["Toli-Toli"]),
        ("Kota Metro", ["Metro kota"]),
        ("Polda Metro Jaya", []),
        ("tts batu, sepanjang pati", []),
        ("Timor Tengah\nSelatan", []),
    ],
)
def test_regencies_in_a_text(text, found):
    told = [
        one.name + (" kota" if text.casefold().find("kota") >= 0 and one.kind == "kota" else "")
        for _, _, one in find_regencies(text)
    ]
    assert told == found


def test_regencies_stand_where_they_are_said_to():
    text = "Dari Kota Palu ke Sigi."
    assert [text[start:end] for start, end, _ in find_regencies(text)] == ["Palu", "Sigi"]
