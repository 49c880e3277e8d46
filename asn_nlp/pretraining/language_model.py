"""Masked language models: an encoder with a prediction head, taken over or new, and its loss."""

import logging
from collections.abc import Sequence

from torch import Tensor
from torch.nn import functional
from transformers import (
    AutoModelForMaskedLM,
    ModernBertConfig,
    ModernBertForMaskedLM,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from asn_nlp.config import PretrainEncoderConfig
from asn_nlp.encoders import FoundEncoder, check_tokenizer, open_model, open_tokenizer
from asn_nlp.errors import EncoderError
from asn_nlp.pretraining.masking import MaskedBatch

logger = logging.getLogger(__name__)

# Those in which the prediction head is all that stands beside the encoder.
_SUPPORTED = ("bert", "camembert", "modernbert", "roberta", "xlm-roberta")


def taken_over(
    found: FoundEncoder, texts: Sequence[str]
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """An encoder with its prediction head, and its tokeniser.

    Args:
        texts: what will be read, for the tokeniser to be tried on.

    Raises:
        EncoderError: it cannot be opened, is of no supported type, or its tokeniser does not fit.
    """
    model, missing = open_model(AutoModelForMaskedLM, found)
    if model.config.model_type not in _SUPPORTED:
        raise EncoderError(
            f"the encoder {found.name!r} is of type {model.config.model_type}, and pretraining "
            f"goes on with {', '.join(_SUPPORTED)} alone; name one of these"
        )
    if missing:
        logger.warning(
            "%s brings no whole prediction head: %d of its weights start at random, and the first "
            "steps are spent on them",
            found.name,
            len(missing),
        )
    tokenizer = open_tokenizer(found)
    check_tokenizer(tokenizer, texts, rows=model.config.vocab_size, name=found.name)
    return model, tokenizer


def new_model(shape: PretrainEncoderConfig, tokenizer: PreTrainedTokenizerBase) -> PreTrainedModel:
    """Random weights in ModernBERT's layers (Warner and others, 2024): gated feed-forward blocks,
    rotary positions, attention mostly local."""
    rotary = {"rope_type": "default", "rope_theta": 10_000.0}
    return ModernBertForMaskedLM(
        ModernBertConfig(
            vocab_size=len(tokenizer),
            hidden_size=shape.hidden_size,
            num_hidden_layers=shape.layers,
            num_attention_heads=shape.heads,
            intermediate_size=shape.intermediate_size,
            local_attention=shape.local_attention,
            layer_types=[
                "sliding_attention" if layer % shape.global_every else "full_attention"
                for layer in range(shape.layers)
            ],
            rope_parameters={"full_attention": rotary, "sliding_attention": dict(rotary)},
            max_position_embeddings=tokenizer.model_max_length,
            pad_token_id=tokenizer.pad_token_id,
            bos_token_id=tokenizer.cls_token_id,
            cls_token_id=tokenizer.cls_token_id,
            eos_token_id=tokenizer.sep_token_id,
            sep_token_id=tokenizer.sep_token_id,
        )
    )


def masked_loss(model: PreTrainedModel, batch: MaskedBatch) -> Tensor:
    """Mean cross-entropy () of the hidden tokens; the head sees their positions alone, which spares
    most of its work."""
    hidden = model.base_model(input_ids=batch.inputs)[0].flatten(0, 1)[batch.positions]
    for name, layer in model.named_children():
        if name != model.base_model_prefix:
            hidden = layer(hidden)  # (k, hidden), at last (k, vocabulary)
    total = functional.cross_entropy(hidden.float(), batch.targets, reduction="sum")
    return total / max(1, len(batch.targets))  # a tiny batch may hide nothing
