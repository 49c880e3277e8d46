from asn_nlp.config import EncoderConfig, OptimizerConfig, TrainConfig, WindowConfig
from asn_nlp.labels import ASN_LABELS
from asn_nlp.training.learner import fine_tuner


def test_what_was_fine_tuned_gives_opinions_and_leaves_nothing_behind(tmp_path, news, encoders):
    config = TrainConfig(
        labels=ASN_LABELS,
        encoder=EncoderConfig(str(encoders["bert"])),
        window=WindowConfig(32, 4),
        optimizer=OptimizerConfig(epochs=1, batch_tokens=200),
        output=str(tmp_path / "unused"),
    )
    read = fine_tuner(config, tmp_path)(news[:8])
    opinions = list(read(news[8:10]))
    assert [opinion.article.id for opinion in opinions] == [one.id for one in news[8:10]]
    assert opinions[0].tags.shape[1] == len(ASN_LABELS.tags)
    assert list(tmp_path.iterdir()) == []
