"""``asn-nlp train``: annotated articles to a run folder."""

import os
from collections.abc import Sequence

from asn_nlp.cli.boundary import DONE
from asn_nlp.cli.parser import parse_config
from asn_nlp.config import TrainConfig
from asn_nlp.errors import extra


def main(arguments: Sequence[str]) -> int:
    config = parse_config(TrainConfig, arguments)
    with extra("train", "training"):
        from asn_nlp.cli.quiet import quiet_transformers
        from asn_nlp.training import train
    quiet_transformers()
    folder = train(config)
    if os.environ.get("RANK", "0") == "0":  # of the processes that torchrun started one speaks
        print(f"run: {folder}")
    return DONE
