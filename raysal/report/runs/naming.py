"""What runs are called: as the user named the variants of a sweep, or else by their strategy."""

from __future__ import annotations

from collections.abc import Sequence

from raysal.report.runs.read import RunData
from raysal.report.runs.settings import decisive, is_full

ALL_IMAGES = "All images"


def strategy_name(run: RunData) -> str:
    """The strategy; runs on all images at once are of none."""
    return ALL_IMAGES if is_full(run) else run.strategy


def names_of(runs: Sequence[RunData]) -> list[str]:
    """The name of each run, without the settings that tell it apart from others of that name.

    A trial is called as its variant. It is called by its strategy, as a run of no sweep is, if it
    went on with other settings than those of the variant, or if other runs of the same settings,
    from elsewhere, have another name: one experiment must not come under two.
    """
    settings = [(is_full(run), tuple(sorted(decisive(run).items()))) for run in runs]
    called: dict[object, set[tuple[object, str]]] = {}
    for run, own in zip(runs, settings, strict=True):
        sweep = None if run.variant is None else run.variant.sweep
        called.setdefault(own, set()).add((sweep, _own_name(run)))
    return [
        strategy_name(run) if _disputed(called[own]) else _own_name(run)
        for run, own in zip(runs, settings, strict=True)
    ]


def _own_name(run: RunData) -> str:
    if run.variant is None or run.changes:
        return strategy_name(run)
    return run.variant.name


def _disputed(called: set[tuple[object, str]]) -> bool:
    """Whether runs of the same settings have other names in other places."""
    return len({place for place, _ in called}) > 1 and len({name for _, name in called}) > 1
