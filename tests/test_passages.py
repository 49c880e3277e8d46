import pytest
from hypothesis import given
from hypothesis import strategies as st

from asn_nlp.passages import Overlap, Passage, marked_passages, overlaps, split_passages

# Letters, digits and whatever outlets and their line ends bring along.
texts = st.text(st.sampled_from("aBé1. \t\r\n\u200b\u2028\x0c\x85\ufeff\u0301😀") | st.characters())


def surfaces(text: str) -> list[str]:
    return [text[passage.start : passage.end] for passage in split_passages(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("  \n\t\n", []),
        ("Apel pagi.\nRapat siang.", ["Apel pagi.", "Rapat siang."]),
        ("Apel pagi.\r\n\r\n  Rapat siang. \r\n", ["Apel pagi.", "Rapat siang."]),
        ("Apel\rRapat", ["Apel", "Rapat"]),
        ("***\n12/3\nApel", ["Apel"]),
        ("😀 Apel\n😀😀", ["😀 Apel"]),
        ("\u200bApel\u200b", ["\u200bApel\u200b"]),
        ("Apel\u2028pagi\x0cini", ["Apel\u2028pagi\x0cini"]),
    ],
)
def test_passages_are_lines_that_hold_a_letter(text, expected):
    assert surfaces(text) == expected


@given(texts)
def test_passages_are_trimmed_lines_in_order(text):
    end = 0
    for passage in split_passages(text):
        surface = text[passage.start : passage.end]
        assert end <= passage.start < passage.end <= len(text)
        assert surface == surface.strip()
        assert not {"\r", "\n"} & set(surface)
        assert any(map(str.isalpha, surface))
        end = passage.end


@given(texts)
def test_no_letter_is_outside_a_passage(text):
    inside = "".join(surfaces(text))
    assert [c for c in inside if c.isalpha()] == [c for c in text if c.isalpha()]


@pytest.mark.parametrize(
    ("span", "marked"),
    [
        ((0, 5), [0]),  # exactly half
        ((0, 4), []),
        ((0, 30), [0, 1]),
        ((6, 17), [1]),
        ((10, 12), []),  # between the two
    ],
)
def test_a_theme_marks_what_it_covers_by_half(span, marked):
    assert marked_passages(*span, [Passage(0, 10), Passage(12, 22)]) == marked


def test_overlaps_are_cut_to_the_passages_they_touch():
    passages = [Passage(0, 10), Passage(12, 22), Passage(30, 40)]
    assert overlaps(7, 30, passages) == [Overlap(0, 7, 10, False), Overlap(1, 12, 22, True)]
