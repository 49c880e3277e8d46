from dataclasses import replace
from pathlib import Path

import pytest
from huggingface_hub import ModelCard

from asn_nlp.articles import Article
from asn_nlp.config import EncoderConfig, TrainConfig
from asn_nlp.evaluation import evaluate
from asn_nlp.labels import ASN_LABELS, LabelSet
from asn_nlp.report.card import Part, library_versions, write_model_card

CONFIG = TrainConfig(output="runs/kapal", seed=3)


def written(
    folder: Path,
    gold: list[Article],
    predicted: list[Article],
    *,
    labels: LabelSet = ASN_LABELS,
    config: TrainConfig = CONFIG,
    parts: dict[str, Part] | None = None,
) -> ModelCard:
    report = evaluate(gold, predicted, labels=labels, known_mentions=frozenset({"Bali"}))
    parts = parts or {"train": Part("latih.jsonl", gold[:1]), "dev": Part("uji.jsonl", gold)}
    write_model_card(folder, config, parts, report, fingerprint="0123abcd")
    return ModelCard.load(folder / "README.md")


def test_the_card_tells_what_the_run_is(
    tiny_articles: list[Article], predicted: list[Article], tmp_path: Path
) -> None:
    card = written(tmp_path, tiny_articles, predicted)
    assert card.data.language == "id"
    assert card.data.pipeline_tag == "token-classification"
    lines = card.content.splitlines()
    for line in (
        "# Entities and themes of Indonesian civil-service news",
        "- Entities: `OFFICIAL`, `TITLE`, `PROVINCE`.",
        "| part | source | articles | entities | theme spans |",
        "| train | latih.jsonl | 1 | 4 | 2 |",
        "| dev | uji.jsonl | 3 | 8 | 6 |",
        "Fingerprint of the files: `0123abcd`.",
        "- Encoder: the compact encoder that ships with `asn_nlp`.",
        'predictor = Predictor.from_pretrained("runs/kapal")',
        "article = predictor(text)  # article.entities and article.themes, each span with its "
        "score",
        "- Chosen on dev: the epoch, the cost of a tag change inside a word, the bias towards no "
        "entity, the theme threshold.",
        "Intervals are percentile bootstraps over articles, 1000 samples.",
        f"- torch {library_versions()['torch']}",
    ):
        assert line in lines
    rows = {line.split(" | ")[0]: line.split(" | ") for line in lines}
    assert rows["| entities, micro"][1:4] == ["1.000", "0.625", "0.769"]
    assert "–" in rows["| entities, micro"][4]
    assert rows["| NETRALITAS"][1:4] == ["–", "–", "–"]
    assert {"| OFFICIAL", "| mentions seen in training", "| mentions not seen"} <= rows.keys()
    assert any(line.startswith("Dev never marks BUDAYA_KERJA, ") for line in lines)


@pytest.mark.parametrize(
    ("labels", "said", "unsaid"),
    [
        (
            LabelSet((*ASN_LABELS.entities, "A|B"), ()),
            [
                "# Entities of Indonesian",
                "`PROVINCE`, `A|B`.",
                "# article.entities, each",
                "| dev | uji.jsonl | 3 | 8 |\n",
                "\n| A\\|B | – |",
                "inside a word, the bias towards no entity.",
                "Dev never marks A|B, so nothing is known of how well the run reads such.",
            ],
            ["theme", "Theme", "DISIPLIN"],
        ),
        (
            LabelSet((), ASN_LABELS.themes),
            [
                "# Themes of Indonesian",
                "pipeline_tag: text-classification",
                "# article.themes, each",
                "| dev | uji.jsonl | 3 | 6 |\n",
                "- Chosen on dev: the epoch, the theme threshold.",
            ],
            ["entit", "Entit", "OFFICIAL", "tag change", "token-classification", "mentions"],
        ),
    ],
)
def test_what_is_not_read_is_not_spoken_of(
    labels: LabelSet,
    said: list[str],
    unsaid: list[str],
    tiny_articles: list[Article],
    tmp_path: Path,
) -> None:
    written(tmp_path, tiny_articles, tiny_articles, labels=labels)
    text = (tmp_path / "README.md").read_text("utf-8")
    assert [one for one in said if one not in text] == []
    assert [one for one in unsaid if one in text] == []


def test_the_encoder_is_named_with_its_revision(
    tiny_articles: list[Article], tmp_path: Path
) -> None:
    config = replace(CONFIG, encoder=EncoderConfig(name="org/encoder", revision="abc"))
    card = written(tmp_path, tiny_articles[:1], tiny_articles[:1], config=config)
    assert "- Encoder: `org/encoder`, revision `abc`." in card.content
    assert "Intervals are" not in card.content  # one article gives none
