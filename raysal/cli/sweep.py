"""`raysal sweep`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from raysal.cli.run import Overrides
from raysal.cli.show import Terminal, console
from raysal.errors import RunError
from raysal.report import SweepReport, build_sweep_report
from raysal.sweep.results import TrialResult
from raysal.sweep.run import run_sweep
from raysal.sweep.trials import load_sweep

NAMED_AT_MOST = 3


def sweep(
    config: Annotated[Path, typer.Argument(help="YAML file of an experiment with a sweep: part.")],
    overrides: Overrides = None,
    draw_report: Annotated[
        bool, typer.Option("--report/--no-report", help="Draw the report at the end.")
    ] = True,
) -> None:
    """Run many experiments that differ in some settings; run it again to resume."""
    plan = load_sweep(config, overrides or [])
    varied = ", ".join(plan.config.parameters) or "nothing but the seed"
    console.print(
        f"{plan.name}: {len(plan.trials)} trials over {varied}, "
        f"{len(plan.config.seeds)} seed(s), by {plan.config.metric}, "
        f"{plan.config.concurrency} at a time -> {plan.folder}"
    )
    with Terminal() as watch:
        results = run_sweep(plan, watch)
    failed = [result for result in results if result.problem is not None]
    if draw_report and any(result.records for result in results):
        announce(build_sweep_report(plan, results, plan.folder / "report"))
    console.print(f"results: {plan.folder / 'results.parquet'}")
    if failed:
        raise RunError(_failures(failed, len(results)))
    console.print(f"done: {plan.folder}")


def announce(made: SweepReport) -> None:
    """Print the table, what to know about it, and where the page is."""
    table = Table(*made.table.columns)
    for row in made.table.rows:
        table.add_row(*("-" if cell is None else str(cell) for cell in row))
    console.print(table)
    for note in made.notes:
        console.print(note)
    console.print(f"report: {made.page}")


def _failures(failed: Sequence[TrialResult], trials: int) -> str:
    lines = [f"{result.trial.name}: {result.problem}" for result in failed[:NAMED_AT_MOST]]
    more = len(failed) - len(lines)
    rest = f"; and {more} more, see results.parquet" if more else ""
    return (
        f"{len(failed)} of {trials} trials failed: {'; '.join(lines)}{rest}; the others are "
        "done, run again to try these once more"
    )
