"""`raysal bench report`."""

from __future__ import annotations

from typing import Annotated

import typer

from raysal.cli.bench.options import JsonFile, Rounds
from raysal.cli.bench.present import present


def report(
    runs: Annotated[int, typer.Option(min=1, help="Number of runs, of five strategies.")] = 50,
    rounds_of_run: Annotated[int, typer.Option(min=1, help="Rounds that each run has.")] = 7,
    rounds: Rounds = 3,
    json: JsonFile = None,
) -> None:
    """Time and memory of `raysal report`, against a report on one run of each strategy."""
    from raysal.bench.report import bench

    present(lambda watch: bench(runs, rounds_of_run, rounds, watch), json)
