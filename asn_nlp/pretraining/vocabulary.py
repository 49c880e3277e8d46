"""The vocabulary of a new encoder: word pieces learnt from text, and first vectors for them."""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.utils.extmath import randomized_svd
from tokenizers import (
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

_SPECIAL = {
    "pad_token": "[PAD]",
    "unk_token": "[UNK]",
    "cls_token": "[CLS]",
    "sep_token": "[SEP]",
    "mask_token": "[MASK]",
}

# News sites glue words (InilahjambiGubernur): one ends where a capital follows a small letter.
_GLUE = Regex(r"(?<=\p{Ll})(?=\p{Lu})")

_ALPHABET = 400  # characters that have pieces of their own; rarer ones are unknown

_REACH = 4  # neighbours of a token on each side; at distance d one counts 1/d
_DEVIATION = 0.02  # root mean square of a row of first embeddings
_SLICE = 8_000_000  # tokens whose pairs are counted at once, to bound memory


def train_vocabulary(
    texts: Sequence[str], *, size: int, max_length: int
) -> PreTrainedTokenizerBase:
    """A cased WordPiece tokeniser (Schuster and Nakajima, 2012) that parts glued words.

    Args:
        size: pieces at most; text with few different words gives fewer.
        max_length: tokens of the longest input, recorded for those who use the tokeniser.
    """
    alphabet = _alphabet(texts)
    special = list(_SPECIAL.values())
    # Left to itself the trainer numbers continuing letters in random order, breaks ties between
    # pieces by these numbers, and so gives another vocabulary each time (tokenizers issue 1794).
    continuing = [f"##{letter}" for letter in alphabet if letter.isalnum()]
    trainer = trainers.WordPieceTrainer(
        vocab_size=size,
        special_tokens=special + alphabet + continuing,
        initial_alphabet=alphabet,
        limit_alphabet=len(alphabet),
        min_frequency=3,
        show_progress=False,
    )
    draft = _wordpiece({"[UNK]": 0})
    draft.train_from_iterator(texts, trainer)
    pieces = special + sorted(set(draft.get_vocab()) - set(special))
    tokenizer = _wordpiece({piece: number for number, piece in enumerate(pieces)})
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(name, tokenizer.token_to_id(name)) for name in ("[CLS]", "[SEP]")],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        model_max_length=max_length,
        model_input_names=["input_ids", "attention_mask"],
        clean_up_tokenization_spaces=False,
        **_SPECIAL,
    )


def _alphabet(texts: Iterable[str]) -> list[str]:
    """The most frequent characters, most frequent first."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(text)
    seen = [letter for letter in counts if letter.isprintable() and not letter.isspace()]
    return sorted(seen, key=lambda letter: (-counts[letter], letter))[:_ALPHABET]


def _wordpiece(vocabulary: dict[str, int]) -> Tokenizer:
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(strip_accents=False, lowercase=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.BertPreTokenizer(),
            pre_tokenizers.Split(_GLUE, "isolated"),
            pre_tokenizers.Digits(),
        ]
    )
    tokenizer.decoder = decoders.WordPiece()
    return tokenizer


def context_vectors(ids: NDArray[np.integer], *, vocabulary: int, size: int) -> NDArray[np.float32]:
    """First embeddings (vocabulary, size) in which tokens of like contexts are near each other.

    A truncated singular value decomposition of the positive pointwise mutual information of tokens
    and their neighbours, which is what skip-gram embeddings factorise (Levy and Goldberg, 2014),
    with smoothed contexts and the square root of the singular values (Levy, Goldberg and Dagan,
    2015). All rows are equally long, so that rare tokens do not vanish; tokens without a context
    get random rows.

    Args:
        ids: the text's tokens (n,).
    """
    counts = sp.csr_matrix((vocabulary, vocabulary), dtype=np.float32)
    for distance in range(1, _REACH + 1):
        for start in range(0, len(ids), _SLICE):
            part = ids[start : start + _SLICE + distance].astype(np.int64)
            weight = np.full(max(0, len(part) - distance), 1 / distance, dtype=np.float32)
            pairs = part[: len(weight)], part[distance:]
            counts = counts + sp.coo_matrix((weight, pairs), shape=counts.shape).tocsr()
    counts = (counts + counts.T).tocoo()
    totals = np.asarray(counts.sum(axis=1)).ravel()
    contexts = totals**0.75
    information = np.log(counts.data * contexts.sum() / (totals[counts.row] * contexts[counts.col]))
    positive = information > 0
    matrix = sp.csr_matrix(
        (information[positive], (counts.row[positive], counts.col[positive])), shape=counts.shape
    )
    left, values, _ = randomized_svd(matrix, size, n_iter=3, random_state=0)
    factors = left * np.sqrt(values)
    lengths = np.linalg.norm(factors, axis=1, keepdims=True)
    vectors = np.random.default_rng(0).normal(0, _DEVIATION, (vocabulary, size))
    known = lengths.ravel() > 1e-6
    vectors[known] = 0
    vectors[known, : factors.shape[1]] = (factors / np.maximum(lengths, 1e-6))[known]
    vectors[known] *= _DEVIATION * np.sqrt(size)
    return vectors.astype(np.float32)
