"""Options that several benchmarks have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from raysal.engine.registry import ENGINES

JsonFile = Annotated[
    Path | None, typer.Option("--json", help="Write the same figures to this file, too.")
]
EngineName = Annotated[str, typer.Option(help=f"{' or '.join(ENGINES)}.")]
Rounds = Annotated[int, typer.Option(min=1, help="Number of measurements of each kind.")]
Height = Annotated[int, typer.Option(min=32, help="Of the images, in pixels.")]
Width = Annotated[int, typer.Option(min=32, help="Of the images, in pixels.")]
