"""`raysal bench train`."""

from __future__ import annotations

from typing import Annotated

import typer

from raysal.cli.bench.options import Height, JsonFile, Rounds, Width
from raysal.cli.bench.present import present


def train(
    batch: Annotated[int, typer.Option(min=2, help="Images in a step.")] = 4,
    height: Height = 360,
    width: Width = 480,
    steps: Annotated[int, typer.Option(min=1, help="Steps in one measurement.")] = 3,
    rounds: Rounds = 5,
    json: JsonFile = None,
) -> None:
    """Training steps of DEAL's network, against a plain float32 loop."""
    from raysal.bench.train import bench

    present(lambda watch: bench(batch, (height, width), steps, rounds, watch), json)
