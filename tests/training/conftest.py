"""A training of seconds, on files of the tiny world."""

import pytest
import torch

from asn_nlp.config import DataConfig, EncoderConfig, OptimizerConfig, TrainConfig, WindowConfig
from asn_nlp.formats import write_articles
from asn_nlp.training import trainer


@pytest.fixture
def config(tmp_path, news, tiny_articles, encoders, monkeypatch) -> TrainConfig:
    # So that figures agree wherever the tests run.
    monkeypatch.setattr(trainer, "fast_dtype", lambda _: torch.float32)
    write_articles(news, tmp_path / "latih.jsonl")
    write_articles(tiny_articles, tmp_path / "uji.jsonl")
    return TrainConfig(
        data=DataConfig(str(tmp_path / "latih.jsonl"), str(tmp_path / "uji.jsonl")),
        encoder=EncoderConfig(str(encoders["bert"])),
        window=WindowConfig(32, 4),
        optimizer=OptimizerConfig(learning_rate=5e-3, epochs=2, batch_tokens=200),
        output=str(tmp_path / "run"),
    )
