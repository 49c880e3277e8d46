"""Runs of random weights, in the shape of any encoder."""

from pathlib import Path
from typing import cast

import torch
from transformers import (
    AutoConfig,
    AutoModelForTokenClassification,
    BertConfig,
    PreTrainedTokenizerBase,
)

from asn_nlp.config import WindowConfig
from asn_nlp.engines.run_folder import write_record
from asn_nlp.labels import ASN_LABELS
from asn_nlp.reading.options import DecodeOptions
from asn_nlp.training.model import JointModel, write_weights


def write_random_run(
    folder: Path, tokenizer: PreTrainedTokenizerBase, *, encoder: str | None = None
) -> None:
    """A run folder with random weights.

    Args:
        encoder: hub name, folder or ``config.json`` that gives the encoder's shape; by default
            BERT-base.
    """
    config = (
        AutoConfig.from_pretrained(encoder, trust_remote_code=False)
        if encoder
        else BertConfig(vocab_size=len(tokenizer))
    )
    config.vocab_size = max(config.vocab_size, len(tokenizer))
    config.pad_token_id = tokenizer.pad_token_id
    config.id2label = dict(enumerate(ASN_LABELS.tags))
    config.label2id = dict(ASN_LABELS.tag_ids)
    classifier = AutoModelForTokenClassification.from_config(config, dtype=torch.float32)
    # Most tokens of news belong to no entity; without this, random weights mark nearly all of them
    # and the time goes into spans.
    with torch.no_grad():
        classifier.classifier.bias[0] += 4
    # A fraction of the passages gets a theme.
    options = DecodeOptions(
        4.0, 0.0, (0.6,) * len(ASN_LABELS.themes), (0.0,) * len(ASN_LABELS.entities)
    )
    folder.mkdir(parents=True, exist_ok=True)
    write_weights(folder, JointModel(classifier, len(ASN_LABELS.themes)), tokenizer, half=False)
    write_record(
        folder, ASN_LABELS, WindowConfig(), options, pad_id=cast(int, tokenizer.pad_token_id)
    )
