"""Pretraining by masked language modelling: plain text in, an encoder that stock tools open out."""

import json
import math
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.utils.data import DataLoader
from tqdm import tqdm
from transformers import AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from asn_nlp.config import PretrainConfig
from asn_nlp.encoders import find_encoder
from asn_nlp.engines.torch import fast_dtype
from asn_nlp.errors import ConfigError, TrainingError
from asn_nlp.files import check_unchanged, claimed, replaced_whole, temporary_folder, written_whole
from asn_nlp.pretraining.language_model import masked_loss, new_model, taken_over
from asn_nlp.pretraining.masking import (
    MaskedBatch,
    MaskedBatches,
    Masker,
    Tokens,
    fixed_batches,
    join,
    tokenise,
)
from asn_nlp.pretraining.optimizer import MasterOptimizer
from asn_nlp.pretraining.plain_text import PlainText, read_text
from asn_nlp.pretraining.vocabulary import context_vectors, train_vocabulary

_RECORD = "pretraining.json"
_STATE = "state.safetensors"
_LONGEST_INPUT = 1024  # tokens; rotary positions need no weights for it
_HELD_OUT_INPUTS = 256  # enough to know the loss to about a hundredth


def pretrain(config: PretrainConfig) -> Path:
    """Pretrain an encoder and return its folder, which ``AutoModel`` and ``AutoTokenizer`` open.

    ``pretraining.json`` beside the weights records the config, a fingerprint of the text, the
    held-out loss after so many tokens, and the versions of the libraries.

    Raises:
        TextError: the text cannot be read or does not suffice.
        EncoderError: the encoder to go on with cannot be had or is of no supported type.
        ConfigError: inputs are too long for the encoder or the text; the output holds something
            else or is being written; or the checkpoint is that of another run.
        TrainingError: the loss is no longer finite.
    """
    with claimed(Path(config.output)):
        return _pretrain_alone(config)


def _pretrain_alone(config: PretrainConfig) -> Path:
    output = Path(config.output)
    checkpoint = output / "checkpoint"
    if config.resume and (output / _RECORD).exists():
        print(f"{output} is complete; nothing to resume")
        return output
    if not config.resume:
        _check_free(output, checkpoint, overwrite=config.overwrite)
        shutil.rmtree(checkpoint, ignore_errors=True)
        (output / _RECORD).unlink(missing_ok=True)
    checkpoint.mkdir(parents=True, exist_ok=True)
    text = read_text(config.data, seed=config.seed)
    reached = _reached(checkpoint, _identity(config, text))
    torch.manual_seed(config.seed)
    if config.encoder.name is not None:
        found = find_encoder(config.encoder.name, revision=config.encoder.revision)
        model, tokenizer = taken_over(found, text.documents)
    else:
        if reached.steps:
            tokenizer = AutoTokenizer.from_pretrained(checkpoint)
        else:
            tokenizer = train_vocabulary(
                _learnt_from(text), size=config.encoder.vocabulary, max_length=_LONGEST_INPUT
            )
            tokenizer.save_pretrained(checkpoint)
        model = new_model(config.encoder, tokenizer)
    longest = min(model.config.max_position_embeddings, tokenizer.model_max_length)
    if config.optimizer.sequence_length > longest:
        raise ConfigError(
            f"the encoder reads {longest} tokens at most, fewer than optimizer.sequence_length "
            f"{config.optimizer.sequence_length}; shorten it"
        )
    parts, held_out = _streams(text, tokenizer, config)
    if config.encoder.name is None and not reached.steps:
        vectors = context_vectors(
            join([stream for stream, _ in parts]).ids,
            vocabulary=model.config.vocab_size,
            size=model.config.hidden_size,
        )
        model.get_input_embeddings().load_state_dict({"weight": torch.from_numpy(vectors)})
    weights = _train(model, tokenizer, parts, held_out, config, reached, checkpoint / _STATE)
    _write_encoder(output, model, weights, tokenizer, config, reached)
    shutil.rmtree(checkpoint)
    return output


def _check_free(output: Path, checkpoint: Path, *, overwrite: bool) -> None:
    for found, cure in (
        (checkpoint / _STATE, "go on with --resume, name another output"),
        (output / _RECORD, "name another output"),
        (output / "config.json", "name another output"),
    ):
        if found.exists() and not overwrite:
            raise ConfigError(
                f"{output} holds a {found.relative_to(output)} already; {cure}, or give "
                "--overwrite to begin anew in its place"
            )


