"""`raysal bench score`."""

from __future__ import annotations

from typing import Annotated

import typer

from raysal.cli.bench.options import EngineName, Height, JsonFile, Rounds, Width
from raysal.cli.bench.present import present
from raysal.engine.registry import DEFAULT


def score(
    images: Annotated[int, typer.Option(min=200, help="Images in the larger pool.")] = 2000,
    height: Height = 180,
    width: Width = 240,
    rounds: Rounds = 3,
    engine: EngineName = DEFAULT,
    json: JsonFile = None,
) -> None:
    """Scoring a pool of JPEG images, against the forward pass of the model alone."""
    from raysal.bench.score import bench

    present(lambda watch: bench(images, (height, width), rounds, engine, watch), json)
