"""Fit the scores of a run to annotated articles that it was not trained on, so that they are the
probability of being right. Which spans are read stays as it was.
"""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from asn_nlp.cli.boundary import DONE, FOUND
from asn_nlp.cli.parser import command_parser
from asn_nlp.engines.inference import article_logits
from asn_nlp.engines.run_folder import open_run, open_theme_head, open_tokenizer, rewrite_record
from asn_nlp.errors import ConfigError
from asn_nlp.formats import read_articles
from asn_nlp.predictor import open_engine
from asn_nlp.reading.encoding import encode_articles
from asn_nlp.reading.fitting import fit_calibration
from asn_nlp.shipped import run_folder


def main(arguments: Sequence[str]) -> int:
    parser = command_parser("calibrate", "RUN FILE [--output FOLDER]", __doc__)
    parser.add_argument("run", help="a run folder, or ready for the model that ships")
    parser.add_argument("file", type=Path, help="annotated articles; a hundred are not too many")
    parser.add_argument(
        "--output",
        type=Path | None,
        help="folder for a copy of the run, which is calibrated in its place; needed for ready",
    )
    return calibrate(**parser.parse_args(arguments).as_dict())


def calibrate(run: str, file: Path, *, output: Path | None = None) -> int:
    """Write the calibration of ``run`` by ``file``, and say what it is worth."""
    if output is None and run == "ready":
        raise ConfigError("the model that ships stays as it is; name an --output for a copy")
    if output is not None and output.exists():
        raise ConfigError(f"--output must be a new folder, but {output} exists; name another")
    opened = open_run(run_folder(run))
    gold = read_articles(file)
    if problems := [problem for article in gold for problem in opened.labels.problems(article)]:
        raise ConfigError(f"{file}: {problems[0]}")
    encoded = encode_articles(gold, open_tokenizer(opened), opened.labels, opened.window)
    logits = article_logits(
        open_engine(opened), open_theme_head(opened), encoded, pad_id=opened.pad_id
    )
    calibration = fit_calibration(encoded, logits, gold, opened.labels, opened.options)
    if calibration is None:
        return FOUND
    if output is not None:
        shutil.copytree(opened.folder, output)
    folder = output or opened.folder
    rewrite_record(replace(opened, folder=folder, calibration=calibration))
    for kind, side in (("entities", calibration.entities), ("themes", calibration.themes)):
        if side:
            print(
                f"{kind}: expected calibration error {side.error_before:.3f} before, "
                f"{side.error:.3f} after (on articles held out), {side.spans:,} spans"
            )
    print(f"calibrated: {folder}")
    return DONE
