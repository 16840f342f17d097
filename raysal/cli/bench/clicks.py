"""`raysal bench clicks`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from raysal.cli.bench.options import JsonFile
from raysal.cli.bench.present import present


def clicks(
    run: Annotated[
        Path, typer.Argument(help="Folder of a run: its test images are labelled, with its model.")
    ],
    images: Annotated[int, typer.Option(min=1, help="Number of test images.")] = 20,
    agreement: Annotated[
        float, typer.Option(min=0, max=1, help="Share of the true pixels that must agree.")
    ] = 0.95,
    way: Annotated[
        list[str] | None,
        typer.Option(help="superpixels, scribbles, prediction or polygons (repeatable) [all]."),
    ] = None,
    json: JsonFile = None,
) -> None:
    """Clicks that labels take: an annotator that knows the truth, in a real browser."""
    from raysal.bench.clicks import bench

    present(lambda watch: bench(run, images, agreement, way or [], watch), json)
