"""``asn-nlp pretrain``: plain text to an encoder."""

from collections.abc import Sequence

from asn_nlp.cli.boundary import DONE
from asn_nlp.cli.parser import parse_config
from asn_nlp.config import PretrainConfig
from asn_nlp.errors import extra


def main(arguments: Sequence[str]) -> int:
    config = parse_config(PretrainConfig, arguments)
    with extra("train", "pretraining"):
        from asn_nlp.pretraining import pretrain
    print(f"encoder: {pretrain(config)}")
    return DONE
