"""Files of any format in and out of the service."""

import io
import json
import zipfile

import pytest

from asn_nlp.articles import Article, EntitySpan, ThemeSpan
from asn_nlp.errors import ConfigError
from asn_nlp.formats import FORMATS, write_articles
from asn_nlp.formats.records import from_record
from asn_nlp.service.exchange import read_upload

BYTES = {"Content-Type": "application/octet-stream"}
TEXT = "😀 Bupati Sigi Rina Lasut hadir.\nApel pagi."
ARTICLE = Article(
    "satu",
    TEXT,
    (EntitySpan(2, 13, "TITLE"), EntitySpan(14, 24, "OFFICIAL")),
    (ThemeSpan(32, 42, "DISIPLIN"),),
)
SCORED = Article("dua", TEXT, (EntitySpan(2, 13, "TITLE", 0.5),), meta={"url": "u"})
# A file each, a folder, and a file with another beside it; ``tests/formats`` has them all.
KINDS = ("jsonl", "label-studio", "doccano", "table", "brat", "conll")
WRITTEN = [one for one in FORMATS if one.name in KINDS]


def name_of(answer):
    return answer.headers["content-disposition"].removeprefix("attachment; filename*=UTF-8''")


@pytest.mark.parametrize("format", WRITTEN, ids=lambda one: one.name)
def test_what_is_saved_opens_again(client, format):
    articles = [one for one in (ARTICLE, SCORED) if not format.cannot_hold(one)]
    assert articles
    body = [article.to_dict() for article in articles]
    answer = client.post(f"/save?format={format.name}", json=body)
    assert answer.status_code == 200, answer.text
    opened = client.post(f"/open?name={name_of(answer)}", content=answer.content, headers=BYTES)
    assert opened.status_code == 200, opened.text
    assert opened.json()["problems"] == []
    back = sorted(map(from_record, opened.json()["articles"]), key=lambda one: one.id)
    assert back == sorted(articles, key=lambda one: one.id)


def test_what_a_format_cannot_hold_is_named_and_refused_unless_agreed(client):
    body = [ARTICLE.to_dict(), SCORED.to_dict()]
    refused = client.post("/save?format=brat", json=body)
    assert refused.status_code == 409
    assert [error[:46] for error in refused.json()["errors"]] == [
        "article 'dua': brat cannot hold its 1 scores; ",
        "article 'dua': brat cannot hold its 1 fields o",
    ]
    agreed = client.post("/save?format=brat&lossy=true", json=body)
    assert name_of(agreed) == "articles-brat.zip"
    with zipfile.ZipFile(io.BytesIO(agreed.content)) as archive:
        assert sorted(archive.namelist()) == ["dua.ann", "dua.txt", "satu.ann", "satu.txt"]


def test_a_format_that_is_not_written_is_refused(client):
    for name, words in (("brt", "did you mean 'brat'?"), ("news", "not as 'news'")):
        refused = client.post(f"/save?format={name}", json=[])
        assert refused.status_code == 422
        assert words in refused.json()["errors"][0]
    two = client.post("/save?format=text&lossy=true", json=[ARTICLE.to_dict()] * 2)
    assert two.json()["errors"][0].startswith("articles.txt: a text file holds one article")


def test_raw_news_opens_whatever_its_shape():
    for name, content in (
        ("a.txt", "Apel pagi."),
        ("a.csv", "text;url\nApel pagi.;u\n"),
        ("a.json", '[{"text": "Apel pagi."}]'),
        ("a.jsonl", '{"text": "Apel pagi."}'),
    ):
        articles, problems = read_upload(name, content.encode())
        assert [one.text for one in articles] == ["Apel pagi."], name
        assert problems == []


def test_what_is_broken_is_told_without_our_folders(client):
    good, bad = json.dumps(ARTICLE.to_dict()), json.dumps({"id": "x", "text": "a"})
    content = f"{good}\n{bad}\n"
    opened = client.post("/open?name=../../mine.jsonl", content=content, headers=BYTES).json()
    assert [from_record(one) for one in opened["articles"]] == [ARTICLE]
    assert opened["problems"] == [
        "mine.jsonl:2: the field 'entities' is missing; add it",
        "mine.jsonl:2: the field 'themes' is missing; add it",
    ]
    empty = client.post("/open?name=a.txt", headers=BYTES).json()
    assert empty["problems"] == ["a.txt: the file holds no article; fill it or leave it out"]
    unnamed = client.post("/open", content=b"x", headers=BYTES)
    assert unnamed.json()["errors"] == ["query.name: Field required; see /openapi.json"]
    refused = client.post("/open?name=a.exe", content=b"x", headers=BYTES)
    assert refused.status_code == 422
    assert "found 'a.exe'; did you mean" in refused.json()["errors"][0]


def test_a_zip_of_files_is_read_file_by_file(tmp_path):
    write_articles([ARTICLE], tmp_path / "one.jsonl")
    write_articles([SCORED], tmp_path / "two.conll")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for file in tmp_path.iterdir():
            archive.write(file, f"deep/{file.name}")
    articles, problems = read_upload("mine.zip", packed.getvalue())
    assert (articles, problems) == ([ARTICLE, SCORED], [])


def test_hostile_zips_stay_in_their_folder_and_small(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("../../out.txt", "Apel pagi.")
    articles, _ = read_upload("mine.zip", packed.getvalue())
    assert [one.text for one in articles] == ["Apel pagi."]
    assert list(tmp_path.rglob("*.txt")) == []
    with pytest.raises(ConfigError, match=r"mine\.zip must be a zip, but: .*; pack it anew"):
        read_upload("mine.zip", b"PK")
    monkeypatch.setattr("asn_nlp.service.exchange._MOST_UNPACKED", 5)
    with pytest.raises(ConfigError, match="a zip may hold 5 bytes, found 10; divide it"):
        read_upload("mine.zip", packed.getvalue())
