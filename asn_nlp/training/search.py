"""Hyper-parameters by search: trials of a short life, drawn by Optuna, trained by the Trainer."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from asn_nlp.config import SearchConfig, TrainConfig
from asn_nlp.errors import TrainingError, extra
from asn_nlp.files import check_unchanged, claimed, temporary_folder
from asn_nlp.training.checkpoints import identity
from asn_nlp.training.data import read_training_data
from asn_nlp.training.model import JointModel
from asn_nlp.training.preparation import Prepared
from asn_nlp.training.run import write_config
from asn_nlp.training.space import Space, default_space, drawn, read_space
from asn_nlp.training.trainer import JointTrainer

with extra("search", "a search"):
    import optuna
    from optuna.samplers import TPESampler
    from optuna.trial import Trial, TrialState

BEST = "best.yaml"
_STORAGE = "trials.db"
_STUDY = "asn-nlp"


def search(config: SearchConfig) -> Path:
    """Train ``config.trials`` times with other options, and write the config that read dev best.

    Trials are kept in ``config.output`` as they end. The same call goes on with those that are
    left, and begins the one again that was cut off.

    Returns:
        The file ``best.yaml``, which training takes as ``--config``.

    Raises:
        AnnotationError, ConfigError, EncoderError, TrainingError: as ``fit``; the space cannot be
            searched; or the trials so far were made with something else.
        OSError: the output cannot be written.
    """
    output = Path(config.output)
    base = config.train_config
    space = read_space(Path(config.space), base) if config.space else None
    with claimed(output):
        output.mkdir(parents=True, exist_ok=True)
        if config.overwrite:
            (output / _STORAGE).unlink(missing_ok=True)
        prepared = Prepared.of(read_training_data(config.data, seed=config.seed), base)
        base = prepared.settled(base)
        space = space or default_space(base)
        study = _opened(output, prepared, base, space)
        left = config.trials - len(study.get_trials(states=(TrialState.COMPLETE,)))
        if left > 0:
            with temporary_folder(output, "trial") as folder:
                trials = replace(base, output=str(folder), report_to="none")
                _try(left, study, prepared, trials, space)
        done = study.get_trials(states=(TrialState.COMPLETE,))
        if not done:
            raise TrainingError(
                f"none of {len(study.trials)} trials came to its end; search lower rates"
            )
        best = drawn(space, optuna.trial.FixedTrial(study.best_params), base)
        write_config(best, output / BEST)
    print(
        f"best of {len(done)} trials: number {study.best_trial.number}, mean F1 "
        f"{study.best_value:.3f} on dev"
    )
    return output / BEST


def _opened(output: Path, prepared: Prepared, base: TrainConfig, space: Space) -> optuna.Study:
    study = _study(output, seed=base.seed)
    encoder = prepared.found.record
    begun = identity(base, prepared.labels, data=prepared.data.fingerprint, encoder=encoder)
    begun = {name: value for name, value in begun.items() if name not in space}
    begun["space"] = dict(space)
    if study.trials:
        check_unchanged(output, study.user_attrs, begun)
    for name, value in begun.items():
        study.set_user_attr(name, value)
    for trial in study.get_trials(states=(TrialState.RUNNING,)):  # of a process that was killed
        study.tell(trial.number, state=TrialState.FAIL)
        study.enqueue_trial(trial.params)
    return study


def _study(output: Path, *, seed: int) -> optuna.Study:
    study: optuna.Study = optuna.create_study(
        study_name=_STUDY,
        storage=f"sqlite:///{output / _STORAGE}",
        direction="maximize",
        load_if_exists=True,
        pruner=optuna.pruners.NopPruner(),  # a low rate that would win is slow at first
    )
    # The first draws again would be those of the trials that are there.
    study.sampler = TPESampler(seed=seed + len(study.trials))
    return study


def _try(
    trials: int, study: optuna.Study, prepared: Prepared, base: TrainConfig, space: Space
) -> None:
    trainer = JointTrainer(
        prepared.model(base),
        prepared.tokenizer,
        prepared.labels,
        prepared.train_articles,
        prepared.dev_articles,
        base,
        loss=prepared.loss(base),
    )
    # A trial leaves its score alone.
    trainer.args.save_strategy = "no"
    trainer.args.load_best_model_at_end = False

    def options(trial: Trial) -> dict[str, Any]:
        optimizer = drawn(space, trial, base).optimizer
        return {
            "learning_rate": optimizer.learning_rate,
            "num_train_epochs": optimizer.epochs,
            "warmup_steps": optimizer.warmup,
        }

    def model(trial: Trial | None) -> JointModel:
        config = drawn(space, trial, base) if trial else base
        made = prepared.model(config)
        trainer.begin_anew(made, config, loss=prepared.loss(config))
        return made

    trainer.model_init = model  # type: ignore[assignment]
    try:
        trainer.hyperparameter_search(
            hp_space=options,
            # Of its epochs a training keeps the best.
            compute_objective=lambda metrics: max(
                metrics["eval_mean_f1"], trainer.state.best_metric or 0.0
            ),
            n_trials=trials,
            direction="maximize",
            backend="optuna",
            study_name=study.study_name,
            storage=study._storage,
            load_if_exists=True,
            sampler=study.sampler,
            pruner=study.pruner,
            catch=(TrainingError,),  # a rate that is too high; others are not
        )
    except KeyboardInterrupt:
        study.enqueue_trial(study.trials[-1].params)
        raise
