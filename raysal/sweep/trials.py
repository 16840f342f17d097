"""The trials of a sweep, each a whole experiment, from its configuration."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from raysal.config.load import apply_overrides, merge, parse_override, read_yaml, validate
from raysal.config.seed import uniform
from raysal.config.settings import Frozen
from raysal.errors import ConfigError
from raysal.experiment.config import ExperimentConfig, experiment_of
from raysal.sweep.config import VARIANT, SweepConfig, value_text
from raysal.sweep.layout import SweepLayout

LONGEST_NAME = 120
PARAMETERS = "sweep.parameters."


@dataclass(frozen=True)
class Trial:
    """One experiment of a sweep.

    Attributes:
        name: name of its folder, such as `levels=4,seed=0`.
        values: values of the parameters, by path of the setting, and the name of the `variant`.
    """

    name: str
    values: Mapping[str, Any]
    seed: int
    config: ExperimentConfig

    @property
    def folder(self) -> Path:
        """Its run folder."""
        return self.config.folder


@dataclass(frozen=True)
class Sweep:
    """A sweep whose trials have all been validated.

    Attributes:
        folder: `<output>/<name>`; its subfolder `trials` holds the run folders.
        settings: settings of the experiment as written, without the `sweep` section.
        labels: short names of the parameters, by path of the setting.
    """

    folder: Path
    config: SweepConfig
    settings: Mapping[str, Any]
    labels: Mapping[str, str]
    trials: tuple[Trial, ...]

    @property
    def name(self) -> str:
        """Name of the sweep."""
        return self.folder.name


class _Section(Frozen):
    sweep: SweepConfig


def load_sweep(path: Path, overrides: Sequence[str] = ()) -> Sweep:
    """Read a sweep and validate all its trials, without running them.

    Raises:
        ConfigError: a setting is invalid; the message names it, and the trial if only that has it.
    """
    own = [text for text in overrides if text.startswith(PARAMETERS)]
    values = apply_overrides(read_yaml(path), [text for text in overrides if text not in own])
    section = values.pop("sweep", None)
    if section is None:
        raise ConfigError(f"{path} has no sweep: section; `raysal run` runs one experiment")
    if isinstance(section, Mapping) and own:
        section = {**section, "parameters": _override(section.get("parameters") or {}, own)}
    config = validate(_Section, {"sweep": section}, str(path)).sweep
    if "seed" in values:
        raise ConfigError(f"{path}: seed: a sweep takes its seeds from sweep.seeds")
    labels = short_names(tuple(config.axes))
    trials: dict[str, Trial] = {}
    for point, seed in itertools.product(points(config), config.seeds):
        name = trial_name({labels[key]: value for key, value in point.items()}, seed)
        if name in trials:  # Two samples drew the same values.
            continue
        experiment = _experiment({**values, "seed": seed}, _settings(config, point), path, name)
        _check_amount(config, experiment, f"{path}: trial {name}")
        folder = experiment.folder
        place = {"name": name, "output": str(SweepLayout(folder).trials)}
        trials[name] = Trial(name, point, seed, experiment.model_copy(update=place))
    return Sweep(folder, config, values, labels, tuple(trials.values()))


def points(config: SweepConfig) -> Iterator[dict[str, Any]]:
    """Values of the parameters, by path: every point of the grid with every sample.

    A drawn value depends only on `draw_seed`, the path and the number of the sample: it is the
    same at all points of the grid, and raising `samples` keeps the earlier ones.
    """
    axes = config.axes
    grid = {path: axis.values for path, axis in axes.items() if not axis.drawn}
    drawn_axes = {path: axis for path, axis in axes.items() if axis.drawn}
    for values in itertools.product(*grid.values()):
        chosen = dict(zip(grid, values, strict=True))
        for sample in range(config.samples):
            drawn = {
                path: axis.draw(uniform("sweep", config.draw_seed, path, sample))
                for path, axis in drawn_axes.items()
            }
            both = chosen | drawn
            yield {path: both[path] for path in axes}


def short_names(paths: Sequence[str]) -> dict[str, str]:
    """The shortest suffix of each path that no other path has and that is not `seed`."""
    return {path: _short_name(path, [*(p for p in paths if p != path), "seed"]) for path in paths}


def _short_name(path: str, others: Sequence[str]) -> str:
    parts = path.split(".")
    for length in range(1, len(parts)):
        end = ".".join(parts[-length:])
        if not any(other == end or other.endswith(f".{end}") for other in others):
            return end
    return path


def trial_name(values: Mapping[str, Any], seed: int) -> str:
    """Folder name of a trial, such as `levels=4,seed=0`."""
    parts = [f"{label}={value_text(value)}" for label, value in values.items()]
    name = ",".join([*parts, f"seed={seed}"])
    if len(name) <= LONGEST_NAME:
        return name
    digest = blake2b(name.encode(), digest_size=4).hexdigest()
    return f"{name[: LONGEST_NAME - len(digest) - 1]}-{digest}"


def _override(parameters: Mapping[str, Any], overrides: Sequence[str]) -> dict[str, Any]:
    """Apply `sweep.parameters.a.b=[1, 2]`: the rest of the key is a path, not nested keys."""
    merged = dict(parameters)
    for text in overrides:
        path, _, value = text.removeprefix(PARAMETERS).partition("=")
        merged[path.strip()] = parse_override(f"value={value}")["value"]
    return merged


def _settings(config: SweepConfig, point: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a point by dotted key: those of its variant, then those of its parameters."""
    settings = {key: value for key, value in point.items() if key != VARIANT}
    return {**config.variants[point[VARIANT]], **settings} if VARIANT in point else settings


def _experiment(
    settings: Mapping[str, Any], point: Mapping[str, Any], path: Path, name: str
) -> ExperimentConfig:
    values = dict(settings)
    for key, value in point.items():
        nested = value
        for part in reversed(key.split(".")):
            nested = {part: nested}
        values = merge(values, nested)
    reason = _refused(values)
    if reason is None:
        return experiment_of(values, str(path))
    where = path if _refused(settings) == reason else f"{path}: sweep, trial {name}"
    raise ConfigError(f"{where}: {reason}")


def _refused(values: Mapping[str, Any]) -> str | None:
    """What is wrong with the settings of an experiment; None if they are valid."""
    try:
        experiment_of(values, "")
    except ConfigError as error:
        return str(error).removeprefix(": ")
    return None


def _check_amount(config: SweepConfig, experiment: ExperimentConfig, where: str) -> None:
    """Check that `at` is reached, if the cost of every round is known in advance."""
    al, at = experiment.al, config.at
    if at is None or at.images is None or al.budget_unit != "images":
        return
    if al.initial == "all":
        return
    last = al.initial + (al.rounds - 1) * al.budget
    if not al.initial <= at.images <= last:
        raise ConfigError(
            f"{where}: sweep.at is {at.images:g} images, but its rounds are trained on "
            f"{al.initial} to {last}"
        )
