"""How much faster than the stock tools: the same articles and weights, rounds interleaved."""

from asn_nlp.benchmark.laps import Inference, Lap, Ratio, Training, speed_up
from asn_nlp.benchmark.random_run import write_random_run
from asn_nlp.benchmark.reading import benchmark_inference
from asn_nlp.benchmark.tables import print_benchmark
from asn_nlp.benchmark.training import benchmark_training

__all__ = [
    "Inference",
    "Lap",
    "Ratio",
    "Training",
    "benchmark_inference",
    "benchmark_training",
    "print_benchmark",
    "speed_up",
    "write_random_run",
]
