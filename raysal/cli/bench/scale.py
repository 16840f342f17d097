"""`raysal bench scale`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from raysal.cli.bench.options import Height, JsonFile, Width
from raysal.cli.bench.present import present

IMAGES, NODES = (1000, 10_000, 100_000), (1, 2, 4)


def scale(
    images: Annotated[
        list[int] | None,
        typer.Option(min=200, help=f"Pool size (repeatable); by default {IMAGES}."),
    ] = None,
    nodes: Annotated[
        list[int] | None,
        typer.Option(min=1, help=f"Number of simulated nodes (repeatable); by default {NODES}."),
    ] = None,
    height: Height = 48,
    width: Width = 64,
    distinct: Annotated[
        int, typer.Option(min=1, help="Number of scenes to draw; the other images are variations.")
    ] = 2000,
    keep: Annotated[
        Path | None, typer.Option(help="Folder to keep the pool in and reuse it from.")
    ] = None,
    json: JsonFile = None,
) -> None:
    """Scoring as the pool and a simulated cluster grow, against the forward pass alone."""
    from raysal.bench.scale import bench

    sizes, counts = images or IMAGES, nodes or NODES
    present(lambda watch: bench(sizes, counts, (height, width), distinct, keep, watch), json)
