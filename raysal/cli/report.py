"""`raysal report`, and the summary of a report, which `raysal run` prints too."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Column, Table

from raysal.cli.terminal import console
from raysal.report.cost_unit import CostUnit

if TYPE_CHECKING:
    from raysal.report.build import Report


def report(
    runs: Annotated[list[Path], typer.Argument(help="Run folders.")],
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder to write to; by default `report` in the run, ./report for several runs."
        ),
    ] = None,
    strips: Annotated[int, typer.Option(min=0, help="Queried images to draw per strategy.")] = 3,
    x: Annotated[
        CostUnit, typer.Option("--x", help="Labelling cost on the x axis of the learning curve.")
    ] = CostUnit.images,
    against: Annotated[
        str | None,
        typer.Option(
            help="Strategy (its name in the report, or that of one of its runs): how much of its "
            "time for queries the others save."
        ),
    ] = None,
    qbc: Annotated[
        bool,
        typer.Option("--qbc", help="Show QBC by the better of two measures, as DEAL does."),
    ] = False,
    target: Annotated[
        float | None,
        typer.Option(min=1, max=100, help="Wanted mIoU in percent: how many labels it takes."),
    ] = None,
) -> None:
    """Draw figures and tables of runs: learning curve, IoU, class balance, regions, images."""
    from raysal.config.settings import kept
    from raysal.experiment.layout import RunLayout
    from raysal.report.runs.measured import check_there

    check_there(runs)  # Before what draws is imported.
    from raysal.report.build import build_report

    in_run = out is None and len(runs) == 1
    folder = RunLayout(runs[0]).report if in_run else kept(out or Path("report"))
    made = build_report(runs, folder, strips=strips, x=x, against=against, qbc=qbc, target=target)
    announce(made)


def announce(made: Report) -> None:
    """Print the summary, the notes on how to read it, and the path of the page."""
    from raysal.report.draw.format import count, miou

    # A name that was cut off could be that of another.
    strategy = Column("strategy", overflow="fold")
    table = Table(strategy, "runs", "images", "mIoU [%] first", "last", "std")
    for row in made.rows:
        table.add_row(
            row.strategy,
            str(row.runs),
            f"{count(row.images_first)} to {count(row.images_last)}",
            miou(row.miou_first, row.measured_first, digits=2),
            miou(row.miou_last, row.measured_last, digits=2),
            "-" if row.miou_std is None else f"{row.miou_std:.2f}",
        )
    console.print(table)
    for note in made.notes:
        console.print(note)
    if made.verdict is not None:
        console.print(made.verdict)
    for line in made.forecast:
        console.print(line)
    console.print(f"report: {made.page}")
