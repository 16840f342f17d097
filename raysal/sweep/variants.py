"""Which variant of a sweep a run is, by the definition in the sweep's folder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from raysal.config.load import read_yaml
from raysal.errors import ConfigError
from raysal.sweep.config import VARIANT, value_text
from raysal.sweep.layout import SweepLayout


@dataclass(frozen=True)
class Variant:
    """What the user named in `sweep.variants`.

    Attributes:
        sweep: folder of the sweep.
        settings: what it changes, by dotted key; they are no part of what is equal.
    """

    sweep: Path
    name: str
    settings: Mapping[str, Any] = field(default_factory=dict, compare=False)


def variants_of(runs: Iterable[Path]) -> list[Variant | None]:
    """The variant of each run folder; None for those that are of no sweep with variants.

    Each definition is read once. One that is missing or damaged tells nothing: results do not
    depend on names, and `raysal sweep` says what is wrong with it.
    """
    known: dict[Path, Mapping[str, Variant]] = {}
    found: list[Variant | None] = []
    for run in map(Path.resolve, runs):
        sweep = run.parent.parent
        if SweepLayout(sweep).trials != run.parent:
            found.append(None)
            continue
        if sweep not in known:
            known[sweep] = _by_trial(sweep)
        found.append(known[sweep].get(run.name))
    return found


def _by_trial(sweep: Path) -> Mapping[str, Variant]:
    """The variants of a sweep by the names of its trials."""
    try:
        definition = read_yaml(SweepLayout(sweep).definition)
        variants = dict(definition["sweep"]["variants"])
        trials = [str(trial) for trial in definition["trials"]]
    except (ConfigError, KeyError, TypeError, ValueError):
        return {}
    # No text of a value has a comma, and that of a variant's name is never shortened.
    starts = {f"{VARIANT}={value_text(str(name))},": str(name) for name in variants}
    found = {}
    for trial in trials:
        start = trial[: trial.find(",") + 1]
        if start in starts:
            name = starts[start]
            found[trial] = Variant(sweep, name, variants[name] or {})
    return found
