"""`raysal score`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from raysal.acquisition.registry import StrategyChoice
from raysal.cli.show import Terminal, console
from raysal.config.base import kept
from raysal.config.load import apply_overrides, validate
from raysal.engine.base import EngineConfig
from raysal.engine.build import build_engine
from raysal.errors import ConfigError
from raysal.rounds.score_pool import score_pool


def score(
    model: Annotated[Path, typer.Argument(help="A model: the `model` folder of a round.")],
    pool: Annotated[str, typer.Argument(help="A pool: folder or URI.")],
    acquisition: Annotated[str, typer.Option(help="Strategy, such as ds, de or entropy.")] = "ds",
    out: Annotated[Path, typer.Option(help="Folder for the scores.")] = Path("scores"),
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
    if ":/" in str(out):  # A path keeps one slash of a URI's two.
        raise ConfigError(f"--out '{out}': scores go to a folder that all machines see")
    values = apply_overrides({}, settings or [])
    engine = validate(EngineConfig, values.pop("engine", {}), "--set engine")
    strategy = validate(
        StrategyChoice, {"acquisition": {"name": acquisition, **values}}, "--acquisition"
    ).acquisition
    with Terminal() as watch:
        result = score_pool(
            model, pool, strategy, kept(out), lambda: build_engine(engine), watch,
            seed=seed, max_bad_share=max_bad_share, show=show,
        )  # fmt: skip
    for image_id, reason in result.bad:
        console.print(f"set aside '{image_id}': {reason}")
    table = Table("rank", "image", strategy.label)
    for rank, pick in enumerate(result.best, start=1):
        table.add_row(str(rank), pick.image_id, f"{pick.score:.6f}")
    console.print(table)
    console.print(f"scores of {result.images} images: {result.folder}")
