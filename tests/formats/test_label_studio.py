"""Exports as Label Studio writes them, and tasks as it reads them."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from asn_nlp.articles import Article, EntitySpan, ThemeSpan
from asn_nlp.formats import Problem, label_studio, read_articles, scan, write_articles
from asn_nlp.labels import LabelSet

TEXT = "😀 Bupati Sigi melantik camat.\r\nHujan turun."


def region(start: int, end: int, label: str, *, name: str = "label", text: str | None = None):
    value = {"start": start, "end": end, "labels": [label]}
    if text is not None:
        value["text"] = text
    return {"id": "x", "from_name": name, "to_name": "text", "type": "labels", "value": value}


def choice(label: str, **value: object):
    return {"from_name": "tema", "type": "choices", "value": {"choices": [label], **value}}


def annotation(*result: object, by: object = 1, **others: object):
    return {"id": 9, "completed_by": by, "was_cancelled": False, "result": list(result), **others}


def task(*annotations: object, **data: object):
    return {"id": 5, "data": {"text": TEXT, **data}, "annotations": list(annotations)}


def write(tmp_path: Path, *tasks: object) -> Path:
    path = tmp_path / "export.json"
    path.write_text(json.dumps(tasks), "utf-8")
    return path


def problem(path: Path, format: object = None) -> str:
    (found,) = (one for one in scan(path, format) if isinstance(one, Problem))
    return str(found).replace(str(path), "FILE")


def test_a_full_export_of_any_project_is_read(tmp_path):
    marks = [
        region(2, 8, "TITLE", text="Bupati"),
        region(2, 29, "KARIER", text="Bupati Sigi melantik camat."),
        choice("KINERJA", start=31, end=43, text="Hujan turun."),
        {"type": "relation", "from_id": "x", "to_id": "y"},
        {"type": "textarea", "from_name": "catatan", "value": {"text": ["?"]}},
    ]
    path = write(tmp_path, task(annotation(*marks), url="u", meta={"tanggal": "kemarin"}))
    (article,) = read_articles(path)
    assert article == Article(
        "5",
        TEXT,
        (EntitySpan(2, 8, "TITLE"),),
        (ThemeSpan(2, 29, "KARIER"), ThemeSpan(31, 43, "KINERJA")),
        {"url": "u", "tanggal": "kemarin"},
    )


def test_choices_of_a_whole_task_are_themes_of_the_whole_text(tmp_path):
    (article,) = read_articles(write(tmp_path, task(annotation(choice("KARIER")))))
    assert article.themes == (ThemeSpan(0, len(TEXT), "KARIER"),)


def test_offsets_from_before_code_points_are_read_right(tmp_path):
    marks = [region(3, 9, "TITLE", text="Bupati"), region(10, 14, "PROVINCE")]
    (article,) = read_articles(write(tmp_path, task(annotation(*marks))))
    assert [article.surface(span) for span in article.entities] == ["Bupati", "Sigi"]


def test_offsets_that_cannot_be_told_or_do_not_fit_are_refused(tmp_path):
    told = problem(write(tmp_path, task(annotation(region(2, 8, "TITLE")))))
    assert told.startswith("FILE:1: task 5: offsets must count characters, but whether these count")
    told = problem(write(tmp_path, task(annotation(region(2, 8, "TITLE", text="Camat")))))
    assert "but 2:8 is 'Bupati' and its words are 'Camat'; the text was changed" in told


def test_a_text_of_another_name_is_the_longest_field(tmp_path):
    one = {"id": 3, "data": {"url": "u", "isi": "Apel pagi."}, "annotations": [annotation()]}
    assert read_articles(write(tmp_path, one)) == [Article("3", "Apel pagi.", meta={"url": "u"})]


@pytest.mark.parametrize("key", ["annotations", "completions"])
def test_several_annotators_must_agree_or_be_chosen(tmp_path, key):
    first = annotation(region(2, 8, "TITLE", text="Bupati"), by=1, created_at="2024-01-01")
    second = annotation(by={"id": 2, "email": "b@x"}, created_at="2024-02-01")
    one = task(second, first)
    one[key] = one.pop("annotations")
    path = write(tmp_path, one)
    assert problem(path) == (
        "FILE:1: task 5: 2 people marked it, 1, b@x, and not alike; say whose marks to take "
        "(--annotator NAME, first or last), and compare them with asn-nlp agreement"
    )
    for name, number in (("1", 1), ("first", 1), ("b@x", 0), ("last", 0)):
        (article,) = read_articles(path, label_studio.with_options(annotator=name))
        assert len(article.entities) == number
    assert "'c' is none of those who annotated it, 1, b@x" in problem(
        path, label_studio.with_options(annotator="c")
    )
    assert label_studio.annotators(path) == ["b@x", "1"]
    assert read_articles(write(tmp_path, task(first, {**first, "completed_by": 7})))


def test_what_says_nothing_is_a_problem_and_the_rest_is_read(tmp_path):
    skipped = annotation() | {"was_cancelled": True}
    path = write(
        tmp_path,
        task(skipped),
        task() | {"id": 6},
        task(annotation(region(2, 8, "TITLE") | {"value": {"start": 2, "end": 8}})) | {"id": 7},
        {"id": 8, "data": {"text": 3}},
        {"id": 9},
        {"id": 11, "data": {"text": TEXT}, "predictions": 1.5, "annotations": [{"result": 3}]},
        task(annotation()) | {"id": 10},
    )
    found = list(scan(path))
    assert [one.id for one in found if isinstance(one, Article)] == ["10"]
    told = [str(one).replace(str(path), "FILE") for one in found if isinstance(one, Problem)]
    assert told == [
        "FILE:1: task 5: it was skipped, so it says nothing; annotate it or leave it out",
        "FILE:2: task 6: nobody has annotated it yet; annotate it or leave it out",
        "FILE:3: task 7: the region 2:8 has no label; give it one or remove it",
        "FILE:4: task 8: 'data' must hold a text, but holds 'text'; add it",
        "FILE:5: a task must be an object with its fields in 'data', found {'id': 9}; export the "
        "project as JSON or JSON-MIN",
        "FILE:6: task 11: 'result' must be a list of marks, found 3; mend it",
    ]


def test_a_min_export_is_read(tmp_path):
    own = {"annotator": 1, "annotation_id": 4, "created_at": "c", "updated_at": "u"}
    label = [{"start": 2, "end": 8, "text": "Bupati", "labels": ["TITLE"]}]
    row = {"text": TEXT, "id": 3, "label": label, "themes": "KARIER", "sumber": "s", **own}
    assert read_articles(write(tmp_path, row)) == [
        Article(
            "3",
            TEXT,
            (EntitySpan(2, 8, "TITLE"),),
            (ThemeSpan(0, len(TEXT), "KARIER"),),
            {"sumber": "s"},
        )
    ]
    other = row | {"annotator": 2, "annotation_id": 5, "label": []}
    assert "2 people marked it, 1, 2, and not alike" in problem(write(tmp_path, row, other))
    lost = row | {"themes": ["KARIER", "KINERJA"]}
    assert "which regions its choices 'themes' are of is lost" in problem(write(tmp_path, lost))


def test_predictions_carry_scores_and_the_version_of_the_model(tmp_path):
    path = tmp_path / "tasks.json"
    article = Article("a", TEXT, (EntitySpan(2, 8, "TITLE", 0.75),), (ThemeSpan(2, 30, "K", 0.25),))
    write_articles([article, Article("b", "x")], path, label_studio.with_options(model_version="m"))
    first, second = json.loads(path.read_text("utf-8"))
    (prediction,) = first["predictions"]
    assert (prediction["model_version"], prediction["score"]) == ("m", 0.5)
    assert prediction["result"][0] == {
        "id": "entities-0",
        "from_name": "entities",
        "to_name": "text",
        "type": "labels",
        "value": {"start": 2, "end": 8, "text": "Bupati", "labels": ["TITLE"]},
        "score": 0.75,
    }
    assert second == {"data": {"article_id": "b", "text": "x"}}
    assert read_articles(path) == [article, Article("b", "x")]


def test_the_labelling_configuration_names_what_is_written():
    root = ElementTree.fromstring(label_studio.labelling_config(LabelSet(('A"<', "B"), ("T",))))
    sets = {one.get("name"): [label.get("value") for label in one] for one in root.iter("Labels")}
    assert sets == {"entities": ['A"<', "B"], "themes": ["T"]}
    assert root.find("Text").get("value") == "$text"  # type: ignore[union-attr]
