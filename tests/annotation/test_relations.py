"""Records to relations and back, through the tools in which people draw them."""

import json

import pytest

from asn_nlp.annotation.relations import record_rows, relations_of
from asn_nlp.articles import Article, EntitySpan
from asn_nlp.cli import main
from asn_nlp.formats import read_articles, write_articles
from asn_nlp.formats.relations import Relation
from asn_nlp.linking import records

TEXT = (
    "😀 Gubernur Bali Rina Astari hadir.\n"
    "Kata Astari, Sekda Made Sudana ikut. Sudana dan Joko Wirawan diam."
)


def entity(surface: str, label: str, nth: int = 0) -> EntitySpan:
    start = -1
    for _ in range(nth + 1):
        start = TEXT.index(surface, start + 1)
    return EntitySpan(start, start + len(surface), label)


RINA, ASTARI = entity("Rina Astari", "OFFICIAL"), entity("Astari", "OFFICIAL", 1)
MADE, SUDANA = entity("Made Sudana", "OFFICIAL"), entity("Sudana", "OFFICIAL", 1)
JOKO = entity("Joko Wirawan", "OFFICIAL")
GOVERNOR, SECRETARY = entity("Gubernur", "TITLE"), entity("Sekda", "TITLE")
BALI = entity("Bali", "PROVINCE")
ARTICLE = Article("a", TEXT, (RINA, ASTARI, MADE, SUDANA, JOKO, GOVERNOR, SECRETARY, BALI))


def place(span: EntitySpan) -> list[int]:
    return [span.start, span.end]


ROWS = [
    {
        "mentions": [place(RINA), place(ASTARI)],
        "titles": [place(GOVERNOR)],
        "province": {"span": place(BALI), "basis": "stated"},
    },
    {"mentions": [place(MADE), place(SUDANA)], "titles": [place(SECRETARY)], "province": None},
    {"mentions": [place(JOKO)], "titles": [], "province": None},
]


def test_relations_of_any_direction_and_name_make_records():
    drawn = [
        Relation(SUDANA, MADE, ""),
        Relation(GOVERNOR, ASTARI, "jabatan"),
        Relation(ASTARI, RINA, "x"),
        Relation(MADE, SECRETARY, "holds"),
        Relation(GOVERNOR, BALI, "di"),
        Relation(GOVERNOR, SECRETARY, "?"),
    ]
    assert record_rows(ARTICLE, drawn) == ROWS


def test_records_come_back_from_their_relations():
    found = records(ARTICLE)
    assert len(found) == 3
    rows = record_rows(ARTICLE, list(relations_of(found)))
    assert [row["mentions"] for row in rows] == [
        [place(span) for span in record.mentions] for record in found
    ]
    assert [row["titles"] for row in rows] == [
        [place(span) for span in record.titles] for record in found
    ]


@pytest.mark.parametrize("name", ["tasks.json", "folder"])
def test_they_pass_through_label_studio_and_brat(tmp_path, name, capsys):
    write_articles([ARTICLE], tmp_path / "a.jsonl")
    paths = [str(tmp_path / one) for one in ("a.jsonl", name, "back.jsonl", "a.records.jsonl")]
    to = ["--to", "brat"] if name == "folder" else []
    assert main(["convert", paths[0], paths[1], "--relations", *to]) == 0
    assert main(["convert", paths[1], paths[2]]) == 0
    drawn = len(list(relations_of(records(ARTICLE))))
    assert f"{drawn} relations left out; --records FILE keeps them" in capsys.readouterr().err
    assert main(["convert", paths[1], paths[2], "--records", paths[3]]) == 0
    assert f"records: {paths[3]}" in capsys.readouterr().out
    assert read_articles(paths[2]) == [ARTICLE]
    (line,) = (tmp_path / "a.records.jsonl").read_text("utf-8").splitlines()
    assert json.loads(line) == {
        "id": "a",
        "records": record_rows(ARTICLE, list(relations_of(records(ARTICLE)))),
    }


def test_relations_are_for_tools_that_draw_them(tmp_path, capsys):
    write_articles([ARTICLE], tmp_path / "a.jsonl")
    paths = [str(tmp_path / one) for one in ("a.jsonl", "b.csv")]
    assert main(["convert", *paths, "--relations"]) == 2
    assert "relations are written for label-studio and brat, but" in capsys.readouterr().err


def test_relations_of_an_old_export_are_found(tmp_path):
    def region(id: str, start: int, end: int, label: str) -> dict:
        value = {"start": start + 1, "end": end + 1, "text": TEXT[start:end], "labels": [label]}
        return {"id": id, "from_name": "entities", "type": "labels", "value": value}

    result = [
        region("x", *place(RINA), "OFFICIAL"),
        region("y", *place(GOVERNOR), "TITLE"),
        {"type": "relation", "from_id": "x", "to_id": "y", "direction": "right"},
    ]
    task = {"id": 1, "data": {"text": TEXT}, "annotations": [{"result": result}]}
    (tmp_path / "old.json").write_text(json.dumps([task]), "utf-8")
    paths = [str(tmp_path / one) for one in ("old.json", "out.jsonl", "out.records.jsonl")]
    assert main(["convert", *paths[:2], "--records", paths[2]]) == 0
    (line,) = (tmp_path / "out.records.jsonl").read_text("utf-8").splitlines()
    assert json.loads(line)["records"] == [
        {"mentions": [place(RINA)], "titles": [place(GOVERNOR)], "province": None}
    ]
