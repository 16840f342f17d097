"""`raysal bench annotate`."""

from __future__ import annotations

from typing import Annotated

import typer

from raysal.cli.bench.options import JsonFile
from raysal.cli.bench.present import present


def annotate(
    images: Annotated[int, typer.Option(min=2, help="Images that are opened.")] = 200,
    strokes: Annotated[int, typer.Option(min=4, help="Strokes drawn in the first one.")] = 2000,
    height: Annotated[int, typer.Option(min=64)] = 1024,
    width: Annotated[int, typer.Option(min=64)] = 2048,
    scenes: Annotated[int, typer.Option(min=1, help="Different pictures among the images.")] = 4,
    json: JsonFile = None,
) -> None:
    """The labelling tool in a real browser: painting, undo, images, saving, memory."""
    from raysal.bench.annotate import bench
    from raysal.bench.labelling.speed import Work

    work = Work(images, strokes, scenes, (height, width))
    present(lambda watch: bench(work, watch), json)
