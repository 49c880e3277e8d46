"""One encoder, two heads, as they are trained: tags for tokens, themes for pieces of passages."""

import logging
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional
from transformers import (
    AutoModelForTokenClassification,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from asn_nlp.encoders import FoundEncoder, open_config, open_model
from asn_nlp.engines.attention import BLOCKED
from asn_nlp.engines.run_folder import THEME_HEAD, open_theme_head, run_in
from asn_nlp.engines.themes import MOST_ATTENTION, ThemeHead
from asn_nlp.errors import RunError, TrainingError
from asn_nlp.export.writing import write_graph
from asn_nlp.labels import LabelSet

logger = logging.getLogger(__name__)

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


@dataclass(frozen=True, slots=True)
class JointOutput:
    tag_logits: Tensor  # (b, t, tags)
    theme_logits: Tensor  # (k, themes), one row a piece of a passage


class ThemeAttention(nn.Module):
    """``engines.themes.ThemeHead`` as it is trained; it begins with the plain mean."""

    def __init__(self, hidden_size: int, n_themes: int) -> None:
        super().__init__()
        of_linear = nn.Linear(hidden_size, n_themes)
        self.weight, self.bias = of_linear.weight, of_linear.bias
        self.attention = nn.Parameter(torch.zeros(n_themes, hidden_size))

    def forward(self, hidden: Tensor, pieces: Tensor) -> Tensor:
        """Logits (k, themes), in float32.

        Args:
            hidden: token vectors (b, t, hidden).
            pieces: rows of window, start, end (k, 3).
        """
        row, start, end = pieces.unbind(dim=1)
        batch, length, _ = hidden.shape
        tokens = hidden.flatten(0, 1)
        evidence = functional.linear(tokens, self.weight).float()  # (b * t, themes)
        scores = functional.linear(tokens, self.attention).float()
        weights = scores.clamp(-MOST_ATTENTION, MOST_ATTENTION).exp()
        # One matrix product over all tokens is cheaper than gathering tokens piece by piece.
        position = torch.arange(batch * length, device=hidden.device)
        first = (row * length)[:, None]
        within = (position >= first + start[:, None]) & (position < first + end[:, None])
        sums = within.float() @ torch.cat([weights * evidence, weights], dim=1)
        read, mass = sums.chunk(2, dim=1)
        return read / mass + self.bias.float()


class JointModel(nn.Module):
    """A stock token classifier and a theme head that share the encoder.

    The theme head reads a passage's token vectors as ``engines.themes`` says.
    """

    def __init__(self, token_classifier: PreTrainedModel, n_themes: int) -> None:
        super().__init__()
        self.token_classifier = token_classifier
        self.config = token_classifier.config
        self.theme_head = ThemeAttention(self.config.hidden_size, n_themes)

    @classmethod
    def from_encoder(
        cls, encoder: FoundEncoder, labels: LabelSet, *, dropout: float | None = None
    ) -> "JointModel":
        """A new model on a pretrained encoder.

        The heads are random, unless it is the folder of a run with the same labels: then its heads
        are gone on with.

        Raises:
            EncoderError: the encoder cannot be opened.
            RunError: it is a run folder that is damaged.
        """
        run = run_in(encoder.folder)
        config = open_config(encoder)
        known = config.id2label == dict(enumerate(labels.tags))
        config.id2label = dict(enumerate(labels.tags))
        config.label2id = dict(labels.tag_ids)
        if dropout is not None:
            for field in _DROPOUT_FIELDS & set(vars(config)):
                setattr(config, field, dropout)
            for field in _ATTENTION_DROPOUT_FIELDS & set(vars(config)):
                setattr(config, field, 0.0)
        classifier, missing = open_model(
            AutoModelForTokenClassification,
            encoder,
            config=config,
            attn_implementation=BLOCKED,
            ignore_mismatched_sizes=True,  # the tags of a run with other labels
        )
        model = cls(classifier, len(labels.themes))
        if run is not None and run.labels == labels:
            kept = asdict(open_theme_head(run))
            model.theme_head.load_state_dict(
                {name: torch.from_numpy(value) for name, value in kept.items()}
            )
        if not known and not any(name.startswith("classifier.") for name in missing):
            # The head of other labels, of which there may be as many.
            head = cast(nn.Linear, classifier.classifier)
            nn.init.normal_(head.weight, std=config.initializer_range)
            nn.init.zeros_(head.bias)
        return model

    @property
    def longest_window(self) -> int:
        """How many tokens the encoder has positions for, special ones included."""
        embeddings = getattr(self.token_classifier.base_model, "embeddings", None)
        positions = getattr(embeddings, "position_embeddings", None)
        # RoBERTa and its kin count positions from behind the padding's.
        padding = getattr(positions, "padding_idx", None)
        skipped = 0 if padding is None else padding + 1
        return self.config.max_position_embeddings - skipped

    def forward(self, input_ids: Tensor, attention_mask: Tensor, pieces: Tensor) -> JointOutput:
        """Shapes as ``reading.encoding.Batch`` gives them."""
        output = self.token_classifier(
            input_ids=input_ids, attention_mask=attention_mask, output_hidden_states=True
        )
        return JointOutput(output.logits, self.theme_head(output.hidden_states[-1], pieces))

    def reading_head(self) -> ThemeHead:
        """A copy of the theme head as reading has it."""
        tensors = self.theme_head.state_dict()
        return ThemeHead(
            **{name: tensor.float().cpu().numpy().copy() for name, tensor in tensors.items()}
        )


def write_weights(
    folder: Path, model: JointModel, tokenizer: PreTrainedTokenizerBase, *, half: bool
) -> None:
    """Write weights, tokeniser and graph of a run; ``write_record`` completes the folder.

    An encoder that cannot be written as a graph is logged; such a run is read by PyTorch.

    Args:
        half: store the weights in half precision.

    Raises:
        TrainingError: a weight is not finite, or not in half precision; nothing is written.
    """
    model.to("cpu", torch.float16 if half else torch.float32)
    if not all(bool(weight.isfinite().all()) for weight in model.parameters()):
        reason = ", or too large for half precision: leave save_fp16 out" if half else ""
        raise TrainingError(
            f"a weight is not finite{reason}; nothing is saved: train anew with lower rates"
        )
    model.token_classifier.save_pretrained(folder)
    head = {name: value.contiguous() for name, value in model.theme_head.state_dict().items()}
    save_file(head, folder / THEME_HEAD)
    tokenizer.save_pretrained(folder)
    try:
        write_graph(model.token_classifier.float(), folder, half=half)
    except RunError as error:
        logger.warning("%s", error)
