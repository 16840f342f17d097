"""`raysal bench select`: time and memory as the budget grows."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from raysal.cli.terminal import Terminal, console

IMAGES, BUDGETS = 2_000_000, (1000, 100_000, 2_000_000)


def select(
    images: Annotated[int, typer.Option(min=1, help="Number of scores.")] = IMAGES,
    budget: Annotated[
        list[int] | None,
        typer.Option(min=1, help=f"Images to select (repeatable); by default {BUDGETS}."),
    ] = None,
    per_part: Annotated[int, typer.Option(min=1, help="Scores per file.")] = 512,
) -> None:
    """Measure selecting from many scores: time and peak memory of `raysal select`."""
    from raysal.bench.select import make_scores, measure_select

    with tempfile.TemporaryDirectory(prefix="raysal-bench-") as folder, Terminal() as watch:
        scores = Path(folder) / "scores"
        watch.say(f"{images} scores in files of {per_part}")
        make_scores(scores, images, per_part)
        table = Table("selected", "s", "peak MiB")
        for amount in budget or BUDGETS:
            watch.start(f"select {amount}", None)
            done = measure_select(scores, amount)
            watch.finish()
            table.add_row(str(min(amount, images)), f"{done.seconds:.1f}", f"{done.peak_mib:.0f}")
    console.print(table)
    console.print("each is a command in a process of its own, whose start and imports count")