def trapezoid(progress: float, *, warmup: float, decay: float) -> float:
    """The learning rate's factor in [0, 1]: rising, constant, falling to zero.

    Args:
        progress: share of the budget that is spent.
        warmup: share of the budget in which the rate rises.
        decay: share of the budget in which it falls.
    """
    rise = progress / warmup if warmup else 1.0
    fall = (1 - progress) / decay if decay else 1.0
    return max(0.0, min(1.0, rise, fall))


@dataclass
class _Reached:
    """How far a run has come."""

    identity: dict[str, Any]
    steps: int = 0
    tokens: int = 0
    held_out_loss: list[dict[str, float]] = field(default_factory=list)


def _identity(config: PretrainConfig, text: PlainText) -> dict[str, Any]:
    """What stays the same from the first leg of a run to the last; the optimiser's options, for
    instance the budget, may change."""
    encoder = {f"encoder.{name}": value for name, value in asdict(config.encoder).items()}
    data = {f"data.{name}": value for name, value in asdict(config.data).items()}
    del data["data.train"]  # files may be moved, but not changed
    return encoder | data | {"data fingerprint": text.fingerprint, "seed": config.seed}


def _reached(checkpoint: Path, identity: dict[str, Any]) -> _Reached:
    """What the checkpoint says, or a beginning where there is none."""
    path = checkpoint / _STATE
    if not path.exists():
        return _Reached(identity)
    with safe_open(path, framework="pt") as file:
        reached = _Reached(**json.loads(file.metadata()["reached"]))
    check_unchanged(checkpoint, reached.identity, identity)
    return reached


def _learnt_from(text: PlainText) -> list[str]:
    """What a vocabulary is trained on: all but the held-out documents, the domain's thrice."""
    times = np.where(text.held_out, 0, text.copies + 2 * text.domain)
    counted = zip(text.documents, times.tolist(), strict=True)
    return [document for document, count in counted for _ in range(count)]


def _streams(
    text: PlainText, tokenizer: PreTrainedTokenizerBase, config: PretrainConfig
) -> tuple[list[tuple[Tokens, int]], Tokens]:
    """The training streams with the inputs of a batch that each gives, and the held-out stream."""
    documents = tokenise(text.documents, tokenizer)

    def joined(copies: NDArray[np.int64]) -> Tokens:
        order = np.repeat(np.arange(len(documents)), copies)
        return join([documents[index] for index in order.tolist()])

    copies = np.where(text.held_out, 0, text.copies)
    size, length = config.optimizer.batch_size, config.optimizer.sequence_length
    inputs = round(config.data.domain_share * size) if text.domain.any() else 0
    parts = [(joined(copies), size - inputs)]
    if inputs:
        parts.append((joined(copies * text.domain), inputs))
    shortest = min(len(stream.ids) for stream, _ in parts)
    if shortest < length:
        raise ConfigError(
            f"the text, or its part of the domain, has {shortest} tokens, fewer than "
            f"optimizer.sequence_length {length}; give more text, or shorten the inputs"
        )
    return parts, joined(text.held_out.astype(np.int64))


