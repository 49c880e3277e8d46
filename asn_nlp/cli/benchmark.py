"""Time asn_nlp on this machine beside what one would else pick: two stock pipelines, spaCy's CNN,
a CRF, and each engine and graph of the run; the same articles, interleaved rounds, one thread and
all, with the F1 beside it.
"""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from asn_nlp.cli.boundary import DONE
from asn_nlp.cli.parser import command_parser
from asn_nlp.engines.run_folder import open_run
from asn_nlp.errors import AnnotationError, ConfigError, TextError, extra
from asn_nlp.formats import read_articles
from asn_nlp.predictor import open_engine
from asn_nlp.shipped import CORPUS, run_folder

_LARGER = 6  # BERT-base is so much slower that it reads a sixth of the articles
_STEPS = 4  # of training, in a round


def main(arguments: Sequence[str]) -> int:
    parser = command_parser(
        "benchmark", "[--run RUN] [--file FILE] [--cache FOLDER] [--output FOLDER]", __doc__
    )
    parser.add_argument(
        "--run", type=str, default="ready", help="a run folder, or ready for the model that ships"
    )
    parser.add_argument(
        "--file",
        type=Path,
        default=CORPUS / "test.jsonl",
        help="annotated articles; the ready model learned the shipped ones, which flatter its F1",
    )
    parser.add_argument("--articles", type=int, default=24, help="how many are read by the clock")
    parser.add_argument("--rounds", type=int, default=3, help="how often each reads, in turn")
    parser.add_argument(
        "--encoder",
        type=str | None,
        help="of whose shape random weights are timed too: hub name, folder or config.json; by "
        "default BERT-base",
    )
    parser.add_argument(
        "--cache", type=Path | None, help="folder that keeps spaCy's pipeline and the CRF, trained"
    )
    parser.add_argument(
        "--train", type=Path, default=CORPUS / "train.jsonl", help="what they are trained on"
    )
    parser.add_argument("--dev", type=Path, default=CORPUS / "dev.jsonl", help="and chosen by")
    parser.add_argument(
        "--output",
        type=Path | None,
        help="folder for the tables, speed.md, and the plot, speed.svg",
    )
    parser.add_argument(
        "--profile", action="store_true", help="show where the time of one reading goes instead"
    )
    parser.add_argument(
        "--training", action="store_true", help="time training steps beside a stock loop's instead"
    )
    return benchmark(**parser.parse_args(arguments).as_dict())


def benchmark(
    *,
    run: str,
    file: Path,
    articles: int,
    rounds: int,
    encoder: str | None,
    cache: Path | None,
    train: Path,
    dev: Path,
    output: Path | None,
    profile: bool,
    training: bool,
) -> int:
    """Print what was timed, and write it to ``output``.

    Raises:
        AsnError: the run, the file or a number cannot be worked with; nothing has been timed yet.
    """
    opened = open_run(run_folder(run))
    open_engine(opened)
    for name, value in (("articles", articles), ("rounds", rounds)):
        if value < 1:
            raise ConfigError(f"--{name} must be 1 or more, found {value}; leave it out")
    gold = read_articles(file)
    if not gold:
        raise TextError(f"{file} holds no article; name a file of annotated ones")
    if problems := [problem for article in gold for problem in opened.labels.problems(article)]:
        raise AnnotationError(problems)
    with extra("train", "the benchmark"):
        from asn_nlp.benchmark import machine
        from asn_nlp.benchmark.cache import trained_baselines
        from asn_nlp.benchmark.plot import write_plot
        from asn_nlp.benchmark.profile import profile_reading
        from asn_nlp.benchmark.race import race
        from asn_nlp.benchmark.random_run import write_random_run
        from asn_nlp.benchmark.systems import CRF, SPACY, SYSTEMS
        from asn_nlp.benchmark.tables import print_profile, print_race, print_training, write_races
        from asn_nlp.benchmark.training import benchmark_training
        from asn_nlp.cli.quiet import quiet_transformers
        from asn_nlp.encoders import open_tokenizer
    quiet_transformers()
    print(machine.processor())
    if profile:
        print_profile(
            profile_reading(opened, file), words=sum(len(one.text.split()) for one in gold)
        )
        return DONE
    if training:
        print_training(
            benchmark_training(opened.folder, gold[:articles], rounds=rounds, steps=_STEPS)
        )
        return DONE
    threads = sorted({1, machine.cores()})
    trained = trained_baselines(cache, train, dev, opened.labels) if cache else None
    with TemporaryDirectory() as folder:
        random = Path(folder)
        write_random_run(random, open_tokenizer(str(opened.folder)), encoder=encoder)
        races = [
            race(
                "the ready model" if run == "ready" else f"the model {run}",
                SYSTEMS,
                opened.folder,
                file,
                articles=articles,
                rounds=rounds,
                threads=threads,
                baselines=trained,
                scored=True,
            ),
            race(
                f"random weights of the shape of {encoder or 'BERT-base'}",
                [name for name in SYSTEMS if name not in (SPACY, CRF)],
                random,
                file,
                articles=max(1, articles // _LARGER),
                rounds=rounds,
                threads=threads,
                baselines=None,
                scored=False,
            ),
        ]
    for one in races:
        print_race(one)
    if output is not None:
        write_races(races, output / "speed.md", machine=machine.processor())
        write_plot(races[0], output / "speed.svg", machine=machine.processor())
        print(f"written: {output}/speed.md, {output}/speed.svg")
    return DONE
