"""`raysal bench decode`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from raysal.cli.bench.options import Height, JsonFile, Rounds, Width
from raysal.cli.bench.present import present


def decode(
    images: Annotated[
        Path | None, typer.Option(help="Folder of JPEG pictures; by default drawn streets.")
    ] = None,
    height: Height = 720,
    width: Width = 1280,
    count: Annotated[int, typer.Option(min=1, help="Number of pictures.")] = 24,
    rounds: Rounds = 7,
    json: JsonFile = None,
) -> None:
    """Decoding JPEG pictures at full, half and quarter size, against Pillow."""
    from raysal.bench.decode import bench

    present(lambda watch: bench(images, (height, width), count, rounds, watch), json)
