"""Whose a sweep's folder is: its definition is written into a new one, and compared in others."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

import yaml

from raysal.config.essence import difference, essence
from raysal.config.load import read_yaml
from raysal.errors import DataError, RunError
from raysal.experiment.changeable import kept_config, noted_current
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.integrity import made_with, saved_config
from raysal.experiment.layout import RunLayout
from raysal.experiment.own_files import has_finished_stage
from raysal.progress import Watch
from raysal.storage.atomic import write_bytes
from raysal.storage.seal import is_intact, sealed
from raysal.sweep.layout import SweepLayout, remove_trial
from raysal.sweep.trials import Sweep

VERSION = 1


def claim_folder(sweep: Sweep, layout: SweepLayout, watch: Watch) -> None:
    """Write the definition into a new folder, or compare it with the one in there.

    Trials may be added at any time. Trials without a finished stage may also be changed or
    removed, because nothing expensive is lost; files in them that raysal did not make stay.

    Raises:
        RunError: a trial that has a finished stage was changed or removed, or was continued with
            other settings by `raysal run`, so that it is no trial any more; or the folder holds
            files that raysal did not make where its own would be written.
    """
    fingerprints = {trial.name: trial.config.fingerprint() for trial in sweep.trials}
    ours = _definition(sweep, fingerprints)
    if layout.definition.exists():
        theirs = _read_definition(layout)
        noted = theirs["trials"]
        changes = difference(_flat(theirs), _flat(ours))
    else:
        noted = dict.fromkeys(_trials_on_disk(layout))
        changes = ""
        if noted:
            watch.say(f"{layout.definition} was missing; written again")
        elif taken := [p for p in (layout.results, layout.curves) if p.exists()]:
            raise RunError(
                f"{taken[0]} is not of a sweep of raysal and would be overwritten; give this "
                "sweep another name, or another output folder"
            )
    for trial in sweep.trials:
        if noted.get(trial.name) == fingerprints[trial.name]:
            _check_not_continued(layout.trial(trial.name), trial.config)
    gone = [
        name
        for name, made_of in noted.items()
        if made_of is None or fingerprints.get(name) != made_of
        if not _is_made_with(layout.trial(name), fingerprints.get(name))
    ]
    if kept := [name for name in gone if has_finished_stage(layout.trial(name))]:
        raise RunError(
            f"{layout.root} was made with another configuration ({changes or f'trial {kept[0]}'}); "
            "values and seeds may be added; otherwise give this sweep another name, or restore the "
            "settings"
        )
    for name in gone:
        remove_trial(layout.trial(name))
    if changes:
        watch.say(f"the sweep has changed ({changes})")
    write_bytes(layout.definition, yaml.safe_dump(sealed(ours), sort_keys=False).encode())


def _is_made_with(trial: RunLayout, fingerprint: str | None) -> bool:
    """Whether a trial has these settings, as far as its own files say.

    They decide where the definition is lost or was written by an earlier version, whose
    fingerprints followed other rules.
    """
    saved = saved_config(trial)
    if saved is not None:
        return saved.fingerprint() == fingerprint
    return made_with(trial) == {fingerprint}


def _check_not_continued(trial: RunLayout, config: ExperimentConfig) -> None:
    """Check that all rounds of a trial were made with its settings.

    Raises:
        RunError: `raysal run` went on with others.
    """
    if not has_finished_stage(trial):
        return
    ours = config.fingerprint()
    last = noted_current(trial) or saved_config(trial)
    other = None if last is None or last.fingerprint() == ours else last
    for fingerprint in made_with(trial) - {ours} if other is None else ():
        # Of earlier versions, whose fingerprints followed other rules, no copies are kept.
        with contextlib.suppress(DataError):
            other = kept_config(trial, fingerprint)
    if other is not None:
        raise RunError(
            f"{trial.root} went on with other settings than its trial's "
            f"({difference(config.essence(), other.essence())}); move it elsewhere, and this sweep "
            "runs the trial anew"
        )


def _trials_on_disk(layout: SweepLayout) -> list[str]:
    folders = sorted(path for path in layout.trials.iterdir() if path.is_dir())
    trials = [layout.trial(path.name) for path in folders]
    return [t.root.name for t in trials if t.config.exists() or has_finished_stage(t)]


def _read_definition(layout: SweepLayout) -> dict[str, Any]:
    """What `_definition` wrote.

    Raises:
        RunError: it is damaged, or not of a sweep of raysal.
    """
    file = layout.definition
    theirs = read_yaml(file)
    try:
        _flat(theirs)
        texts = [*theirs["trials"], *theirs["trials"].values()]
        known = is_intact(theirs) and all(isinstance(text, str) for text in texts)
    except (KeyError, TypeError, AttributeError, ValueError):
        known = False
    if not known:
        raise RunError(
            f"{file} is damaged or not of a sweep of raysal; if the folder is of this sweep, "
            "remove the file and run again"
        )
    return theirs


def _definition(sweep: Sweep, fingerprints: Mapping[str, str]) -> dict[str, Any]:
    return {
        "version": VERSION,
        "sweep": sweep.config.dump(),
        "experiment": dict(sweep.settings),
        "trials": dict(fingerprints),
    }


def _flat(definition: Mapping[str, Any]) -> dict[str, Any]:
    """The definition by dotted key, for a readable comparison."""
    parameters = definition["sweep"]["parameters"]
    axes = {f"sweep.parameters.{key}": list(axis["values"]) for key, axis in parameters.items()}
    variants = {
        f"sweep.variants.{name}.{key}": value
        for name, changes in (definition["sweep"].get("variants") or {}).items()
        for key, value in changes.items()
    }
    variants |= {"sweep.only": definition["sweep"].get("only")}
    seeds = {"sweep.seeds": definition["sweep"]["seeds"]}
    samples = {key: definition["sweep"][key] for key in ("samples", "draw_seed")}
    settings = essence(ExperimentConfig, definition["experiment"])
    return {**axes, **variants, **seeds, **samples, **settings}
