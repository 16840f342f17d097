"""`raysal score`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from raysal.acquisition.registry import StrategyChoice
from raysal.cli.show import Terminal, console, duration
from raysal.config.load import apply_overrides, validate
from raysal.config.settings import kept
from raysal.curate.score import score_pool
from raysal.engine.build import build_engine
from raysal.engine.config import EngineConfig
from raysal.errors import ConfigError


def score(
    model: Annotated[Path, typer.Argument(help="A model: the `model` folder of a round.")],
    pool: Annotated[str, typer.Argument(help="A pool: folder or URI.")],
    acquisition: Annotated[str, typer.Option(help="Strategy, such as ds, de or entropy.")] = "ds",
    out: Annotated[str, typer.Option(help="Where the scores go: folder or URI.")] = "scores",
    limit: Annotated[
        int | None, typer.Option(min=1, help="Only the first so many images, in pool order.")
    ] = None,
    candidates: Annotated[
        float | None, typer.Option(help="Only a share of the pool, drawn by lot with --seed.")
    ] = None,
    features: Annotated[
        str | None,
        typer.Option(help="Also write a vector per image: an encoder stage, aspp or decoder."),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="Setting of the strategy or engine: --set engine.name=local."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="For strategies that draw lots.")] = 0,
    max_bad_share: Annotated[
        float, typer.Option(min=0, max=1, help="More unreadable images than this is an error.")
    ] = 0.01,
    show: Annotated[int, typer.Option(min=0, help="How many of the best to print.")] = 10,
) -> None:
    """Score all images of a pool with a trained model; run it again to resume."""
    if candidates is not None and not 0 < candidates <= 1:
        raise ConfigError(f"--candidates {candidates:g}: must be a share above 0, at most 1")
    values = apply_overrides({}, settings or [])
    engine = validate(EngineConfig, values.pop("engine", {}), "--set engine")
    strategy = validate(
        StrategyChoice, {"acquisition": {"name": acquisition, **values}}, "--acquisition"
    ).acquisition
    with Terminal() as watch:
        result = score_pool(
            model, pool, strategy, out if "://" in out else str(kept(out)),
            lambda: build_engine(engine), watch,
            limit=limit, candidates=candidates, features=features, seed=seed,
            max_bad_share=max_bad_share, show=show,
        )  # fmt: skip
    for image_id, reason in result.bad:
        console.print(f"set aside '{image_id}': {reason}")
    table = Table("rank", "image", strategy.label)
    for rank, pick in enumerate(result.best, start=1):
        table.add_row(str(rank), pick.image_id, f"{pick.score:.6f}")
    console.print(table)
    if result.new:
        rate = result.new / result.seconds
        console.print(
            f"{result.new} images scored in {duration(result.seconds)}, {rate:.1f} images/s"
        )
    else:
        console.print("all were there already; nothing was scored")
    console.print(f"scores of {result.images} images: {result.folder}")
