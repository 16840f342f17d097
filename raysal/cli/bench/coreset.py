"""`raysal bench coreset`."""

from __future__ import annotations

from typing import Annotated

import typer

from raysal.cli.bench.options import EngineName, JsonFile, Rounds
from raysal.cli.bench.present import present
from raysal.engine.registry import DEFAULT


def coreset(
    images: Annotated[int, typer.Option(min=10, help="Number of candidates.")] = 10_000,
    features: Annotated[int, typer.Option(min=1, help="Length of a vector.")] = 256,
    labelled: Annotated[int, typer.Option(min=1, help="Number of labelled images.")] = 200,
    budget: Annotated[int, typer.Option(min=1, help="Number of images to choose.")] = 500,
    shards: Annotated[int, typer.Option(min=2, help="Number of shards of the pool.")] = 4,
    rounds: Rounds = 3,
    engine: EngineName = DEFAULT,
    json: JsonFile = None,
) -> None:
    """Core-set's running minimum, against computing all distances at each pick."""
    from raysal.bench.coreset import Work, bench

    work = Work(images, features, labelled, budget, shards, rounds)
    present(lambda watch: bench(work, engine, watch), json)
