"""One encoder, two heads: tags for tokens, themes for passages; saved and opened here."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional
from transformers import (
    AutoConfig,
    AutoModelForTokenClassification,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from asn_nlp.encoding import IGNORED
from asn_nlp.files import written_whole
from asn_nlp.labels import LabelSet

RUN_FORMAT = 1
RUN_FILE = "run.json"
_THEME_HEAD_FILE = "theme_head.safetensors"
_KNOWN_MENTIONS_FILE = "known_mentions.json"


class RunError(ValueError):
    """A run folder or an encoder cannot be opened; the message says why and what cures it."""


@dataclass(frozen=True, slots=True)
class JointOutput:
    loss: Tensor | None  # ()
    tag_logits: Tensor  # (b, t, tags)
    theme_logits: Tensor  # (k, themes), one row a passage piece


@dataclass(frozen=True, slots=True)
class Reading:
    """How the logits of a trained model are read: tuned on dev, kept beside the weights."""

    window_size: int
    window_context: int
    word_break_cost: float
    outside_bias: float  # added to the log-probability of O; above 0 it takes precision for recall
    theme_thresholds: tuple[float, ...]  # one a theme, in [0, 1]


class JointModel(nn.Module):
    """A stock token classifier and a theme head that share the encoder.

    The theme head reads the mean of a passage's token vectors. The joint loss is the mean
    cross-entropy of the tags plus ``theme_weight`` times the mean binary cross-entropy of the
    themes, whose positives weigh ``theme_positive_weight`` (themes,).
    """

    def __init__(
        self,
        token_classifier: PreTrainedModel,
        labels: LabelSet,
        *,
        theme_weight: float = 1.0,
        theme_positive_weight: Tensor | None = None,
    ) -> None:
        super().__init__()
        self.token_classifier = token_classifier
        self.labels = labels
        self.theme_weight = theme_weight
        self.config = token_classifier.config
        self.theme_head = nn.Linear(self.config.hidden_size, len(labels.themes))
        self.theme_positive_weight: Tensor | None
        self.register_buffer("theme_positive_weight", theme_positive_weight, persistent=False)
        self._hidden: Tensor
        # The stock classifier returns logits alone; the hook keeps the vectors they came from, for
        # every architecture alike.
        token_classifier.base_model.register_forward_hook(self._keep_hidden)

    @property
    def longest_window(self) -> int:
        """How many tokens the encoder has positions for, special ones included."""
        embeddings = getattr(self.token_classifier.base_model, "embeddings", None)
        positions = getattr(embeddings, "position_embeddings", None)
        # RoBERTa and its kin count positions from behind the padding's.
        padding = getattr(positions, "padding_idx", None)
        skipped = 0 if padding is None else padding + 1
        return self.config.max_position_embeddings - skipped

    def _keep_hidden(self, _module: nn.Module, _inputs: object, output: Sequence[Tensor]) -> None:
        self._hidden = output[0]  # (b, t, hidden)

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        pieces: Tensor,
        labels: Tensor | None = None,
        theme_labels: Tensor | None = None,
    ) -> JointOutput:
        """Shapes as ``encoding.collate`` gives them."""
        tag_logits = self.token_classifier(
            input_ids=input_ids, attention_mask=attention_mask
        ).logits
        theme_logits = self.theme_head(piece_means(self._hidden, pieces))
        del self._hidden  # lets its memory go
        loss = None
        if labels is not None and theme_labels is not None:
            loss = functional.cross_entropy(
                tag_logits.flatten(0, 1).float(), labels.flatten(), ignore_index=IGNORED
            )
            if len(pieces):
                loss = loss + self.theme_weight * functional.binary_cross_entropy_with_logits(
                    theme_logits.float(), theme_labels, pos_weight=self.theme_positive_weight
                )
        return JointOutput(loss, tag_logits, theme_logits)

    @classmethod
    def from_encoder(
        cls,
        name: str,
        labels: LabelSet,
        *,
        revision: str | None = None,
        dropout: float | None = None,
        theme_weight: float = 1.0,
        theme_positive_weight: Tensor | None = None,
    ) -> "JointModel":
        """A new model on a pretrained encoder, by hub name or folder.

        The heads are random, unless the folder is that of a run: its heads are gone on with.

        Raises:
            RunError: the encoder is neither a folder nor to be had from the hub.
        """
        config = _opened(AutoConfig, name, revision=revision)
        config.id2label = dict(enumerate(labels.tags))
        config.label2id = dict(labels.tag_ids)
        if dropout is not None:
            for field in _DROPOUT_FIELDS & set(vars(config)):
                setattr(config, field, dropout)
            for field in _ATTENTION_DROPOUT_FIELDS & set(vars(config)):
                setattr(config, field, 0.0)
        classifier = _opened(
            AutoModelForTokenClassification,
            name,
            revision=revision,
            config=config,
            dtype=torch.float32,  # also where the encoder is stored in half precision
            use_safetensors=True,
            attn_implementation="eager",
        )
        model = cls(
            classifier,
            labels,
            theme_weight=theme_weight,
            theme_positive_weight=theme_positive_weight,
        )
        if (head := Path(name) / _THEME_HEAD_FILE).exists():
            model.theme_head.load_state_dict(load_file(head))
        return model

    def save(self, folder: Path, tokenizer: PreTrainedTokenizerBase, reading: Reading) -> None:
        """Write weights, tokeniser, labels and reading; ``run.json`` comes last and marks the
        folder complete."""
        folder.mkdir(parents=True, exist_ok=True)
        self.token_classifier.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        head = {name: value.contiguous() for name, value in self.theme_head.state_dict().items()}
        save_file(head, folder / _THEME_HEAD_FILE)
        with written_whole(folder / RUN_FILE) as file:
            content = {"format": RUN_FORMAT, "labels": asdict(self.labels)}
            json.dump(content | {"reading": asdict(reading)}, file, indent=2)
            file.write("\n")


@dataclass(frozen=True, slots=True)
class Run:
    """An opened run folder."""

    model: JointModel
    tokenizer: PreTrainedTokenizerBase
    reading: Reading


def open_run(folder: Path, *, dtype: torch.dtype = torch.float32) -> Run:
    """Open a run folder for reading articles.

    Raises:
        RunError: a file is missing, the weights are a pickle, or the format is a newer one.
    """
    if not folder.is_dir():
        raise RunError(f"{folder} is no folder; name a run folder that training wrote")
    pickles = sorted(
        path.name for path in folder.iterdir() if path.suffix in {".bin", ".pt", ".pth", ".pkl"}
    )
    if pickles and not (folder / "model.safetensors").exists():
        raise RunError(
            f"{folder} holds {pickles[0]}, a pickle, which can run code when opened; "
            "only safetensors are read: train again, or convert it where you trust it"
        )
    for name in (RUN_FILE, "config.json", "model.safetensors", _THEME_HEAD_FILE, "tokenizer.json"):
        if not (folder / name).exists():
            raise RunError(
                f"{folder} lacks {name}; a run folder needs it, so training was cut off "
                "(resume it) or the folder was copied in part (copy it again)"
            )
    content = json.loads((folder / RUN_FILE).read_text(encoding="utf-8"))
    if content["format"] > RUN_FORMAT:
        raise RunError(
            f"{folder} has run format {content['format']}, newer than {RUN_FORMAT}, the newest "
            "this version reads; upgrade asn_nlp"
        )
    labels = LabelSet(**{name: tuple(values) for name, values in content["labels"].items()})
    reading = content["reading"]
    classifier = AutoModelForTokenClassification.from_pretrained(
        folder, use_safetensors=True, attn_implementation="eager", local_files_only=True
    )
    model = JointModel(classifier, labels)
    model.theme_head.load_state_dict(load_file(folder / _THEME_HEAD_FILE))
    return Run(
        model.to(dtype).eval(),
        AutoTokenizer.from_pretrained(folder, local_files_only=True),
        Reading(**reading | {"theme_thresholds": tuple(reading["theme_thresholds"])}),
    )


def write_known_mentions(folder: Path, surfaces: frozenset[str]) -> None:
    """Keep the surfaces of the entities a run was trained on, to score the others apart."""
    with written_whole(folder / _KNOWN_MENTIONS_FILE) as file:
        json.dump(sorted(surfaces), file, ensure_ascii=False, indent=0)


def read_known_mentions(folder: Path) -> frozenset[str]:
    """What ``write_known_mentions`` kept in a run folder; empty where it holds none."""
    path = folder / _KNOWN_MENTIONS_FILE
    return frozenset(json.loads(path.read_text(encoding="utf-8")) if path.exists() else ())


def open_tokenizer(name: str, *, revision: str | None = None) -> PreTrainedTokenizerBase:
    """The tokeniser of an encoder, by hub name or folder; errors as ``from_encoder``."""
    return _opened(AutoTokenizer, name, revision=revision)


def fast_dtype(device: str) -> torch.dtype:
    """bf16 where the device multiplies it natively, float32 elsewhere."""
    cuda = device.startswith("cuda")
    native = torch.cuda.is_bf16_supported() if cuda else torch.cpu._is_avx512_bf16_supported()
    return torch.bfloat16 if native else torch.float32


def piece_means(hidden: Tensor, pieces: Tensor) -> Tensor:
    """Mean vector (k, hidden) of each piece's tokens.

    Args:
        hidden: token vectors (b, t, hidden).
        pieces: rows of window, start, end (k, 3).
    """
    row, start, end = pieces.unbind(dim=1)
    batch, length, _ = hidden.shape
    # One matrix product over all tokens is cheaper than gathering tokens piece by piece.
    position = torch.arange(batch * length, device=hidden.device)
    first = row * length
    within = (position >= (first + start)[:, None]) & (position < (first + end)[:, None])
    means = within.to(hidden.dtype) @ hidden.flatten(0, 1)
    return means / (end - start).clamp(min=1).unsqueeze(1).to(hidden.dtype)


_DROPOUT_FIELDS = {
    "hidden_dropout_prob",
    "classifier_dropout",
    "classifier_dropout_prob",
    "embedding_dropout",
    "mlp_dropout",
}
# Dropping attention weights takes a quarter of a training step on a processor and gained nothing on
# dev.
_ATTENTION_DROPOUT_FIELDS = {"attention_probs_dropout_prob", "attention_dropout"}


def _opened(factory, name: str, **options):
    try:
        return factory.from_pretrained(name, trust_remote_code=False, **options)
    except (OSError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        if Path(name).is_dir():
            raise RunError(f"the encoder folder {name} cannot be opened: {reason}") from error
        raise RunError(
            f"the encoder {name!r} is no folder and could not be had from the hub ({reason}); "
            "to work offline use configs/default.yaml, whose encoder ships with the package"
        ) from error
