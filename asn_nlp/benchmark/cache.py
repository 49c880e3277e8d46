"""spaCy's pipeline and the CRF, trained once and kept from one benchmark to the next."""

import logging
from pathlib import Path

from asn_nlp.benchmark.systems import CRF_FILE, SPACY_FOLDER
from asn_nlp.errors import MissingExtra
from asn_nlp.files import fingerprint
from asn_nlp.formats import read_articles
from asn_nlp.labels import LabelSet

logger = logging.getLogger(__name__)


def trained_baselines(cache: Path, train: Path, dev: Path, labels: LabelSet) -> Path:
    """The folder in ``cache`` with what was trained on these files; trains what it has not yet.

    Without spaCy the CRF is there alone.
    """
    folder = cache / fingerprint(train, dev)
    articles = read_articles(train)
    if not (folder / CRF_FILE).exists():
        from asn_nlp.benchmark.crf import train_crf

        logger.warning("training the CRF on %s; it is kept in %s", train, folder)
        train_crf(articles, labels, folder / CRF_FILE)
    if not (folder / SPACY_FOLDER).exists():
        try:
            from asn_nlp.benchmark.spacy_cnn import train_spacy_cnn
        except MissingExtra:  # the benchmark says so where it skips the pipeline
            return folder
        logger.warning("training spaCy's pipeline on %s, for minutes; it is kept too", train)
        train_spacy_cnn(articles, read_articles(dev), labels, folder / SPACY_FOLDER)
    return folder
