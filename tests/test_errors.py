import pytest

from asn_nlp.errors import MissingExtra, extra, nearest
from asn_nlp.labels import ASN_LABELS


def test_nearest_forgives_case_and_slips():
    assert nearest("jam kerja", ASN_LABELS.themes) == "JAM_KERJA"
    assert nearest("Ofisial", ASN_LABELS.entities) == "OFFICIAL"


def test_nearest_of_something_quite_different_is_still_a_known_name():
    assert nearest("", ASN_LABELS.entities) in ASN_LABELS.entities


def test_a_missing_package_names_the_extra_that_brings_it():
    with (
        pytest.raises(
            MissingExtra,
            match=r'a sail needs nowhere, which is not installed; pip install "asn-nlp\[x\]"',
        ),
        extra("x", "a sail"),
    ):
        import nowhere  # noqa: F401
