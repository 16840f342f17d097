"""The models whose view is shown, and the runs that they are of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from raysal.config.load import read_yaml, validate
from raysal.curate.evaluation_run import is_run, last_model, run_of
from raysal.errors import CheckpointError, ConfigError, RunError
from raysal.experiment.changeable import settings_of
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.integrity import check_model_stage
from raysal.experiment.layout import RoundLayout, RunLayout
from raysal.inference.device import default_device
from raysal.models.checkpoint import LoadedModel, load_model
from raysal.storage.foreign import named
from raysal.sweep.variants import variants_of


@dataclass(frozen=True)
class RunRound:
    """The round that a model is of.

    Attributes:
        config: the settings that its query was or would be made with.
    """

    layout: RunLayout
    index: int
    config: ExperimentConfig

    @property
    def here(self) -> RoundLayout:
        """Its folders."""
        return self.layout.round(self.index)


@dataclass(frozen=True)
class ShownModel:
    """A model in eval mode, on the fastest device there is.

    Attributes:
        label: its name in figures, different from those of the others.
        of: its round; None if it is of no run.
    """

    loaded: LoadedModel
    path: Path
    label: str
    of: RunRound | None

    @property
    def about(self) -> str:
        """Network and difficulty branch, in a few words."""
        config = self.loaded.config
        parts = [config.name, config.arch, config.encoder, config.factory]
        if config.exported is not None:
            parts.append(config.exported.format)
        if self.loaded.model.difficulty is not None:
            attention = "with" if config.difficulty.pam else "without"
            parts.append(f"{config.difficulty.branch} difficulty branch {attention} PAM")
        return ", ".join(part for part in parts if part)


def open_models(paths: Sequence[Path], names: Sequence[str] = ()) -> list[ShownModel]:
    """Open models to be shown side by side.

    Args:
        paths: of each a model folder, a run (its last model), or a folder `rounds/NNN` of one.
        names: labels in figures; empty for those of the runs and rounds.

    Raises:
        CheckpointError: one is absent or damaged, or they have other classes.
        ConfigError: `names` are not as many as the models.
        RunError: a run has no trained model yet, or a round none any more.
    """
    if names and len(names) != len(paths):
        raise ConfigError(f"--names: {len(names)} names for {len(paths)} models; give one for each")
    models = [_open(path) for path in paths]
    first = models[0].loaded.class_names
    for model in models[1:]:
        if model.loaded.class_names != first:
            other = sorted(set(model.loaded.class_names) ^ set(first))
            what = f"other classes ({named(other)})" if other else "the classes in another order"
            raise CheckpointError(
                f"{model.path} has {what} than {models[0].path}; show models of the same classes"
            )
    labels = names or _labels(models)
    return [replace(model, label=label) for model, label in zip(models, labels, strict=True)]


def _open(path: Path) -> ShownModel:
    folder = path
    if not path.exists():
        raise CheckpointError(
            f"no checkpoint at {path}; give a run, a folder RUN/rounds/NNN, or that of a model"
        )
    if is_run(path):
        folder = last_model(path)
    elif path.name.isdecimal() and is_run(path.absolute().parent.parent):
        folder = RoundLayout(path).model
        if not folder.exists():
            raise RunError(f"{path} has no model; choose another round of the run")
    check_model_stage(folder)
    return ShownModel(load_model(folder, default_device()), folder, "", _round_of(folder))


def _round_of(model: Path) -> RunRound | None:
    run = run_of(model)
    if run is None:
        return None
    layout = RunLayout(run)
    folder = model.absolute() if model.is_dir() else model.absolute().parent
    index = int(folder.parent.name)
    config = validate(ExperimentConfig, read_yaml(layout.config), str(layout.config))
    return RunRound(layout, index, settings_of(layout.round(index), layout, config))


def _by_variant(models: Sequence[ShownModel], names: Sequence[str]) -> list[str]:
    """The names of runs; of trials with a variant its name, or else without the word `variant`."""
    folders = [model.path if model.of is None else model.of.layout.root for model in models]
    variants = variants_of(folders)
    called = []
    for variant, name, own in zip(variants, names, folders, strict=True):
        if variant is None:
            called.append(name)
            continue
        alike = {
            folder.resolve()
            for other, folder in zip(variants, folders, strict=True)
            if other is not None and other.name == variant.name
        }
        rest = "" if len(models) > 1 and alike == {own.resolve()} else name.partition(",")[2]
        called.append(", ".join([variant.name, *filter(None, rest.split(","))]))
    return called


def _labels(models: Sequence[ShownModel]) -> list[str]:
    """Run and round; the round only where a run has several models, numbers where both agree.

    A trial is called as its variant where that tells it apart.
    """
    runs = [model.path.name if model.of is None else model.of.layout.root.name for model in models]
    runs = _by_variant(models, runs)
    labels = []
    for model, run in zip(models, runs, strict=True):
        several = runs.count(run) > 1 or len(models) == 1
        labels.append(run if model.of is None or not several else f"{run}, round {model.of.index}")
    for place, label in enumerate(labels):
        if labels.count(label) > 1 and len(models) > 1:
            labels[place] = f"{label} ({place + 1})"
    return labels
