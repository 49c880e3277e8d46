"""python tests/hostile/processes.py RUN ENGINE METHOD

Read, then read the same in a pool of processes started by METHOD (fork, forkserver, spawn), and say
whether they agree. By itself, since a process that hangs can only be ended from outside.
"""

import multiprocessing
import sys

import onnxruntime

from asn_nlp import Article, Predictor

TEXTS = ["Gubernur Riau Hasan Basri, M.Si melantik lima pejabat di aula kantor. " * 20] * 8


class Threaded(onnxruntime.SessionOptions):
    """Several threads whatever the machine: they are what a fork loses."""

    def __init__(self) -> None:
        super().__init__()
        self.intra_op_num_threads = 3


def read(predictor: Predictor, text: str) -> Article:
    return predictor(text)


def main(run: str, engine: str, method: str) -> None:
    onnxruntime.SessionOptions = Threaded
    predictor = Predictor.from_pretrained(run, engine=engine)
    if engine == "torch":
        import torch

        torch.set_num_threads(2)
    expected = [predictor(text) for text in TEXTS]
    pieces = [(predictor, text) for text in TEXTS]
    if method == "fork":  # as a worker meets it that was made after the predictor
        global PREDICTOR
        PREDICTOR = predictor
    with multiprocessing.get_context(method).Pool(2) as pool:
        if method == "fork":
            found = pool.map(read_inherited, TEXTS)
        else:
            found = pool.starmap(read, pieces[:2])
    print([spans(one) for one in found] == [spans(one) for one in expected[: len(found)]])


def read_inherited(text: str) -> Article:
    return PREDICTOR(text)


def spans(article: Article) -> list[tuple[int, int, str]]:
    return [(one.start, one.end, one.label) for one in article.spans]


if __name__ == "__main__":
    main(*sys.argv[1:])
