"""The JSON API, through the framework's test client."""

import json
import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from asn_nlp.articles import Article
from asn_nlp.config import ServeConfig
from asn_nlp.formats.records import from_record
from asn_nlp.service import make_app
from asn_nlp.service.guard import is_local

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
TEXT = "Bupati Sigi Rina Lasut 😀 menegur pegawai yang terlambat apel.\n\nCuaca cerah."
JSON = {"Content-Type": "application/json"}


def errors(answer, status):
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.json().keys() == {"errors"}
    return answer.json()["errors"]


def test_one_article_is_read_as_the_predictor_reads_it(client, predictor):
    answer = client.post("/predict", json={"id": "a", "text": TEXT, "meta": {"url": "u"}})
    read = from_record(answer.json())
    assert [read.surface(span) for span in read.entities] == ["Bupati Sigi", "Rina Lasut"]
    assert read.meta == {"url": "u"}
    (wanted,) = predictor.predict([Article("a", TEXT)])
    assert [(one.start, one.end, one.label) for one in read.spans] == [
        (one.start, one.end, one.label) for one in wanted.spans
    ]


def test_the_readme_shows_what_is_answered(client):
    sent, shown = re.search(r"-d '(.+)'\n```\n\n```json\n(.+)\n```", README).groups()
    read = client.post("/predict", content=sent, headers=JSON).json()
    assert re.sub(r"0\.\d+", "", json.dumps(read)) == re.sub(
        r"0\.\d+", "", json.dumps(json.loads(shown))
    )


def test_several_are_read_in_order_and_called_by_their_places(client):
    news = [{"text": TEXT}, {"text": "Hujan.", "id": "x", "themes": []}, {"text": TEXT}]
    read = client.post("/predict", json=news).json()
    assert [one["id"] for one in read] == ["0", "x", "2"]
    assert read[0]["entities"] == read[2]["entities"] != []
    assert read[1]["entities"] == []
    assert client.post("/predict", json=[]).json() == []


def test_marks_that_came_are_replaced(client):
    mark = {"start": 0, "end": 1, "label": "OFFICIAL", "score": 1}
    read = client.post("/predict", json={"text": "Hujan.", "entities": [mark]}).json()
    assert read["entities"] == []


def test_records_and_passages_follow_from_an_article(client):
    article = client.post("/predict", json={"text": TEXT}).json()
    (record,) = client.post("/records", json=article).json()
    assert record["name"] == "Rina Lasut"
    assert record["province"]["iso"] == "ID-ST"
    assert record["basis"] == "registry"
    passages = client.post("/passages", json=article).json()
    assert [TEXT[one["start"] : one["end"]] for one in passages] == TEXT.split("\n\n")


def test_health_says_what_the_service_can_do(client, predictor):
    about = client.get("/health").json()
    assert (about["status"], about["run"], about["articles"]) == ("ok", "ready", 3)
    assert tuple(about["themes"]) == predictor.labels.themes
    assert about["entities"]["OFFICIAL"].startswith("#")
    assert {"jsonl", "label-studio", "brat"} <= set(about["formats"])
    assert "news" not in about["formats"]
    assert {".jsonl", ".csv", ".zip"} <= set(about["endings"])


