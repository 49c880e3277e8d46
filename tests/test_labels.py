from asn_nlp.labels import ASN_LABELS, LabelSet, nearest


def test_tags_begin_with_outside_and_pair_begin_with_inside():
    labels = LabelSet(("A", "B"), ("T",))
    assert labels.tags == ("O", "B-A", "I-A", "B-B", "I-B")


def test_ids_are_places_in_the_lists():
    assert [ASN_LABELS.tag_ids[tag] for tag in ASN_LABELS.tags] == list(range(7))
    assert [ASN_LABELS.theme_ids[theme] for theme in ASN_LABELS.themes] == list(range(12))


def test_nearest_forgives_case_and_slips():
    assert nearest("jam kerja", ASN_LABELS.themes) == "JAM_KERJA"
    assert nearest("Ofisial", ASN_LABELS.entities) == "OFFICIAL"


def test_nearest_of_something_quite_different_is_still_a_known_name():
    assert nearest("", ASN_LABELS.entities) in ASN_LABELS.entities
