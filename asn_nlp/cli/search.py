"""``asn-nlp search``: the options that train best, as a config."""

from collections.abc import Sequence

from asn_nlp.cli.boundary import DONE
from asn_nlp.cli.parser import parse_config
from asn_nlp.config import SearchConfig
from asn_nlp.errors import extra


def main(arguments: Sequence[str]) -> int:
    config = parse_config(SearchConfig, arguments)
    with extra("train", "a search"):
        from asn_nlp.cli.quiet import quiet_transformers
        from asn_nlp.training.search import search
    quiet_transformers()
    best = search(config)
    print(f"config: {best}; asn-nlp train --config {best}")
    return DONE
