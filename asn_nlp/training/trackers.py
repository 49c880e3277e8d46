"""Experiment trackers, each behind an extra of its name."""

from importlib import import_module
from pathlib import Path

from transformers import TrainerCallback
from transformers.integrations import MLflowCallback, TensorBoardCallback, WandbCallback

from asn_nlp.config import TrainConfig
from asn_nlp.errors import ConfigError, extra

_CALLBACKS = {
    "tensorboard": TensorBoardCallback,
    "wandb": WandbCallback,
    "mlflow": MLflowCallback,
}


def tracker(config: TrainConfig) -> list[TrainerCallback]:
    """The Trainer's callback of ``config.report_to``; none where nothing is reported.

    TensorBoard's files lie in ``tensorboard`` in the run folder, which the checkpoints' end does
    not touch. The others write where their own settings say (``WANDB_MODE=offline``,
    ``MLFLOW_TRACKING_URI``).

    Raises:
        ConfigError: MLflow cannot open the store that its settings name.
        MissingExtra: its package is not installed.
    """
    name = config.report_to
    if name == "none":
        return []
    brought = extra(name, f"report_to {name}")
    with brought:
        import_module(name)
    if name == "mlflow":
        _check_store()
    if name != "tensorboard":
        return [_CALLBACKS[name]()]
    with extra("tensorboard", "report_to tensorboard"):
        from torch.utils.tensorboard import SummaryWriter
    return [TensorBoardCallback(SummaryWriter(str(Path(config.output) / "tensorboard")))]


def _check_store() -> None:
    """Before anything is trained."""
    with extra("mlflow", "report_to mlflow"):
        from mlflow import MlflowClient, get_tracking_uri
        from mlflow.exceptions import MlflowException
    try:
        MlflowClient().search_experiments(max_results=1)
    except MlflowException as error:
        raise ConfigError(
            f"report_to mlflow needs a store that MLflow can open, but {get_tracking_uri()!r} is "
            f"none ({error}); name another: MLFLOW_TRACKING_URI=sqlite:///mlflow.db"
        ) from error
