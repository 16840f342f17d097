"""`raysal report`, and how a report is announced."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from raysal.cli.show import console
from raysal.config.settings import kept
from raysal.report import CostUnit, Report, build_report


def report(
    runs: Annotated[list[Path], typer.Argument(help="Run folders.")],
    out: Annotated[
        Path | None,
        typer.Option(help="Where to write; by default `report` in the run, ./report for several."),
    ] = None,
    strips: Annotated[int, typer.Option(min=0, help="Queried images to show per strategy.")] = 3,
    x: Annotated[
        CostUnit, typer.Option("--x", help="Unit of cost that the learning curve stands over.")
    ] = CostUnit.images,
) -> None:
    """Draw figures and tables from runs: learning curve, IoU, class balance, regions, pictures."""
    alone = out is None and len(runs) == 1
    folder = runs[0] / "report" if alone else kept(out or Path("report"))
    announce(build_report(runs, folder, strips=strips, x=x))


def announce(made: Report) -> None:
    """Print the summary, what to know about it, and where the page is."""
    table = Table("strategy", "runs", "images", "mIoU [%] first", "last", "std")
    for row in made.rows:
        table.add_row(
            row.strategy,
            str(row.runs),
            f"{row.images_first:g} to {row.images_last:g}",
            _number(row.miou_first),
            _number(row.miou_last),
            _number(row.miou_std),
        )
    console.print(table)
    for note in made.notes:
        console.print(note)
    console.print(f"report: {made.page}")


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
