"""Two stock pipelines of transformers, which together read what one predictor reads."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from transformers import (
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    AutoTokenizer,
    PreTrainedTokenizerBase,
    pipeline,
)

from asn_nlp.articles import Article, EntitySpan
from asn_nlp.config import WindowConfig
from asn_nlp.labels import LabelSet
from asn_nlp.passages import split_passages

STOCK_WINDOW = 512  # tokens that stock pipelines read at once, where the encoder has positions


def open_stock(run: Path, labels: LabelSet) -> Callable[[Sequence[Article]], list[Article]]:
    """The encoder of ``run`` twice, in float32, article by article.

    Once as the run's token classifier over windows of up to 512 tokens, which overlap, and once as
    a text classifier over passages. That one's head is random: its themes cost their time, and are
    not returned. Every token is read.
    """
    tokenizer = AutoTokenizer.from_pretrained(run, trust_remote_code=False)
    tagger = AutoModelForTokenClassification.from_pretrained(
        run, dtype=torch.float32, trust_remote_code=False
    )
    classifier = AutoModelForSequenceClassification.from_pretrained(
        run,
        dtype=torch.float32,
        trust_remote_code=False,
        id2label=dict(enumerate(labels.themes)),
        label2id=dict(labels.theme_ids),
        problem_type="multi_label_classification",
        ignore_mismatched_sizes=True,  # the head of the tagger has other labels
    )
    tokenizer.model_max_length = min(STOCK_WINDOW, tagger.config.max_position_embeddings)
    tag = pipeline(
        "token-classification",
        model=tagger,
        tokenizer=tokenizer,
        device="cpu",
        aggregation_strategy="simple",
        stride=2 * WindowConfig().context,
    )
    classify = pipeline(
        "text-classification",
        model=classifier,
        tokenizer=tokenizer,
        device="cpu",
        top_k=None,
        truncation=True,
    )

    def read(articles: Sequence[Article]) -> list[Article]:
        read = []
        for article in articles:
            classify(list(_passage_texts(article.text, tokenizer)))
            read.append(replace(article, entities=tuple(_entities(tag(article.text))), themes=()))
        return read

    return read


def _entities(groups: Sequence[dict]) -> Iterator[EntitySpan]:
    """Of the pipeline's groups; where windows overlap it may give a mention twice."""
    end = 0
    for group in sorted(groups, key=lambda group: (group["start"], -group["end"])):
        if group["start"] >= end and group["start"] < group["end"]:
            end = group["end"]
            yield EntitySpan(group["start"], end, group["entity_group"], float(group["score"]))


def _passage_texts(text: str, tokenizer: PreTrainedTokenizerBase) -> Iterator[str]:
    """The passages of ``text``, in pieces where one is longer than a text classifier reads."""
    for passage in split_passages(text):
        content = text[passage.start : passage.end]
        pieces = tokenizer(
            content,
            truncation=True,
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
        )["offset_mapping"]
        for offsets in pieces:
            # Special tokens have the empty offsets (0, 0).
            inner = [offset for offset in offsets if offset[0] < offset[1]]
            if inner:
                yield content[inner[0][0] : inner[-1][1]]
