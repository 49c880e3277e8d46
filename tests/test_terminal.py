import io
import re
import sys

import pytest

from asn_nlp.terminal import SECTION, print_line, print_table

ROWS = [("Bali", "1,200", "0.5"), SECTION, ("Nusa Tenggara Barat", "7", "–")]


@pytest.fixture
def wide(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")


@pytest.mark.usefixtures("wide")
def test_names_stand_left_and_figures_right_below_the_title(capsys):
    print_table(("province", "articles", "F1"), ROWS, title="By province")
    assert capsys.readouterr().out.splitlines() == [
        "By province",
        "province               articles    F1",
        "-------------------  ----------  ----",
        "Bali                      1,200   0.5",
        "-------------------  ----------  ----",
        "Nusa Tenggara Barat           7     –",
        "",
    ]


@pytest.mark.usefixtures("wide")
def test_a_table_without_rows_has_its_headings(capsys):
    print_table(("province", "articles"), [])
    assert capsys.readouterr().out.split()[:2] == ["province", "articles"]


@pytest.mark.parametrize("width", [1, 10, 40])
def test_what_is_too_wide_wraps_and_is_all_there(monkeypatch, capsys, width):
    monkeypatch.setenv("COLUMNS", str(width))
    words = "Bupati Sigi Rina Astari hadir di lapangan"
    print_table(("mark", "words a second"), [(words, "12"), ("pendek", "3")])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= max(width, 22)
    assert set(words.split()) < set(" ".join(lines).split())
    assert [line for line in lines if re.fullmatch(r"pendek +3", line)]


def test_a_text_cannot_steer_the_terminal(capsys):
    steering = "\x1b]0;judul\x07\x1b[2J\x9b31m\r\b\x7f"
    print_line(f"Bupati{steering} Sigi\nhadir")
    print_table(("\x1b[1m", steering), [(steering, "\x01"), ("a\nb\tc", "é [b] :smile:")])
    told = capsys.readouterr().out
    assert set(re.findall(r"[\x00-\x1f\x7f-\x9f]", told)) == {"\n"}
    assert told.splitlines()[0] == (r"Bupati\x1b]0;judul\x07\x1b[2J\x9b31m\r\x08\x7f Sigi\nhadir")
    assert r"a\nb\tc" in told
    assert "é [b] :smile:" in told


@pytest.mark.parametrize(("encoding", "shown"), [("ascii", r"\u2013 \xe9"), ("cp1252", "– é")])
def test_what_an_encoding_lacks_is_escaped(monkeypatch, encoding, shown):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding))
    print_line("– é \ud800")
    print_table(("– é",), [("– é",)], title="– é")
    sys.stdout.flush()
    assert raw.getvalue().decode(encoding).count(shown) == 4
