"""Where the settings of a run's queries changed, and how a run of such a history is named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from raysal.experiment.changeable import of_queries
from raysal.experiment.record import Record

SECTIONS = ("rga", "cle", "noise")
ABSENT = {"oracle": "simulated"}
"""What a setting is that is not among the settings of a record, because it has its first value."""
WHO = {"people": "people", "simulated": "simulated annotator"}


@dataclass(frozen=True)
class Change:
    """Settings that differ between the queries of two consecutive rounds.

    Attributes:
        round: the first round that was queried with the new ones.
        words: all that changed, such as `acquisition.name ds → entropy`.
        label: the most important of it in few words, such as `Entropy`.
        queries: false for the last round, which makes no query, but whose model may have been
            trained for another strategy.
    """

    round: int
    words: str
    label: str
    queries: bool = True

    def __str__(self) -> str:
        if self.queries:
            return f"from the query after round {self.round} on: {self.words}"
        return f"the model of round {self.round}, which makes no query: {self.words}"


def changes(records: Sequence[Record]) -> tuple[Change, ...]:
    """The changes in a run, in order; records of earlier versions do not tell.

    Args:
        records: of its rounds, in order.
    """
    found: list[Change] = []
    before: Record | None = None
    for record in records:
        if record.settings is None:
            continue
        if before is not None and before.settings is not None:
            queries = record.queried is not None
            words = _difference(before.settings, record.settings, queries)
            if words:
                label = _label(before, record)
                found.append(Change(record.round, "; ".join(words), label, queries))
        before = record
    return tuple(found)


def strategy_of(records: Sequence[Record], rounds: bool = False) -> str:
    """The strategy of a run: `DS`, or `DS, then Entropy` if it changed hands.

    Args:
        rounds: say when: `DS, then Entropy after round 1`.
    """
    label = records[0].strategy
    for change in changes(records):
        if change.queries:
            label += f", then {change.label}" + (f" after round {change.round}" if rounds else "")
    return label


def section_of(settings: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    """A section of a record's settings, by the rest of their keys; None if it is off."""
    start = f"{name}."
    found = {k.removeprefix(start): v for k, v in settings.items() if k.startswith(start)}
    return found or None


def _difference(old: Mapping[str, Any], new: Mapping[str, Any], queries: bool) -> list[str]:
    """Each setting that changed: `al.budget 2 → 5`, or `rga off → on`."""
    keys = sorted(of_queries({**old, **new}))
    if not queries:  # Of these only the strategy has a part in training.
        keys = [key for key in keys if key.startswith("acquisition.")]
    words = []
    for name in SECTIONS if queries else ():
        was, now = (section_of(settings, name) is not None for settings in (old, new))
        if was != now:
            words.append(f"{name} {_on(was)} → {_on(now)}")
            keys = [key for key in keys if key != name and not key.startswith(f"{name}.")]
    if old.get("acquisition.name") != new.get("acquisition.name"):  # It has settings of its own.
        keys = [k for k in keys if not k.startswith("acquisition.") or k == "acquisition.name"]
    pairs = ((key, *(s.get(key, ABSENT.get(key, "default")) for s in (old, new))) for key in keys)
    return sorted([*words, *(f"{key} {was} → {now}" for key, was, now in pairs if was != now)])


def _label(before: Record, now: Record) -> str:
    old, new = before.settings or {}, now.settings or {}
    words = []
    if before.strategy != now.strategy:
        words.append(now.strategy)
    budget = ("al.budget", "al.budget_unit")
    if any(old.get(key) != new.get(key) for key in budget):
        words.append("{} {} per query".format(*(new.get(key) for key in budget)))
    who, was = (settings.get("oracle", ABSENT["oracle"]) for settings in (new, old))
    if who != was:
        words.append(WHO.get(str(who), str(who)))
    return " and ".join(words) or "other settings"


def _on(on: bool) -> str:
    return "on" if on else "off"