def _train(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    parts: Sequence[tuple[Tokens, int]],
    held_out: Tokens,
    config: PretrainConfig,
    reached: _Reached,
    state_file: Path,
) -> dict[str, Tensor]:
    """Go on from ``reached``, which is kept up to date, to the end of the budget.

    Returns:
        The weights in float32, by name.
    """
    settings = config.optimizer
    length, size = settings.sequence_length, settings.batch_size
    cuda = torch.cuda.is_available()
    device = torch.device("cuda" if cuda else "cpu")
    # On a processor the fused attention is slower than the plain one.
    model.set_attn_implementation("sdpa" if cuda else "eager")
    nn.Module.to(model, device)
    optimizer = MasterOptimizer(
        model, dtype=fast_dtype(device.type), muon=settings.muon, weight_decay=settings.weight_decay
    )
    if reached.steps:
        optimizer.load_state(load_file(state_file))
    loss_of = torch.compile(masked_loss) if config.compile else masked_loss
    masker = Masker(tokenizer, share=settings.masked)
    fixed = fixed_batches(held_out, masker, length=length, size=size, most=_HELD_OUT_INPUTS)
    left = math.ceil(max(0, settings.tokens - reached.tokens) / (size * length))
    batches = DataLoader(
        MaskedBatches(parts, masker, length=length, seed=config.seed),
        batch_size=None,
        sampler=range(reached.steps, reached.steps + left),
        num_workers=2 if cuda else 0,
        pin_memory=cuda,
    )
    with tqdm(
        desc="pretraining",
        total=settings.tokens,
        initial=reached.tokens,
        bar_format="{l_bar}{bar}| {remaining}{postfix}",
        file=sys.stdout,
        disable=None,
    ) as bar:

        def evaluate() -> None:
            model.eval()
            with torch.no_grad():
                losses = [float(loss_of(model, _moved(batch, device))) for batch in fixed]
            model.train()
            counts = np.array([len(batch.targets) for batch in fixed])
            loss = float(losses @ counts / max(1, counts.sum()))
            reached.held_out_loss.append({"tokens": reached.tokens, "loss": round(loss, 4)})
            bar.write(f"{reached.tokens:,} tokens: held-out loss {loss:.4f}")

        def check_finite() -> None:
            # The average keeps what it has met, so that no step need be looked at by itself.
            if average is not None and not average.isfinite():
                raise TrainingError(_astray("the loss is not finite", config, reached))

        average: Tensor | None = None
        if not reached.held_out_loss:
            evaluate()
        model.train()
        begun = saved = time.monotonic()
        first = reached.tokens
        for batch in batches:
            # Dropout, where an encoder has any, must not depend on where a run was resumed.
            torch.manual_seed(config.seed + reached.steps)
            loss = loss_of(model, _moved(batch, device))
            loss.backward()
            before, now = reached.tokens, reached.tokens + size * length
            factor = trapezoid(
                (before + now) / 2 / settings.tokens,
                warmup=settings.warmup,
                decay=settings.decay,
            )
            optimizer.step(settings.learning_rate * factor)
            reached.steps, reached.tokens = reached.steps + 1, now
            average = loss.detach() if average is None else average.lerp(loss.detach(), 0.02)
            if reached.steps % 10 == 0:  # reading the loss makes a GPU wait
                check_finite()
                pace = (now - first) / (time.monotonic() - begun)
                figures = f"loss {float(average):.3f}, {pace:,.0f} tokens/s"
                bar.set_postfix_str(figures, refresh=False)
                bar.update(now - bar.n)
            if now // config.evaluate_tokens > before // config.evaluate_tokens:
                evaluate()
            if time.monotonic() - saved > 60 * config.checkpoint_minutes:
                check_finite()
                _write_checkpoint(state_file, optimizer, reached)
                saved = time.monotonic()
        check_finite()
        if reached.held_out_loss[-1]["tokens"] < reached.tokens:
            evaluate()
    if not all(bool(weight.isfinite().all()) for weight in optimizer.masters.values()):
        raise TrainingError(_astray("a weight is not finite", config, reached))
    return optimizer.masters


def _astray(fault: str, config: PretrainConfig, reached: _Reached) -> str:
    return (
        f"{fault} at step {reached.steps}; nothing of it is saved: begin anew with a lower rate "
        f"than optimizer.learning_rate {config.optimizer.learning_rate:g}, or a longer "
        "optimizer.warmup"
    )


def _moved(batch: MaskedBatch, device: torch.device) -> MaskedBatch:
    return MaskedBatch(*(tensor.to(device, non_blocking=True) for tensor in batch))


def _write_checkpoint(path: Path, optimizer: MasterOptimizer, reached: _Reached) -> None:
    told = json.dumps(asdict(reached), allow_nan=False)
    with replaced_whole(path) as temporary:
        save_file(optimizer.state(), temporary, metadata={"reached": told})


def _write_encoder(
    output: Path,
    model: PreTrainedModel,
    weights: dict[str, Tensor],
    tokenizer: PreTrainedTokenizerBase,
    config: PretrainConfig,
    reached: _Reached,
) -> None:
    """Fill the folder; ``pretraining.json`` goes last, so a folder that has it is whole."""
    stored = torch.float16 if config.save_fp16 else torch.float32
    # The config file names the model's type, not the stored one: stock tools open in float32.
    model.float()
    with temporary_folder(output, "encoder") as folder:
        state = {name: weight.to(stored) for name, weight in weights.items()}
        model.save_pretrained(folder, state_dict=state)
        tokenizer.save_pretrained(folder)
        for path in folder.iterdir():
            path.replace(output / path.name)
    with written_whole(output / _RECORD) as file:
        json.dump(
            {
                "config": asdict(replace(config, resume=False, overwrite=False)),
                "data_fingerprint": reached.identity["data fingerprint"],
                "seed": config.seed,
                "tokens_seen": reached.tokens,
                "parameters": sum(weight.numel() for weight in weights.values()),
                "held_out_loss": reached.held_out_loss,
                "versions": {
                    name: version(name)
                    for name in ("datasets", "tokenizers", "torch", "transformers")
                },
            },
            file,
            allow_nan=False,
            indent=2,
        )
