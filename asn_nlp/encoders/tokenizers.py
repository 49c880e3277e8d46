"""The tokeniser that belongs to an encoder's vocabulary, and whether it fits encoder and text."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from transformers import AutoTokenizer, BertTokenizer, PreTrainedTokenizerBase

from asn_nlp.encoders.finding import FoundEncoder, find_encoder
from asn_nlp.encoders.opening import told_opening
from asn_nlp.errors import EncoderError

MOST_UNKNOWN = 0.05  # of the words; IndoBERT leaves less than 0.001 of Indonesian news unknown
_FEWEST_OF_ROWS = 0.1  # IndoBERT fills 0.61 of its rows
_SPECIAL = re.compile(r"\[.*\]|<.*>")


def open_tokenizer(
    name: str | FoundEncoder, *, revision: str | None = None
) -> PreTrainedTokenizerBase:
    """The tokeniser of an encoder, by hub name or folder.

    A ``vocab.txt`` of word pieces is read as BERT's, whatever the configuration calls itself:
    IndoBERT-lite's says ALBERT, whose tokeniser would know five tokens and no word.

    Raises:
        EncoderError: as ``find_encoder``, or the files are damaged.
    """
    found = (
        name
        if isinstance(name, FoundEncoder)
        else find_encoder(name, revision=revision, weights=False)
    )
    with told_opening(found):
        options: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
        pieces = _word_pieces(found.folder)
        if pieces is None:
            tokenizer = AutoTokenizer.from_pretrained(found.folder, **options)
        else:
            options |= _unsaid(found.folder, pieces)
            tokenizer = BertTokenizer.from_pretrained(found.folder, **options)
    tokenizer.init_kwargs.pop("local_files_only", None)  # else it is saved with the tokeniser
    return tokenizer


def check_tokenizer(
    tokenizer: PreTrainedTokenizerBase, texts: Iterable[str], *, rows: int, name: str
) -> float:
    """The share of the texts' words that are unknown, where the tokeniser may be used at all.

    Args:
        rows: of the encoder's embedding matrix.
        name: of the encoder, for the message.

    Raises:
        EncoderError: it gives no character offsets, its size does not fit the embedding, or it
            leaves more than ``MOST_UNKNOWN`` of the words unknown.
    """
    if not tokenizer.is_fast:
        raise EncoderError(
            f"the tokeniser {type(tokenizer).__name__} of {name!r} gives no character offsets; use "
            "an encoder with a fast tokeniser (a tokenizer.json)"
        )
    highest = max(tokenizer.get_vocab().values(), default=-1)
    if highest >= rows or highest < _FEWEST_OF_ROWS * rows - 1:
        raise EncoderError(
            f"the tokeniser {type(tokenizer).__name__} of {name!r} has {highest + 1:,} tokens, and "
            f"the encoder has {rows:,} embedding rows, so they do not belong together; "
            "put the encoder's own vocab.txt or tokenizer.json into its folder"
        )
    share, examples = _unknown(tokenizer, texts)
    if share > MOST_UNKNOWN:
        raise EncoderError(
            f"the tokeniser {type(tokenizer).__name__} of {name!r} does not know {share:.0%} of "
            f"the training text's words ({', '.join(examples)}), and at most {MOST_UNKNOWN:.0%} "
            "may be unknown; use an encoder for this language and script, or put its own vocab.txt "
            "or tokenizer.json, with the right do_lower_case, into its folder"
        )
    return share


def unknown_share(tokenizer: PreTrainedTokenizerBase, texts: Iterable[str]) -> float:
    """The share of the words, in [0, 1], of which at least a part is unknown."""
    return _unknown(tokenizer, texts)[0]


def _unknown(
    tokenizer: PreTrainedTokenizerBase, texts: Iterable[str]
) -> tuple[float, Sequence[str]]:
    counts = Counter(word for text in texts for word in re.findall(r"\w+", text))
    unknown = tokenizer.unk_token_id
    if unknown is None or not counts:
        return 0.0, ()
    words = [word for word, _ in counts.most_common()]
    ids = tokenizer(words, add_special_tokens=False)["input_ids"]
    missed = [word for word, tokens in zip(words, ids, strict=True) if unknown in tokens]
    return sum(counts[word] for word in missed) / counts.total(), missed[:3]


def _word_pieces(folder: Path) -> list[str] | None:
    """The lines of a ``vocab.txt`` of word pieces; None where the tokeniser is another."""
    path = folder / "vocab.txt"
    if (folder / "tokenizer.json").exists() or not path.exists():
        return None
    pieces = path.read_text(encoding="utf-8").splitlines()
    is_bert = "[UNK]" in pieces and any(piece.startswith("##") for piece in pieces)
    return pieces if is_bert else None


def _unsaid(folder: Path, pieces: Sequence[str]) -> dict[str, Any]:
    """What IndoBERT's ``tokenizer_config.json``, two bytes long, leaves open."""
    said = _json(folder / "tokenizer_config.json")
    words = [piece for piece in pieces if not _SPECIAL.fullmatch(piece)]
    options = {
        "do_lower_case": all(word == word.lower() for word in words),
        "model_max_length": _json(folder / "config.json").get("max_position_embeddings"),
    }
    return {
        name: value for name, value in options.items() if name not in said and value is not None
    }


def _json(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