def test_what_is_too_much_is_413(client):
    (error,) = errors(client.post("/predict", json=[{"text": TEXT}] * 4), 413)
    assert error == "a request may hold 3 articles, found 4; divide it"
    words = "a body may have 1 megabytes, but has more; divide it"
    assert errors(client.post("/predict", json={"text": "x" * 2**20}), 413) == [words]
    pieces = (b'"' + b"x" * 2**16 for _ in range(20))  # without a length that is told
    assert errors(client.post("/predict", content=pieces, headers=JSON), 413) == [words]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"text": " "}, "article '0': 'text' must hold the article, but is empty"),
        ({"txt": "a"}, "body.one.text: Field required"),
        ([{"text": 3}], "body.many.0.text: Input should be a valid string"),
        ("a", "body.one: Input should be a valid dictionary"),
        (
            {"text": "a", "entities": [{"start": 0, "end": 9, "label": "X"}]},
            "article '0': X span [0, 9) is out of bounds: the text has 1 characters",
        ),
        (
            {"text": "ab", "entities": [{"start": 0, "end": "1", "label": "X"}]},
            "body.one.entities.0.end: Input should be a valid integer",
        ),
        (
            {"text": "a", "themes": [{"start": 0, "end": 1, "label": "X", "score": 2}]},
            "body.one.themes.0.score: Input should be less than or equal to 1",
        ),
    ],
)
def test_what_breaks_a_rule_is_422(client, body, error):
    assert errors(client.post("/predict", json=body), 422)[0].startswith(error)


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ("{", 422, "JSON decode error"),
        ('{"text": "\\ud800"}', 422, "half a surrogate pair"),
        ('{"text": "a", "meta": {"a": NaN}}', 422, "not JSON compliant"),
        ('{"text": "a", "meta": {"a": %s}}' % ("[" * 200 + "]" * 200), 422, "at most 100 deep"),
        ("[" * 100_000, 400, "error parsing the body"),
    ],
)
def test_hostile_json_is_refused_in_words(client, body, status, error):
    assert error in errors(client.post("/predict", content=body, headers=JSON), status)[0]


def test_a_body_needs_its_content_type(client):
    # What a page elsewhere may send without asking first.
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        headers = {"Content-Type": kind} if kind else {}
        body = json.dumps({"text": TEXT})
        (error,) = errors(client.post("/predict", content=body, headers=headers), 415)
        assert f"must come as Content-Type: application/json, found {kind!r}" in error
        (error,) = errors(client.post("/open?name=a.txt", content=body, headers=headers), 415)
        assert f"as Content-Type: application/octet-stream, found {kind!r}" in error


def test_only_names_of_this_machine_are_answered(client):
    for host in ("127.0.0.1", "localhost:8000", "[::1]:8000"):
        assert client.get("/health", headers={"Host": host}).status_code == 200
    for host in ("evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8000", ""):
        assert client.get("/health", headers={"Host": host}).status_code == 400


def test_elsewhere_any_name_is_answered(predictor):
    app = make_app(predictor, run="r", config=ServeConfig(host="0.0.0.0"))
    assert TestClient(app, base_url="http://news.example").get("/health").status_code == 200


@pytest.mark.parametrize(
    ("host", "local"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("::", False)],
)
def test_hosts_of_this_machine_alone(host, local):
    assert is_local(host) == local


@pytest.mark.parametrize("path", ["/", "/page.js", "/page.css", "/health", "/nowhere"])
def test_every_answer_keeps_the_page_to_itself(client, path):
    headers = client.get(path, headers={"Origin": "http://evil.example"}).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    assert "http" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert not [name for name in headers if name.startswith("access-control")]


def test_the_api_describes_itself_and_loads_nothing(client):
    described = client.get("/openapi.json").json()
    assert described["paths"].keys() == {
        "/health",
        "/predict",
        "/records",
        "/passages",
        "/open",
        "/save",
    }
    assert "Refusal" in json.dumps(described["paths"]["/predict"]["post"]["responses"]["413"])
    for path in ("/docs", "/redoc"):
        assert client.get(path).status_code == 404
    page = client.get("/").text
    assert "//" not in page.replace("http://www.w3.org/2000/svg", "")


def test_a_fault_of_ours_is_500_in_words(predictor, monkeypatch):
    client = TestClient(
        make_app(predictor, run="r"), "http://localhost", raise_server_exceptions=False
    )
    monkeypatch.setattr("asn_nlp.service.app.split_passages", lambda _: 1 / 0)
    (error,) = errors(client.post("/passages", json={"text": TEXT}), 500)
    assert error.startswith("a fault in asn-nlp or below it, ZeroDivisionError")
