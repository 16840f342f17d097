"""Settings that may change while a run lives, and those that each of its rounds was made with.

A run keeps a copy of every configuration it has had in `configs/<fingerprint>.yaml`. A stage names
the fingerprint of its own, so that a query which was begun is finished with the settings it was
begun with; a change takes effect with the next one. `configs/current` names the one that the run
last went on with, so that a `config.yaml` that was edited by hand is noticed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from raysal.config.load import read_yaml, validate
from raysal.errors import ConfigError, DataError
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.layout import QueryLayout, RoundLayout, RunLayout
from raysal.experiment.stage import Stamp
from raysal.storage.atomic import write_bytes

CHANGEABLE = (
    "al.rounds", "al.budget", "al.budget_unit", "al.candidate_ratio", "acquisition", "rga", "cle",
    "noise", "oracle", "al.stop",
)  # fmt: skip
"""Settings of queries, by dotted key; all others decide what models are trained and measured on."""
LENGTH = ("al.rounds", "al.stop")
"""Those that decide how many queries are made, and nothing about any of them."""


def changeable(essence: Mapping[str, Any]) -> dict[str, Any]:
    """The part of an experiment's essence that may change while it runs."""
    return {key: value for key, value in essence.items() if _may_change(key)}


def of_queries(essence: Mapping[str, Any]) -> dict[str, Any]:
    """The part of an essence that decides what is queried, not how often."""
    return {k: v for k, v in essence.items() if _may_change(k) and not _is_of(k, LENGTH)}


def fixed(essence: Mapping[str, Any]) -> dict[str, Any]:
    """The rest."""
    return {key: value for key, value in essence.items() if not _may_change(key)}


def fixed_fingerprint(config: ExperimentConfig) -> str:
    """Hash of `fixed`: runs with the same one differ in their queries only."""
    text = json.dumps(fixed(config.essence()), sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def keep_config(config: ExperimentConfig, layout: RunLayout) -> None:
    """Keep a copy of a configuration that stages of a run are made with."""
    path = layout.kept_config(config.fingerprint())
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        write_bytes(path, yaml.safe_dump(config.dump(), sort_keys=False).encode())


def note_current(config: ExperimentConfig, layout: RunLayout) -> None:
    """Note that a run goes on with a configuration, of which a copy is kept."""
    keep_config(config, layout)
    text = config.fingerprint().encode()
    if not layout.current_config.exists() or layout.current_config.read_bytes() != text:
        write_bytes(layout.current_config, text)


def noted_current(layout: RunLayout) -> ExperimentConfig | None:
    """The configuration that a run last went on with; None if that is not known any more."""
    with contextlib.suppress(OSError, UnicodeDecodeError, DataError):
        return kept_config(layout, layout.current_config.read_text())
    return None


def kept_config(layout: RunLayout, fingerprint: str) -> ExperimentConfig:
    """The configuration of a fingerprint, as it was.

    Raises:
        DataError: it is missing or damaged.
    """
    path = layout.kept_config(fingerprint)
    try:
        config = validate(ExperimentConfig, read_yaml(path), str(path))
    except ConfigError as error:
        raise DataError(f"{error}; a query of this run was begun with it: restore it") from error
    if config.fingerprint() != fingerprint:
        raise DataError(f"{path} is damaged: its settings have changed; restore it")
    return config


def settings_of(
    here: QueryLayout, layout: RunLayout, current: ExperimentConfig
) -> ExperimentConfig:
    """The settings that a query was begun with; `current` if it was not begun.

    A round whose model was trained for another strategy, and lacks what the new one reads, makes
    its query with the strategy it was trained for.

    Raises:
        DataError: they are lost.
    """
    if isinstance(here, RoundLayout):
        for stage in here.query_stages():
            if stage.exists():
                return _made_with(stage, layout, current)
        if here.model.exists():
            trained = _made_with(here.model, layout, current)
            return current if _serves(trained, current) else trained
        return current
    return _made_with(here.query, layout, current) if here.query.exists() else current


def _made_with(stage: Path, layout: RunLayout, current: ExperimentConfig) -> ExperimentConfig:
    fingerprint = None
    with contextlib.suppress(DataError):  # A damaged stamp is found by the check of the stage.
        fingerprint = Stamp.read(stage).fingerprint
    if fingerprint in (None, current.fingerprint()):
        return current
    return _with_queries_of(current, kept_config(layout, str(fingerprint)))


def _with_queries_of(current: ExperimentConfig, earlier: ExperimentConfig) -> ExperimentConfig:
    """`current`, whose paths are those of today, with the query settings of an earlier one."""
    values, old = current.dump(), earlier.dump()
    for name in CHANGEABLE:
        section, _, key = name.partition(".")
        if key:
            values[section][key] = old[section][key]
        else:
            values[section] = old[section]
    return ExperimentConfig.model_validate(values)


def _serves(trained: ExperimentConfig, wanted: ExperimentConfig) -> bool:
    """Whether a model trained with some settings has the branches that other ones read, trained
    with the same ranking loss."""
    has, needs = trained.resolved_model, wanted.acquisition.needs.names
    if "difficulty" in needs and has.difficulty.branch == "none":
        return False
    return "rating" not in needs or (
        has.rating_stages == wanted.resolved_model.rating_stages
        and trained.resolved_loss.rating == wanted.resolved_loss.rating
    )


def differ_in_queries(one: ExperimentConfig, other: ExperimentConfig) -> bool:
    """Whether two configurations of a run make different queries."""
    return of_queries(one.essence()) != of_queries(other.essence())


def _may_change(key: str) -> bool:
    return _is_of(key, CHANGEABLE)


def _is_of(key: str, names: Iterable[str]) -> bool:
    return any(key == name or key.startswith(f"{name}.") for name in names)
