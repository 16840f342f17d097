"""`raysal bench votes`."""

from __future__ import annotations

from typing import Annotated, get_args

import typer

from raysal.cli.bench.options import Height, JsonFile, Rounds, Width
from raysal.cli.bench.present import present
from raysal.inference.vote import Dropped


def votes(
    height: Height = 180,
    width: Width = 240,
    classes: Annotated[int, typer.Option(min=2)] = 11,
    passes: Annotated[int, typer.Option(min=2, help="Number of stochastic passes.")] = 20,
    dropout: Annotated[
        str, typer.Option(help=f"What the passes drop: {' or '.join(get_args(Dropped))}.")
    ] = "channels",
    rounds: Rounds = 5,
    json: JsonFile = None,
) -> None:
    """The vote map of several stochastic passes, against one pass of the network."""
    from raysal.bench.votes import bench

    size = (height, width)
    present(lambda watch: bench(size, classes, passes, rounds, dropout, watch), json)
