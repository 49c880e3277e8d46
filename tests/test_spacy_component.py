"""The component reads what the predictor reads."""

import pytest

from asn_nlp.predictor import Predictor

spacy = pytest.importorskip("spacy", reason="spaCy is an extra")


def test_it_sets_entities_themes_and_scores_one_by_one_and_in_batches():
    import asn_nlp.spacy_component  # noqa: F401 – where installed, spaCy finds it by its entry point

    nlp = spacy.blank("id")
    nlp.add_pipe("asn_nlp", config={"run": "ready"})
    predictor = Predictor.from_pretrained()
    texts = ["Bupati Kampar menegur pegawai.\r\nHujan turun 😀.", "Sekda melantik camat.", "Hujan."]
    articles = list(predictor.predict(texts))
    assert any(article.entities for article in articles)
    for docs in ([nlp(text) for text in texts], list(nlp.pipe(texts, batch_size=2))):
        for doc, article in zip(docs, articles, strict=True):
            assert doc.text == article.text
            assert [(one.start_char, one.end_char, one.label_) for one in doc.ents] == [
                (span.start, span.end, span.label) for span in article.entities
            ]
            assert [one._.score for one in doc.ents] == pytest.approx(
                [span.score for span in article.entities], abs=1e-5
            )
            scores = [span.score for span in article.themes]  # a batch's last digits may differ
            assert doc.spans["themes"].attrs["scores"] == pytest.approx(scores, abs=1e-5)


def test_the_entry_point_names_the_factory():
    import tomllib
    from importlib import import_module
    from pathlib import Path

    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))
    module, _, name = project["project"]["entry-points"]["spacy_factories"]["asn_nlp"].partition(
        ":"
    )
    assert callable(getattr(import_module(module), name))
