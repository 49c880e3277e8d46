"""Time asn_nlp against stock Hugging Face tools on this machine: reading against two pipelines,
training against a padded loop in float32. Without a run the weights are random, BERT-base.
"""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from asn_nlp.cli.boundary import DONE
from asn_nlp.cli.parser import command_parser
from asn_nlp.errors import extra
from asn_nlp.formats import read_articles
from asn_nlp.shipped import CORPUS, ENCODER


def main(arguments: Sequence[str]) -> int:
    parser = command_parser("benchmark", "[--run RUN] [--articles 24] [--rounds 3]", __doc__)
    parser.add_argument(
        "--run", type=Path | None, help="a run folder; by default random weights of that shape:"
    )
    parser.add_argument(
        "--encoder",
        type=str | None,
        help="hub name, folder or config.json of an encoder; by default BERT-base's shape",
    )
    parser.add_argument(
        "--tokenizer",
        type=str,
        default=str(ENCODER),
        help="of the random weights: hub name, folder",
    )
    parser.add_argument(
        "--file",
        type=Path,
        default=CORPUS / "test.jsonl",
        help="annotated articles to read and train on",
    )
    parser.add_argument("--articles", type=int, default=24, help="how many of them")
    parser.add_argument("--rounds", type=int, default=3, help="how often each runs, in turn")
    parser.add_argument("--steps", type=int, default=4, help="training steps a round")
    return benchmark(**parser.parse_args(arguments).as_dict())


def benchmark(
    *,
    run: Path | None,
    encoder: str | None,
    tokenizer: str,
    file: Path,
    articles: int,
    rounds: int,
    steps: int,
) -> int:
    """Print the times of reading and training."""
    with extra("train", "the benchmark"):
        from asn_nlp.benchmark import (
            benchmark_inference,
            benchmark_training,
            print_benchmark,
            write_random_run,
        )
        from asn_nlp.cli.quiet import quiet_transformers
        from asn_nlp.encoders import open_tokenizer
    quiet_transformers()
    chosen = read_articles(file)[:articles]
    with TemporaryDirectory() as folder:
        if run is None:
            run = Path(folder)
            write_random_run(run, open_tokenizer(tokenizer), encoder=encoder)
        print_benchmark(
            benchmark_inference(run, chosen, rounds=rounds),
            benchmark_training(run, chosen, rounds=rounds, steps=steps),
        )
    return DONE
