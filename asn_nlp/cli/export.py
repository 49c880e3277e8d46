"""Write the graph of a run into its folder, so that it is read without PyTorch."""

from collections.abc import Sequence
from pathlib import Path

from asn_nlp.cli.boundary import DONE
from asn_nlp.cli.parser import command_parser
from asn_nlp.errors import extra


def main(arguments: Sequence[str]) -> int:
    parser = command_parser("export", "RUN", __doc__)
    parser.add_argument("run", type=Path, help="a run folder")
    options = parser.parse_args(arguments)
    with extra("train", "writing a graph"):
        from asn_nlp.cli.quiet import quiet_transformers
        from asn_nlp.export import export_run
    quiet_transformers()
    print(f"graph: {export_run(options.run)}")
    return DONE
