"""`raysal report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from raysal.cli.show import console
from raysal.report import build_report


def report(
    runs: Annotated[list[Path], typer.Argument(help="Run folders.")],
    out: Annotated[
        Path | None,
        typer.Option(
            help="Where to write; by default `report` in the run, or ./report for several."
        ),
    ] = None,
    strips: Annotated[int, typer.Option(min=0, help="Queried images to show per run.")] = 3,
) -> None:
    """Draw figures and tables from finished runs: learning curve, IoU, class balance, pictures."""
    folder = out or (runs[0] / "report" if len(runs) == 1 else Path("report"))
    made = build_report(runs, folder, strips=strips)
    console.print(f"report: {made.page}")
