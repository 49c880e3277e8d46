"""The conditional random field of the baselines, kept in the file that CRFsuite makes of it."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from asn_nlp.articles import Article
from asn_nlp.baselines import CrfTagger
from asn_nlp.errors import ConfigError, extra
from asn_nlp.files import replaced_whole
from asn_nlp.labels import LabelSet

with extra("train", "the conditional random field"):
    from sklearn_crfsuite import CRF


def train_crf(articles: Sequence[Article], labels: LabelSet, path: Path) -> None:
    trained = CrfTagger.from_articles(articles, labels)
    with replaced_whole(path) as new:
        shutil.copyfile(trained.model.modelfile.name, new)


def open_crf(path: Path) -> CrfTagger:
    """
    Raises:
        ConfigError: the file was made by something else.
    """
    try:
        model = CRF(model_filename=str(path))
        tags = model.classes_
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{path} is no model of CRFsuite ({error}); remove it, and it is trained anew"
        ) from error
    return CrfTagger(model, LabelSet(tuple(sorted({tag[2:] for tag in tags if tag != "O"})), ()))
