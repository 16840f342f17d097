"""`raysal sweep`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from raysal.cli.run import DrawReport, Overrides
from raysal.cli.terminal import Terminal, console, from_here
from raysal.errors import RunError

if TYPE_CHECKING:
    from raysal.report.sweep.build import SweepReport
    from raysal.sweep.results import TrialResult
    from raysal.sweep.trials import Sweep

NAMED_AT_MOST = 3


def sweep(
    config: Annotated[
        Path, typer.Argument(help="YAML file of an experiment with a `sweep` section.")
    ],
    overrides: Overrides = None,
    draw_report: DrawReport = True,
) -> None:
    """Run experiments that differ in some settings. To resume, run it again."""
    from raysal.experiment.check import check_files
    from raysal.sweep.trials import load_sweep

    plan = load_sweep(config, overrides or [])
    console.print(_headline(plan))
    check_files(trial.config for trial in plan.trials)
    if draw_report and (plan.folder / "report").exists():
        from raysal.report.out_folder import check_out

        check_out(plan.folder / "report")

    from raysal.sweep.layout import SweepLayout
    from raysal.sweep.run import run_sweep

    with Terminal() as watch:
        results = run_sweep(plan, watch)
    layout = SweepLayout(from_here(plan.folder))
    failed = [result for result in results if result.problem is not None]
    if draw_report and any(result.records for result in results):
        from raysal.report.sweep.build import build_sweep_report

        announce(build_sweep_report(plan, results, layout.report))
    console.print(f"results: {layout.results}")
    if failed:
        raise RunError(_failures(failed, len(results)))
    console.print(f"done: {from_here(plan.folder)}")


def announce(made: SweepReport) -> None:
    """Print the table, the notes on how to read it, and the path of the page."""
    table = Table(*made.table.columns)
    for row in made.table.rows:
        table.add_row(*("-" if cell is None else str(cell) for cell in row))
    console.print(table)
    for note in made.notes:
        console.print(note)
    console.print(f"report: {made.page}")


def _headline(plan: Sweep) -> str:
    varied = ", ".join(plan.config.axes) or "the seed only"
    return (
        f"{plan.name}: {len(plan.trials)} trials over {varied}, "
        f"{len(plan.config.seeds)} seed(s), compared by {plan.config.metric}, "
        f"{plan.config.concurrency} at a time -> {from_here(plan.folder)}"
    )


def _failures(failed: Sequence[TrialResult], trials: int) -> str:
    lines = [f"{result.trial.name}: {result.problem}" for result in failed[:NAMED_AT_MOST]]
    more = len(failed) - len(lines)
    rest = f"; and {more} more, see results.parquet" if more else ""
    return (
        f"{len(failed)} of {trials} trials failed: {'; '.join(lines)}{rest}; the others are "
        "done; run again to retry these"
    )
