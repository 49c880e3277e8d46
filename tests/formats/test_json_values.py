import io
import json
import re
from itertools import chain, islice, repeat
from unittest.mock import patch

from hypothesis import example, given
from hypothesis import strategies as st

from asn_nlp.formats import json_values
from asn_nlp.formats.json_values import json_rows

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner),
    max_leaves=5,
)  # fmt: skip
LISTS = st.builds(
    lambda values, indent: json.dumps(values, ensure_ascii=False, indent=indent),
    st.lists(VALUES, max_size=5),
    st.sampled_from([None, 1]),
)


def rows(text: str, block: int = 2**20) -> list:
    with patch.object(json_values, "_BLOCK", block):
        return list(json_rows(io.BytesIO(text.encode())))


@given(LISTS, st.integers(1, 9))
@example("[12, 34, 1.5, 1e-5]", 1)
@example("\ufeff[]", 1)
def test_a_list_gives_its_values_however_it_is_cut(text, block):
    values = json.loads(text.removeprefix("\ufeff"))
    found = rows(text, block)
    assert [row.fields for row in found] == values
    assert [row.line for row in found] == list(range(1, len(values) + 1))


def test_a_comma_with_nothing_behind_it_is_told():
    assert "none before ']', but line 1 has ']'" in rows("[null,]")[-1].problem


@given(LISTS, st.data(), st.integers(1, 9))
def test_what_breaks_a_list_is_told_the_same_however_it_is_cut(text, data, block):
    place = data.draw(st.integers(0, len(text)))
    text = text[:place] + data.draw(st.sampled_from(["", "]", "[", ",", '"', "x", "\n"])) + text[
        data.draw(st.integers(place, len(text))) :
    ]  # fmt: skip
    whole, pieces = rows(text), rows(text, block)
    assert [row.fields for row in pieces] == [row.fields for row in whole]
    # How much of the file is quoted behind the place depends on what is held of it.
    told, expected = (
        [row.problem and re.split(" near | with | has ", row.problem)[0] for row in found]
        for found in (pieces, whole)
    )
    assert told == expected
    try:
        json.loads(text)
    except ValueError:
        assert any(expected) or not text.strip()


class Endless(io.RawIOBase):
    """A list of so many values that nobody can hold it."""

    def __init__(self, first: bytes, then: bytes) -> None:
        self._pieces = chain([first], repeat(then))

    def read(self, size: int = -1) -> bytes:
        return b"".join(islice(self._pieces, max(1, size // 1000)))


def test_no_more_is_held_than_a_value_needs():
    found = list(islice(json_rows(Endless(b"[", b'{"text": "Sekda hadir."},')), 100_000))
    assert {row.fields["text"] for row in found} == {"Sekda hadir."}
    with patch.object(json_values, "LONGEST_RECORD", 2**22):
        (long,) = json_rows(Endless(b'["Sekda', b" hadir" * 99))
    assert long.problem.startswith("a record must hold at most ")
    assert long.raw.startswith('"Sekda hadir hadir')
    (broken,) = json_rows(Endless(b"[Sekda", b" hadir"))
    assert "line 1, column 2 breaks it" in broken.problem
