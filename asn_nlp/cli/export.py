"""Write the graph of a run into its folder, so that it is read without PyTorch. With --int8 a
smaller and faster graph takes its place, which is scored on dev beside the float32 graph and
refused where it reads worse.
"""

from collections.abc import Sequence
from pathlib import Path

from asn_nlp.cli.boundary import DONE
from asn_nlp.cli.parser import command_parser
from asn_nlp.engines.run_folder import GRAPH
from asn_nlp.errors import ConfigError, extra


def main(arguments: Sequence[str]) -> int:
    parser = command_parser("export", "RUN [--int8 --data.dev FILE ...]", __doc__)
    parser.add_argument("run", type=Path, help="a run folder")
    parser.add_argument("--int8", action="store_true", help="a graph that multiplies in int8")
    data = parser.add_argument_group("What the int8 graph is judged by", name="data")
    data.add_argument(
        "--data.dev", type=Path, nargs="+", default=[], help="annotated articles, not trained on"
    )
    parser.add_argument(
        "--max_loss", type=float, default=0.002, help="of either F1 that the int8 graph may lose"
    )
    given = parser.parse_args(arguments)
    return export(given.run, int8=given.int8, dev=given.data.dev, max_loss=given.max_loss)


def export(run: Path, *, int8: bool, dev: Sequence[Path], max_loss: float) -> int:
    """Write the graph of ``run``, and say where it is and what it costs."""
    if int8 and not dev:
        raise ConfigError(
            "--int8 needs articles that tell whether the smaller graph reads as well; name files "
            "that the run was not trained on: --data.dev FILE"
        )
    if dev and not int8:
        raise ConfigError("--data.dev is for --int8 alone; give both, or neither")
    with extra("train", "writing a graph"):
        from asn_nlp.cli.quiet import quiet_transformers
        from asn_nlp.export.gate import export_int8
        from asn_nlp.export.writing import export_run
    quiet_transformers()
    if int8:
        print(export_int8(run, dev, max_loss=max_loss))
    else:
        export_run(run)
    print(f"graph: {run / GRAPH}")
    return DONE
