"""`raysal select`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from raysal.cli.pool import AllowOutside, MaxMegapixels
from raysal.cli.terminal import Terminal, console
from raysal.data.opening import MAX_MEGAPIXELS
from raysal.errors import ConfigError

if TYPE_CHECKING:
    from raysal.curate.select import Selected
    from raysal.data.pool.outside import Permits

GROUPS_SHOWN = IMAGES_SHOWN = 10


class Start(StrEnum):
    """How the first images are chosen; see `raysal.acquisition.selection.cold_start`."""

    coverage = "coverage"
    typical = "typical"


class Unit(StrEnum):
    """Units of a budget that can be counted without ground truth."""

    images = "images"
    regions = "regions"
    pixels = "pixels"


def select(
    scores: Annotated[
        list[str],
        typer.Argument(
            help="Folders or URIs written by `raysal score`, or `scores` or `regions` of rounds; "
            "with --start also a pool or a folder of images."
        ),
    ],
    budget: Annotated[int, typer.Option(help="How much to query, in --unit.")],
    unit: Annotated[Unit, typer.Option(help="Unit of the budget.")] = Unit.images,
    out: Annotated[str, typer.Option(help="Folder to write the query to.")] = "query",
    quota: Annotated[int | None, typer.Option(help="Query at most this many per group.")] = None,
    group: Annotated[
        str | None,
        typer.Option(
            help="Regular expression on image ids; its first parentheses capture the group."
        ),
    ] = None,
    groups: Annotated[
        Path | None, typer.Option(help="CSV or Parquet file with columns image_id and group.")
    ] = None,
    min_gap: Annotated[
        int | None, typer.Option(help="Minimum difference between frame numbers within a group.")
    ] = None,
    frame: Annotated[
        str | None,
        typer.Option(
            help="Regular expression on image ids; its first parentheses capture the frame number."
        ),
    ] = None,
    min_distance: Annotated[
        float | None,
        typer.Option(help="Minimum cosine distance between vectors (from score --features)."),
    ] = None,
    exclude: Annotated[
        list[Path] | None,
        typer.Option(help="Folder of a query, or text file of image ids, not to query again."),
    ] = None,
    allow_partial: Annotated[
        bool, typer.Option("--allow-partial", help="Accept score folders that are not complete.")
    ] = False,
    start: Annotated[
        Start | None,
        typer.Option(
            help="Choose the first images, by vectors instead of scores: typical ones, or a "
            "coverage of all. Needs no trained model."
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            help="With --start: experiment whose untrained network, or encoder in `features`, "
            "makes the vectors."
        ),
    ] = None,
    overrides: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="With --start: change a setting, as --set size=[360,480] or "
            "--set data.channels=4.",
        ),
    ] = None,
    allow_outside: AllowOutside = None,
    max_megapixels: MaxMegapixels = MAX_MEGAPIXELS,
) -> None:
    """Choose what to label next: the best scores that fit a budget, with images kept apart."""
    if budget < 1:
        raise ConfigError(f"--budget {budget}: must be at least 1")
    if "://" in out:
        raise ConfigError(f"--out '{out}': a query is written to a local folder, not to a URI")
    if start is not None:
        apart = {
            "--quota": quota, "--group": group, "--groups": groups, "--min-gap": min_gap,
            "--frame": frame, "--min-distance": min_distance,
        }  # fmt: skip
        if given := [option for option, value in apart.items() if value is not None]:
            raise ConfigError(
                f"--start chooses images together, so that they differ; leave out {given[0]}"
            )
        from raysal.data.pool.outside import Permits

        _start(
            scores, start, budget, unit, out, config, overrides or [], exclude or [], allow_partial,
            Permits.of(allow_outside, max_megapixels),
        )  # fmt: skip
        return
    if config is not None or overrides:
        raise ConfigError("--config and --set are for --start; scores have their settings already")
    if allow_outside or max_megapixels != MAX_MEGAPIXELS:
        raise ConfigError(
            "--allow-outside and --max-megapixels are for --start; with scores, no image is read"
        )

    from raysal.config.load import validate
    from raysal.curate.diversity import Diversity
    from raysal.curate.select import select_query

    settings = {
        "quota": quota,
        "group": group,
        "groups": None if groups is None else str(groups),
        "min_gap": min_gap,
        "frame": frame,
        "min_distance": min_distance,
    }
    diversity = validate(Diversity, settings, "select")
    with Terminal() as watch:
        selected = select_query(
            scores,
            budget,
            unit.value,
            Path(out),
            watch,
            diversity=diversity,
            exclude=exclude or (),
            allow_partial=allow_partial,
        )
    _print(selected)


def _start(
    places: list[str],
    start: Start,
    budget: int,
    unit: Unit,
    out: str,
    config: Path | None,
    overrides: list[str],
    exclude: list[Path],
    allow_partial: bool,
    permits: Permits,
) -> None:
    """Choose the first images."""
    from raysal.config.settings import kept
    from raysal.curate.start_settings import start_settings

    settings = start_settings(config, overrides)
    if settings.features is None:
        settings.model.check()
    else:
        settings.features.check()

    from raysal.curate.start import LIST, select_start
    from raysal.engine.build import build_engine

    with Terminal() as watch:
        selected = select_start(
            places,
            start.value,
            budget,
            unit.value,
            kept(out),
            settings,
            lambda: build_engine(settings.engine),
            watch,
            exclude=exclude,
            allow_partial=allow_partial,
            permits=permits,
        )
    for image_id in selected.query.column("image_id").slice(0, IMAGES_SHOWN).to_pylist():
        console.print(image_id)
    if len(selected.query) > IMAGES_SHOWN:
        console.print(f"and {len(selected.query) - IMAGES_SHOWN} more")
    console.print(f"{len(selected.query)} images chosen: {selected.folder / LIST}")


def _print(selected: Selected) -> None:
    from raysal.experiment.query import FILE

    if selected.groups:
        table = Table("group", "chosen")
        for name, count in selected.groups[:GROUPS_SHOWN]:
            table.add_row(name, str(count))
        if len(selected.groups) > GROUPS_SHOWN:
            table.add_row(f"and {len(selected.groups) - GROUPS_SHOWN} more", "")
        console.print(table)
    what = f"regions of {selected.images} images" if selected.regions else "images"
    best, worst = selected.scores
    console.print(
        f"{len(selected.query)} {what} chosen, {selected.pixels} pixels; scores from "
        f"{best:.6f} down to {worst:.6f}"
    )
    console.print(f"query: {selected.folder / FILE}")
