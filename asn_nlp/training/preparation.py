"""What a training needs before its first step: labels, encoder and encoded articles."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from transformers import PreTrainedTokenizerBase

from asn_nlp.articles import Article
from asn_nlp.config import TrainConfig, WindowConfig
from asn_nlp.encoders import (
    FoundEncoder,
    check_tokenizer,
    find_encoder,
    open_config,
    open_tokenizer,
)
from asn_nlp.engines.run_folder import Run, run_in
from asn_nlp.errors import ConfigError
from asn_nlp.labels import LabelSet
from asn_nlp.reading.encoding import EncodedArticle, encode_articles
from asn_nlp.training.augmentation import vary_headlines, vary_line_breaks
from asn_nlp.training.data import TrainingData
from asn_nlp.training.loss import Loss, joint_loss, positive_weight
from asn_nlp.training.model import JointModel

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Prepared:
    """
    Attributes:
        begun_with: the run that the encoder is of, if it is one.
        unknown_words: the share of the training articles' words that the tokeniser lacks.
    """

    data: TrainingData
    labels: LabelSet
    found: FoundEncoder
    begun_with: Run | None
    window: WindowConfig
    tokenizer: PreTrainedTokenizerBase
    unknown_words: float
    train_articles: Sequence[EncodedArticle]
    dev_articles: Sequence[EncodedArticle]

    @classmethod
    def of(cls, data: TrainingData, config: TrainConfig) -> "Prepared":
        """
        Raises:
            AnnotationError: a label is not among the run's.
            EncoderError: the encoder cannot be opened, or does not fit.
            RunError: it is a run folder that is damaged.
        """
        labels = config.labels or LabelSet.from_articles(data.train)
        data.check_labels(labels)
        found = find_encoder(config.encoder.name, revision=config.encoder.revision)
        tokenizer = open_tokenizer(found)
        unknown_words = check_tokenizer(
            tokenizer,
            (article.text for article in data.train),
            rows=open_config(found).vocab_size,
            name=found.name,
        )

        begun_with = run_in(found.folder)
        window = config.window
        if begun_with and window == WindowConfig() != begun_with.window:
            window = begun_with.window  # what it was trained in, and is read in best
            logger.warning("windows are those of %s: %s", config.encoder.name, window)
        train = vary_headlines(data.train, share=config.data.headline_case, seed=config.seed)
        train = vary_line_breaks(train, share=config.data.line_breaks, seed=config.seed)
        prepared = cls(data, labels, found, begun_with, window, tokenizer, unknown_words, (), ())
        prepared = replace(
            prepared,
            train_articles=prepared.encoded(train),
            dev_articles=prepared.encoded(data.dev),
        )
        _report_unaligned(prepared.train_articles)
        return prepared

    def settled(self, config: TrainConfig) -> TrainConfig:
        """``config`` with what null stands for."""
        rates = config.optimizer.with_rates(from_run=self.begun_with is not None)
        return replace(config, window=self.window, optimizer=rates)

    def encoded(self, articles: Sequence[Article]) -> list[EncodedArticle]:
        """Articles with their gold."""
        return encode_articles(
            articles, self.tokenizer.backend_tokenizer, self.labels, self.window, with_gold=True
        )

    def model(self, config: TrainConfig) -> JointModel:
        """The encoder, opened, with heads.

        Raises:
            ConfigError: a window is longer than the encoder reads.
            EncoderError: the encoder cannot be opened.
        """
        model = JointModel.from_encoder(self.found, self.labels, dropout=config.encoder.dropout)
        if self.window.size > model.longest_window:
            raise ConfigError(
                f"window.size must be at most {model.longest_window}, the tokens that "
                f"{config.encoder.name} reads at once, but is {self.window.size}; lower it"
            )
        return model

    def loss(self, config: TrainConfig) -> Loss:
        return joint_loss(
            theme_weight=config.optimizer.theme_weight,
            theme_positive_weight=positive_weight(self.train_articles, len(self.labels.themes)),
        )


def _report_unaligned(articles: Sequence[EncodedArticle]) -> None:
    unaligned = sum(article.unaligned for article in articles)
    if unaligned:
        total = sum(len(article.article.entities) for article in articles)
        logger.warning(
            "%d of %d training entities start or end inside a token; they are trained on the whole "
            "tokens they touch ('asn-nlp validate' lists them)",
            unaligned,
            total,
        )
