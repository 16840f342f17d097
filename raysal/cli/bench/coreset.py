"""`raysal bench coreset`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from raysal.cli.terminal import console
from raysal.engine.registry import DEFAULT, ENGINES


def coreset(
    images: Annotated[int, typer.Option(min=10, help="Number of candidates.")] = 10_000,
    features: Annotated[int, typer.Option(min=1, help="Length of a vector.")] = 256,
    labelled: Annotated[int, typer.Option(min=1, help="Number of labelled images.")] = 200,
    budget: Annotated[int, typer.Option(min=1, help="Number of images to choose.")] = 500,
    shards: Annotated[int, typer.Option(min=2, help="Number of shards of the pool.")] = 4,
    engine: Annotated[str, typer.Option(help=f"{' or '.join(ENGINES)}.")] = DEFAULT,
) -> None:
    """Measure core-set's running minimum against computing all distances at each pick."""
    from raysal.bench.coreset import (
        MODES,
        Cloud,
        by_engine,
        recompute,
        running_minimum,
        write_cloud,
    )
    from raysal.config.load import validate
    from raysal.engine.build import build_engine, engine_info
    from raysal.engine.config import EngineConfig
    from raysal.inference.device import cores
    from raysal.inference.process import tune_process

    config = validate(
        EngineConfig, {"name": engine, "vectors_per_actor": -(-images // shards)}, "--engine"
    )
    tune_process(cores())
    cloud = Cloud.draw(images, features, labelled)
    running_minimum(cloud, min(budget, 10), 1)
    picks, seconds = running_minimum(cloud, budget, 1)
    table = Table(
        f"{images} x {features} features, {labelled} labelled, {len(picks)} chosen, "
        f"{cores()} threads",
        "s",
        "times the running minimum",
    )

    def add(what: str, took: float) -> None:
        table.add_row(what, f"{took:.2f}", f"{took / seconds:.1f}")

    add("running minimum", seconds)
    in_shards, took = running_minimum(cloud, budget, shards)
    add(f"in {shards} shards", took)
    same = [far.index for far in in_shards] == [far.index for far in picks]
    with tempfile.TemporaryDirectory(prefix="raysal-bench-") as folder:
        job = write_cloud(cloud, Path(folder))
        with_engine = build_engine(config)
        try:
            ids, took = by_engine(with_engine, job, budget)
        finally:
            with_engine.close()
    divided = engine_info(engine).distributed
    where = f"up to {-(-images // shards)} vectors per actor" if divided else "one process"
    add(f"engine {engine}: {where}, including start and reading", took)
    same &= ids == [far.image_id for far in picks]
    for how in MODES:
        recomputed = recompute(cloud, picks, how)
        add(f"all distances at each pick, {how}", recomputed.seconds)
        # A matrix product rounds differently, which is why it is not used.
        same &= recomputed.same or how == "as a matrix product"
    console.print(table)
    console.print(
        f"all distances: measured at {recomputed.measured} evenly spaced picks, with the centres "
        f"chosen until then, and extrapolated to all {len(picks)}"
    )
    if not same:
        console.print("the picks DIFFER")
        raise typer.Exit(1)
    console.print("all ways give the same picks")
