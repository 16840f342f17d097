"""`raysal bench regions`."""

from __future__ import annotations

from typing import Annotated

import typer

from raysal.cli.bench.options import Height, JsonFile, Rounds, Width
from raysal.cli.bench.present import present


def regions(
    height: Height = 512,
    width: Width = 1024,
    w: Annotated[int, typer.Option(min=1, help="Side of a region in pixels.")] = 128,
    passes: Annotated[int, typer.Option(min=2, help="Number of stochastic passes.")] = 20,
    rounds: Rounds = 5,
    json: JsonFile = None,
) -> None:
    """Picking regions (RGA) and extending labels (CLE), against the votes they read."""
    from raysal.bench.regions import bench

    present(lambda watch: bench((height, width), w, passes, rounds, watch), json)
