"""Fetch an encoder from the hub into a folder that training opens without a network: safetensors, a
tokenizer.json, and source.json, which says where it came from.
"""

from collections.abc import Sequence
from pathlib import Path

from asn_nlp.cli.boundary import DONE
from asn_nlp.cli.parser import command_parser
from asn_nlp.errors import extra


def main(arguments: Sequence[str]) -> int:
    parser = command_parser("fetch-encoder", "NAME --output FOLDER", __doc__)
    parser.add_argument("name", help="hub name, or a folder whose weights are a pickle")
    parser.add_argument("--output", type=Path, required=True, help="the folder to write")
    parser.add_argument("--revision", type=str | None, help="commit id, branch or refs/pr/N")
    parser.add_argument(
        "--trust_pickle",
        action="store_true",
        help="open a pickle where there are no safetensors; only tensors are read from it",
    )
    options = parser.parse_args(arguments)
    with extra("train", "fetching an encoder"):
        from asn_nlp.cli.quiet import quiet_transformers
        from asn_nlp.encoders import fetch_encoder
    quiet_transformers()
    folder = fetch_encoder(
        options.name,
        options.output,
        revision=options.revision,
        trust_pickle=options.trust_pickle,
    )
    print(f"encoder: {folder}")
    return DONE
