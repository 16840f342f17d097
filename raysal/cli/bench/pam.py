"""`raysal bench pam`."""

from __future__ import annotations

from typing import Annotated

import typer

from raysal.cli.bench.options import JsonFile, Rounds
from raysal.cli.bench.present import present


def pam(
    height: Annotated[
        int | None, typer.Option(min=1, help="Of the attention grid [those of DEAL's data sets].")
    ] = None,
    width: Annotated[int | None, typer.Option(min=1, help="Of the attention grid.")] = None,
    classes: Annotated[int, typer.Option(min=2, help="With --height and --width.")] = 19,
    images: Annotated[int, typer.Option(min=1, help="Images in a batch.")] = 1,
    rounds: Rounds = 5,
    json: JsonFile = None,
) -> None:
    """Probability attention, against the matrix over all pairs of positions."""
    from raysal.bench.pam import CASES, bench

    given = height is not None or width is not None
    own = ((height or width or 1, width or height or 1, classes),)
    present(lambda watch: bench(own if given else CASES, images, rounds, watch), json)
