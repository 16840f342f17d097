"""`raysal bench startup`."""

from __future__ import annotations

from typing import Annotated

import typer

from raysal.cli.bench.options import JsonFile, Rounds
from raysal.cli.bench.present import present


def startup(
    rounds: Rounds = 5,
    score: Annotated[
        bool, typer.Option("--score/--no-score", help="Also time commands to the first score.")
    ] = True,
    json: JsonFile = None,
) -> None:
    """Seconds until commands show something, against importing torch alone."""
    from raysal.bench.startup import bench, known_engines

    present(lambda watch: bench(rounds, known_engines() if score else [], watch), json)
