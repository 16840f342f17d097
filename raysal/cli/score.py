"""`raysal score`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from raysal.cli.pool import AllowOutside, MaxMegapixels
from raysal.cli.terminal import Terminal, console, duration
from raysal.cli.there import check_model
from raysal.data.opening import MAX_MEGAPIXELS
from raysal.errors import ConfigError, RaysalError

if TYPE_CHECKING:
    from raysal.acquisition.base import Strategy
    from raysal.curate.score import PoolScores
    from raysal.data.pool.outside import Permits
    from raysal.engine.base import Engine
    from raysal.engine.config import EngineConfig
    from raysal.models.feature_config import FeatureConfig


def score(
    model: Annotated[Path, typer.Argument(help="The `model` folder of a round.")],
    pool: Annotated[str, typer.Argument(help="Folder or URI of a pool.")],
    acquisition: Annotated[str, typer.Option(help="Strategy, such as ds, de or entropy.")] = "ds",
    out: Annotated[str, typer.Option(help="Folder or URI to write the scores to.")] = "scores",
    limit: Annotated[
        int | None, typer.Option(min=1, help="Score at most this many images, in pool order.")
    ] = None,
    candidates: Annotated[
        float | None, typer.Option(help="Score a random share of the pool, drawn with --seed.")
    ] = None,
    features: Annotated[
        str | None,
        typer.Option(
            help="Also write a vector per image: an encoder stage, aspp or decoder, or tu-NAME for "
            "an encoder of timm."
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="Setting of the strategy, the engine or the encoder of --features: --set "
            "engine.name=local, --set features.weights=FILE.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything random.")] = 0,
    max_bad_share: Annotated[
        float, typer.Option(min=0, max=1, help="Fail if more than this share is unreadable.")
    ] = 0.01,
    show: Annotated[int, typer.Option(min=0, help="Number of best images to print.")] = 10,
    allow_outside: AllowOutside = None,
    max_megapixels: MaxMegapixels = MAX_MEGAPIXELS,
) -> None:
    """Score all images of a pool with a trained model. To resume, run it again."""
    from raysal.config.settings import kept

    if candidates is not None and not 0 < candidates <= 1:
        raise ConfigError(f"--candidates {candidates:g}: must be a share above 0, at most 1")
    strategy, engine, vectors = _configure(acquisition, settings or [], features)

    from raysal.data.pool.outside import Permits

    permits = Permits.of(allow_outside, max_megapixels)

    place = out if "://" in out else str(kept(out))
    _check_paths(model, pool, place, permits)
    with _engine(engine, model, pool, place) as make_engine, Terminal() as watch:
        # Imports torch, in the time in which the engine starts.
        from raysal.curate.score import score_pool

        result = score_pool(
            model,
            pool,
            strategy,
            place,
            make_engine,
            watch,
            limit=limit,
            candidates=candidates,
            features=vectors,
            seed=seed,
            max_bad_share=max_bad_share,
            show=show,
            permits=permits,
        )
    _print(result, strategy.label)


def _check_paths(model: Path, pool: str, out: str, permits: Permits) -> None:
    """Check what `score_pool` will check, before it imports torch; URIs are left to it."""
    from raysal.curate.score_folder import check_place
    from raysal.data.pool.pool import Pool
    from raysal.storage.uri import absolute

    if "://" not in out:
        check_place(absolute(out))
    if "://" not in pool:
        Pool.open(absolute(pool), permits)
    check_model(model)


def _engine(
    config: EngineConfig, model: Path, pool: str, out: str
) -> AbstractContextManager[Callable[[], Engine]]:
    """What makes the engine, which is being started if there seems to be work for it."""
    from raysal.curate.score_folder import read_scoring
    from raysal.engine.build import build_engine, engine_early
    from raysal.experiment.integrity import check_model_stage
    from raysal.storage.uri import absolute

    if "://" not in pool and "://" not in out:
        with suppress(RaysalError, OSError):  # Said by `score_pool`, in its order.
            check_model_stage(model)
            scoring = read_scoring(absolute(out))
            if scoring is None or not scoring.finished:
                return engine_early(config)
    return nullcontext(partial(build_engine, config))


def _configure(
    acquisition: str, settings: list[str], features: str | None
) -> tuple[Strategy, EngineConfig, str | FeatureConfig | None]:
    """The strategy, by name, the engine, and what makes the vectors, with their settings from
    `--set`."""
    from raysal.acquisition.registry import StrategyChoice
    from raysal.config.load import apply_overrides, validate
    from raysal.engine.config import EngineConfig
    from raysal.models.feature_config import PREFIX, FeatureConfig

    values = apply_overrides({}, settings)
    engine = validate(EngineConfig, values.pop("engine", {}), "--set engine")
    about = values.pop("features", {})
    vectors: str | FeatureConfig | None = features
    if features is not None and features.startswith(PREFIX):
        if isinstance(about, dict):
            about = {**about, "encoder": features}
        vectors = validate(FeatureConfig, about, "--set features")
        vectors.check()
    elif about:
        raise ConfigError("--set features is about an encoder of timm; give --features tu-NAME")
    choice = {"acquisition": {"name": acquisition, **values}}
    return validate(StrategyChoice, choice, "--acquisition").acquisition, engine, vectors


def _print(result: PoolScores, label: str) -> None:
    for image_id, reason in result.bad:
        console.print(f"set aside '{image_id}': {reason}")
    table = Table("rank", "image", label)
    for rank, pick in enumerate(result.best, start=1):
        table.add_row(str(rank), pick.image_id, f"{pick.score:.6f}")
    console.print(table)
    if result.new:
        rate = result.new / result.seconds
        console.print(
            f"{result.new} images scored in {duration(result.seconds)}, {rate:.1f} images/s"
        )
    else:
        console.print("all images have scores already; nothing to do")
    console.print(f"scores of {result.images} images: {result.folder}")
