"""`raysal bench select`."""

from __future__ import annotations

from typing import Annotated

import typer

from raysal.cli.bench.options import JsonFile, Rounds
from raysal.cli.bench.present import present

IMAGES, BUDGETS = (1_000_000, 10_000_000), (2000,)


def select(
    images: Annotated[
        list[int] | None,
        typer.Option(min=1, help=f"Number of scores (repeatable); by default {IMAGES}."),
    ] = None,
    budget: Annotated[
        list[int] | None,
        typer.Option(min=1, help=f"Images to select (repeatable); by default {BUDGETS}."),
    ] = None,
    per_part: Annotated[int, typer.Option(min=1, help="Scores per file.")] = 512,
    rounds: Rounds = 3,
    json: JsonFile = None,
) -> None:
    """Selecting from many scores: time and peak memory, against reading and sorting them."""
    from raysal.bench.select import bench

    present(lambda watch: bench(images or IMAGES, budget or BUDGETS, per_part, rounds, watch), json)
