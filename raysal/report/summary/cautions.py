"""Sentences on what limits a comparison of runs."""

from __future__ import annotations

from collections.abc import Sequence

from raysal.report.runs.read import RunData
from raysal.report.runs.series import Series

# Published differences between strategies (0.3 to 1.5 points) are close to those between seeds.
SEEDS_TO_COMPARE = 5
IDS_SHOWN = 5


def cautions(
    series: Sequence[Series], common: Sequence[int], full: Sequence[Series] = ()
) -> list[str]:
    """Notes on rounds without a measurement, weights that were not validated, corrected labels,
    unequal numbers of rounds, too few seeds, several kinds of runs on all images (`full`), and
    unreadable images."""
    notes = []
    runs = [run for one in series for run in one.runs]
    partly = [run for run in runs if not all(data.measured for data in run.rounds)]
    if partly and any(run.first_measured is not None for run in runs):
        names = ", ".join(_not_measured(run) for run in partly)
        notes.append(
            f"Not measured: {names}. There were no labelled test or validation images, so these "
            "rounds are neither in the curve nor in any mean of IoU."
        )
    if unvalidated := [run.name for run in runs if _not_validated(run)]:
        every = len(unvalidated) == len(runs) > 1
        names = f"in all {len(runs)} runs" if every else ", ".join(unvalidated)
        notes.append(
            f"No validation split: {names}. The weights of the last epoch were "
            "tested and queried with, although train.checkpoint is best_val."
        )
    most = max(len(run.rounds) for run in runs)
    short = [run for run in runs if len(run.rounds) < most]
    if short:
        names = ", ".join(f"{run.name} ({len(run.rounds)} of {most})" for run in short)
        compared = (
            f" Strategies are compared at round {common[-1]}, the last that all of them have."
            if len({one.last for one in series}) > 1
            else ""
        )
        notes.append(
            f"Runs with fewer rounds than others: {names}. Every round is shown; from there on, "
            f"means are over the other runs of a strategy.{compared}"
        )
    corrected = [(run.name, len(set().union(*(r.corrected for r in run.records)))) for run in runs]
    if of := [f"{name} ({count})" for name, count in corrected if count]:
        notes.append(
            f"Trained on labels that were corrected (data.corrections), with the number of images: "
            f"{', '.join(of)}."
        )
    last = [(run.name, run.rounds[-1].record) for run in runs]
    if ended := [f"{name} after round {r.round} ({r.stop})" for name, r in last if r.stop]:
        notes.append(f"Ended by a rule of al.stop: {', '.join(ended)}.")
    if len(series) > 1 and min(len(one.runs) for one in series) < SEEDS_TO_COMPARE:
        notes.append(
            f"A strategy has fewer than {SEEDS_TO_COMPARE} runs. Differences between strategies "
            "are often no larger than those between seeds, so do not read this as a ranking."
        )
    if len(full) > 1:
        labels = "; ".join(one.label for one in full)
        notes.append(
            f"There are several kinds of runs on all images ({labels}): p100 is the best of them."
        )
    for run in [*runs, *(run for one in full for run in one.runs)]:
        bad = run.bad_images
        if bad:
            shown = ", ".join(bad[:IDS_SHOWN]) + (" …" if len(bad) > IDS_SHOWN else "")
            notes.append(f"{run.name} set aside {len(bad)} unreadable image(s): {shown}.")
    return notes


def _not_validated(run: RunData) -> bool:
    wanted = (run.section("train") or {}).get("checkpoint") == "best_val"
    return wanted and any(record.weights == "last" for record in run.records)


def _not_measured(run: RunData) -> str:
    rounds = [str(data.index) for data in run.rounds if not data.measured]
    if run.first_measured is None:
        return run.name
    return f"{run.name} (round{'s' if len(rounds) > 1 else ''} {', '.join(rounds)})"
