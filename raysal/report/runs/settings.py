"""The settings in which runs differ, as far as they decide results, and how few of them tell runs
apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from raysal.config.essence import essence
from raysal.config.load import validate
from raysal.errors import ConfigError
from raysal.experiment.changeable import fixed
from raysal.experiment.config import ExperimentConfig
from raysal.report.runs.changes import SECTIONS
from raysal.report.runs.read import RunData

# How long a run is decides nothing of its rounds.
LENGTH = ("seed", "al.rounds", "al.stop")
# Without a query, it does not matter how one would be made or what it would pay for.
OF_QUERIES = ("al.budget", "al.budget_unit", "al.candidate_ratio", "al.start", "acquisition", "rga",
              "cle")  # fmt: skip
OFF, ON = "off", "on"


def decisive(run: RunData) -> dict[str, str]:
    """The settings that runs of one series share: those that decide the results of its rounds,
    except the seed.

    Those that may change while a run lives are those that it began with.
    """
    found = essence(ExperimentConfig, run.config)
    begun_with = run.rounds[0].record.settings
    if begun_with is not None:
        found = {**fixed(found), **begun_with}
    if is_full(run):
        kept = {k: v for k, v in found.items() if not _is_of(k, OF_QUERIES)}
        found = {**kept, **_branches(run)}
    return {key: str(value) for key, value in found.items() if not _is_of(key, LENGTH)}


def is_full(run: RunData) -> bool:
    """Whether a run labels all images at the start, and has nothing to query."""
    al = run.section("al") or {}
    return al.get("initial") == "all"


def value_of(run: RunData, settings: Mapping[str, str], key: str) -> str:
    """A setting in words: of `settings`, or a default that is no decision.

    A section is `on` or `off`, and so is what is in one that is off.
    """
    section = key.partition(".")[0]
    if section in SECTIONS and not any(k.startswith(f"{section}.") for k in settings):
        return OFF
    if key in SECTIONS:
        return ON
    return str(settings.get(key, _set(run, key)))


def varying(settings: Sequence[Mapping[str, str]]) -> list[str]:
    """The keys in which settings differ, in the order of appearance.

    A section that is off in some of them is a key, and its own keys are compared where it is on.
    """
    keys = dict.fromkeys(key for own in settings for key in own)
    found = []
    for key in keys:
        section = key.partition(".")[0]
        among = settings
        if section in SECTIONS:
            among = [own for own in settings if any(k.startswith(f"{section}.") for k in own)]
            if 0 < len(among) < len(settings) and section not in found:
                found.append(section)
        if key not in SECTIONS and len({own.get(key) for own in among}) > 1:
            found.append(key)
    return found


def telling(values: Sequence[Mapping[str, str]], keys: Sequence[str]) -> list[str]:
    """The fewest keys, chosen greedily, by which all differing values are told apart.

    Settings that only go along with others, such as a learning rate with a batch size, are not
    among them. Of equally telling ones, the first is taken.

    Args:
        values: by key, for each run.
    """
    chosen: list[str] = []

    def kinds(of: Sequence[str]) -> int:
        return len({tuple(own[key] for key in of) for own in values})

    while kinds(chosen) < kinds(keys):
        chosen.append(max(keys, key=lambda key: kinds([*chosen, key])))
    return [key for key in keys if key in chosen]


def _is_of(key: str, names: Sequence[str]) -> bool:
    return any(key == name or key.startswith(f"{name}.") for name in names)


def _branches(run: RunData) -> dict[str, Any]:
    """What the strategy adds to the network, which is trained with it."""
    try:
        config = validate(ExperimentConfig, dict(run.config), "")
    except ConfigError:  # Of another version.
        return {}
    model = config.resolved_model
    return {
        "model.difficulty.branch": model.difficulty.branch,
        "model.rating_stages": model.rating_stages,
    }


def _set(run: RunData, key: str) -> Any:
    """A setting by its dotted key, such as a default that is no decision; None without it."""
    value: Any = run.config
    for part in key.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value
