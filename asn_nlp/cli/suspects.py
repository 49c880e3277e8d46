"""List annotations that are likely wrong, the least believed first: missing and spurious marks,
wrong edges, labels and themes. Each article is read by a model that learned from the others: one is
fine-tuned for each fold, or with --quick a CRF and linear themes learn; --run reads with a run that
is there. Writes suspects.html, and suspects.json for Label Studio with the model's opinion beside.
The same command goes on after the last fold that was done.
"""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from asn_nlp.articles import Article
from asn_nlp.cli.boundary import DONE
from asn_nlp.cli.parser import command_parser, parse_config
from asn_nlp.config import TrainConfig
from asn_nlp.errors import extra
from asn_nlp.files import claimed, discard, fingerprint
from asn_nlp.formats import label_studio
from asn_nlp.labels import LabelSet
from asn_nlp.predictor import Predictor
from asn_nlp.shipped import run_folder

if TYPE_CHECKING:
    from asn_nlp.reading.opinions import Opinion


def main(arguments: Sequence[str]) -> int:
    parser = command_parser("suspects", "FILE ... --output FOLDER [--quick | --run RUN]", __doc__)
    parser.add_argument("files", type=Path, nargs="+", help="annotated files")
    parser.add_argument("--output", type=Path, required=True, help="folder to write to")
    parser.add_argument("--quick", action="store_true", help="the plain baselines learn: minutes")
    parser.add_argument(
        "--run", type=str | None, help="a run to read with, which has not learned from FILE"
    )
    parser.add_argument("--folds", type=int, default=5, help="models that learn")
    parser.add_argument(
        "--config", type=str | None, help="how to fine-tune: a YAML file as of asn-nlp train"
    )
    parser.add_argument("--encoder", type=str | None, help="hub name or folder, else as configured")
    parser.add_argument("--epochs", type=int | None, help="else as configured")
    given = parser.parse_args(arguments).as_dict()
    file, name, epochs = (given.pop(option) for option in ("config", "encoder", "epochs"))
    config = parse_config(TrainConfig, ["--config", file] if file else [])
    if name is not None:
        config = replace(config, encoder=replace(config.encoder, name=name, revision=None))
    if epochs is not None:
        config = replace(config, optimizer=replace(config.optimizer, epochs=epochs))
    with claimed(given["output"]):
        return suspects(**given, config=config)


def suspects(
    files: Sequence[Path],
    output: Path,
    *,
    config: TrainConfig,
    quick: bool = False,
    run: str | None = None,
    folds: int = 5,
) -> int:
    """Print and write the suspects of ``files``."""
    with extra("annotation", "finding suspects"):
        from asn_nlp.annotation.suspects import find_suspects, review
        from asn_nlp.report.suspects import print_suspects, write_suspects
        from asn_nlp.training.data import read_files
    articles = read_files(files)
    data, kept = fingerprint(*files), output / "folds"
    if run is not None:
        print(
            f"if {run} has learned from these articles, it believes their mistakes too and shows "
            "too few; without --run each is read by a model that has not",
            file=sys.stderr,
        )
        predictor = Predictor.from_pretrained(run_folder(run))
        labels, reader = predictor.labels, run
        opinions = predictor.opinions(articles)
        read = tqdm(opinions, "reading", len(articles), file=sys.stdout, disable=None)
    else:
        labels = LabelSet.from_articles(articles)
        config = replace(config, labels=labels)
        learner = "the baselines" if quick else f"{config.encoder.name} fine-tuned"
        reader = f"{learner}, {folds} folds"
        read = _by_folds(articles, config, kept, data=data, quick=quick, folds=folds)
    found = find_suspects(articles, read, labels=labels)
    page, tasks = output / "suspects.html", output / "suspects.json"
    sources = {
        "data": ", ".join(map(str, files)),
        "fingerprint": data,
        "read by": reader,
    }
    write_suspects(found, page, labels=labels, provenance=sources)
    label_studio.write_review(review(found), tasks, model_version=reader)
    discard(kept)
    print_suspects(found)
    marks = sum(len(article.spans) for article in articles)
    print(f"{len(found):,} suspects beside {marks:,} marks: {page}")
    print(f"for Label Studio: {tasks}")
    return DONE


def _by_folds(
    articles: Sequence[Article],
    config: TrainConfig,
    kept: Path,
    *,
    data: str,
    quick: bool,
    folds: int,
) -> "Iterable[Opinion]":
    from asn_nlp.annotation.folds import fold_opinions

    assert config.labels
    made_with: dict[str, Any] = {"data fingerprint": data, "quick": quick}
    if quick:
        from asn_nlp.baselines import learn_baselines

        learn = learn_baselines(config.labels)
    else:
        from asn_nlp.cli.quiet import quiet_transformers
        from asn_nlp.training.checkpoints import identity
        from asn_nlp.training.learner import fine_tuner

        quiet_transformers()
        encoder = {"name": config.encoder.name, "revision": config.encoder.revision}
        made_with |= identity(config, config.labels, data=data, encoder=encoder)
        learn = fine_tuner(config, kept)
    return fold_opinions(
        articles, learn, folds=folds, seed=config.seed, kept=kept, made_with=made_with
    )
