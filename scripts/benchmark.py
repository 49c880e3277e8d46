"""python scripts/benchmark.py [--run RUN] [--encoder FOLDER] [--articles 24] [--rounds 3]

Time asn_nlp against stock Hugging Face tools on this processor: reading against two pipelines,
training against a padded loop in float32. Without a run the weights are random, BERT-base.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from jsonargparse import auto_cli
from transformers import AutoTokenizer
from transformers.utils import logging

from asn_nlp.benchmark import (
    benchmark_inference,
    benchmark_training,
    print_benchmark,
    write_random_run,
)
from asn_nlp.config import CORPUS, ENCODER
from asn_nlp.formats import read_articles


def main(
    *,
    run: Path | None = None,
    encoder: str | None = None,
    tokenizer: Path = ENCODER,
    file: Path = CORPUS / "test.jsonl",
    articles: int = 24,
    rounds: int = 3,
    steps: int = 4,
) -> None:
    """Time reading and training.

    Args:
        run: a run folder; by default random weights in the shape of ``encoder``.
        encoder: hub name, folder or config.json of an encoder; by default BERT-base's shape.
        tokenizer: folder of the tokeniser for random weights.
        file: annotated articles to read and train on, JSON Lines.
        articles: how many of them.
        rounds: how often each contestant runs, in turn.
        steps: training steps a round.
    """
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    chosen = read_articles(file)[:articles]
    with TemporaryDirectory() as folder:
        if run is None:
            run = Path(folder)
            write_random_run(run, AutoTokenizer.from_pretrained(tokenizer), encoder=encoder)
        print_benchmark(
            benchmark_inference(run, chosen, rounds=rounds),
            benchmark_training(run, chosen, rounds=rounds, steps=steps),
        )


if __name__ == "__main__":
    auto_cli(main)
