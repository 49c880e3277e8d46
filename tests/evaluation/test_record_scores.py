import json

import pytest

from asn_nlp.articles import Article, EntitySpan
from asn_nlp.errors import AnnotationError, EvaluationError
from asn_nlp.evaluation.records import PARTS, pair_records, read_records, score_records
from asn_nlp.evaluation.scores import Score
from asn_nlp.linking import Record
from asn_nlp.provinces import province_of_code

BALI, RIAU = province_of_code("51"), province_of_code("14")


def spans(label, *starts):
    return tuple(EntitySpan(start, start + 1, label) for start in starts)


def record(mentions, titles=(), province=None, basis="stated"):
    return Record(
        "x",
        spans("OFFICIAL", *mentions),
        spans("TITLE", *titles),
        province,
        basis if province else None,
    )


def counts(score: Score) -> tuple[int, int, int]:
    """Correct, predicted and gold."""
    return round(score.recall * score.support), score.predicted, score.support


def test_the_same_records_score_one():
    gold = {"a": [record([0, 9], [3], BALI), record([20])], "b": []}
    scores = score_records(gold, gold)
    for part, total in zip(PARTS, (3, 1, 1, 2), strict=True):
        assert counts(scores[part]) == (total, total, total)
        assert scores[part].f1 == 1


def test_pairs_share_most_mentions_and_what_is_left_counts():
    gold = [record([0, 2, 4], [1], BALI), record([6, 8], [7], RIAU)]
    predicted = [record([4, 6, 8], [7], RIAU), record([0, 2], [1, 5], BALI), record([10])]
    assert pair_records(gold, predicted) == [
        (gold[0], predicted[1]),
        (gold[1], predicted[0]),
        (None, predicted[2]),
    ]
    scores = score_records({"a": gold}, {"a": predicted})
    assert [counts(scores[part]) for part in PARTS] == [(4, 6, 5), (2, 3, 2), (2, 2, 2), (0, 3, 2)]
    assert scores["mentions"].precision == pytest.approx(4 / 6)
    assert scores["mentions"].recall == pytest.approx(4 / 5)
    assert scores["mentions"].interval is None, "one article gives no spread"


def test_figures_have_intervals_over_articles():
    gold = {str(n): [record([0], [1], BALI)] for n in range(20)}
    predicted = {id: [record([0], [1 + int(id) % 2], BALI)] for id in gold}
    score = score_records(gold, predicted)["titles"]
    assert score.f1 == 0.5
    assert score.interval.low < 0.5 < score.interval.high


def test_records_without_a_shared_mention_are_no_pair():
    scores = score_records({"a": [record([0], [1], BALI)]}, {"a": [record([2], [1], BALI)]})
    assert counts(scores["titles"]) == counts(scores["provinces"]) == (0, 1, 1)


def test_a_province_is_right_by_its_code_whatever_the_basis():
    gold = {"a": [record([0], [1], BALI, "stated")]}
    same = score_records(gold, {"a": [record([0], [1], BALI, "registry")]})
    assert same["all right"].recall == 1
    wrong = score_records(gold, {"a": [record([0], [1], RIAU)]})
    assert (counts(wrong["provinces"]), wrong["all right"].recall) == ((0, 1, 1), 0)
    missed = score_records(gold, {"a": [record([0], [1])]})
    assert counts(missed["provinces"]) == (0, 0, 1)


def test_nothing_scores_nothing():
    scores = score_records({}, {})
    assert [counts(scores[part]) for part in PARTS] == [(0, 0, 0)] * 4


def test_every_gold_article_must_be_read():
    message = "needs predicted ones, but 1 have none, the first 'b'; read the same articles"
    with pytest.raises(EvaluationError, match=message):
        score_records({"a": [], "b": []}, {"a": []})


ARTICLE = Article(
    "a",
    "Bupati Sigi Rudi di Bali",
    (
        EntitySpan(0, 11, "TITLE"),
        EntitySpan(12, 16, "OFFICIAL"),
        EntitySpan(20, 24, "PROVINCE"),
    ),
)


def written(tmp_path, *rows):
    path = tmp_path / "gold.records.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    return path


@pytest.mark.parametrize(
    ("province", "expected"),
    [
        (None, (None, None, None)),
        ({"code": "72", "basis": "registry"}, ("Sulawesi Tengah", "registry", None)),
        ({"span": [20, 24], "basis": "stated"}, ("Bali", "stated", ARTICLE.entities[2])),
    ],
)
def test_records_are_read_from_a_file(tmp_path, province, expected):
    row = {"mentions": [[12, 16]], "titles": [[0, 11]], "province": province}
    path = written(tmp_path, {"id": "a", "records": [row]})
    ((one,),) = read_records(path, [ARTICLE]).values()
    assert (one.name, one.mentions, one.titles) == (
        "Rudi",
        ARTICLE.entities[1:2],
        ARTICLE.entities[:1],
    )
    name, basis, span = expected
    assert (one.province and one.province.name, one.basis, one.province_span) == (name, basis, span)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"id": "z", "records": []}, "KeyError: 'z'"),
        ({"id": "a"}, "KeyError: 'records'"),
        (
            {"id": "a", "records": [{"mentions": [[0, 3]], "titles": [], "province": None}]},
            r"KeyError: \(0, 3\)",
        ),
        (
            {
                "id": "a",
                "records": [{"mentions": [[12, 16]], "titles": [], "province": {"span": [0, 11]}}],
            },
            "'Bupati Sigi' is no province",
        ),
    ],
)
def test_what_is_no_record_is_told_with_its_place(tmp_path, row, message):
    path = written(tmp_path, {"id": "a", "records": []}, row)
    with pytest.raises(AnnotationError, match=rf"{path}:2: a line must hold .*{message}"):
        read_records(path, [ARTICLE])
