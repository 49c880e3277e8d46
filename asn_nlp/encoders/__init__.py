"""Pretrained encoders by hub name or folder: found, checked, opened, fetched."""

from asn_nlp.encoders.fetching import fetch_encoder
from asn_nlp.encoders.finding import FoundEncoder, find_encoder
from asn_nlp.encoders.opening import open_config, open_model
from asn_nlp.encoders.tokenizers import check_tokenizer, open_tokenizer, unknown_share

__all__ = [
    "FoundEncoder",
    "check_tokenizer",
    "fetch_encoder",
    "find_encoder",
    "open_config",
    "open_model",
    "open_tokenizer",
    "unknown_share",
]
