"""`raysal show`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from raysal.cli.pool import MaxMegapixels
from raysal.cli.terminal import Terminal, console
from raysal.cli.there import check_shown
from raysal.data.opening import MAX_MEGAPIXELS
from raysal.errors import ConfigError
from raysal.report.show.wanted import Figure, Name, Wanted, box_of, chosen, pixel_of

if TYPE_CHECKING:
    from raysal.curate.evaluation_data import LabelledData

FIGURES, PANELS = (", ".join(kind) for kind in (Figure, Name))


class Bins(StrEnum):
    """How difficulty is divided into levels."""

    unit = "unit"
    image_range = "image_range"


def show(
    model: Annotated[
        Path,
        typer.Argument(help="A run (its last model), a round RUN/rounds/NNN, or a model folder."),
    ],
    images: Annotated[
        list[str] | None,
        typer.Argument(
            help="Ids of images of the run's data set, of any split, or files. By default the "
            "first ones that the round queried.",
            show_default=False,
        ),
    ] = None,
    figure: Annotated[
        str | None,
        typer.Option(
            help=f"Figures to draw, with commas: {FIGURES}. By default all that there are of the "
            "model; of several models, the one that compares them."
        ),
    ] = None,
    panels: Annotated[
        str | None,
        typer.Option(help=f"Instead, one figure of these panels, with commas: {PANELS}."),
    ] = None,
    beside: Annotated[
        list[Path] | None,
        typer.Option(help="Another model, to be shown beside the first (repeatable)."),
    ] = None,
    names: Annotated[
        str | None,
        typer.Option(help="Names of the models in figures, with commas: --names late,early."),
    ] = None,
    crop: Annotated[
        list[str] | None,
        typer.Option(
            help="Enlarge a part: row, column, height, width in pixels of the model's input, as "
            "--crop 40,60,32,48 (repeatable)."
        ),
    ] = None,
    pixel: Annotated[
        list[str] | None,
        typer.Option(
            help="A pixel whose attention is drawn: row, column, as --pixel 40,60 (repeatable). "
            "By default the three worst wrong ones."
        ),
    ] = None,
    levels: Annotated[
        int | None,
        typer.Option(min=1, max=64, help="Difficulty levels. By default the strategy's, or 6."),
    ] = None,
    bins: Annotated[
        Bins | None,
        typer.Option(help="Levels of 0 to 1, or of the image's own range. By default as levels."),
    ] = None,
    passes: Annotated[
        int | None,
        typer.Option(min=2, max=10_000, help="Dropout passes. By default the run's, or 20."),
    ] = None,
    window: Annotated[
        int | None,
        typer.Option(min=1, help="Side of a region in pixels. By default the run's rga.w."),
    ] = None,
    tile: Annotated[
        str | None,
        typer.Option(
            help="Of models that read images in tiles: row, column of the upper left corner of the "
            "tile to show. By default the middle one."
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            help="Data whose images are named: a run, or a YAML file with a `data` section. By "
            "default those of the run of MODEL."
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="Change a setting of the data: --set data.root=PATH."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder to write to.")] = Path("show"),
    max_megapixels: MaxMegapixels = MAX_MEGAPIXELS,
) -> None:
    """Draw what models see in images: errors, difficulty, uncertainty, attention, regions."""
    from raysal.config.settings import kept

    if figure is not None and panels is not None:
        raise ConfigError("give --figure or --panels, not both: --panels is a figure of its own")
    wanted = Wanted(
        figures=chosen(Figure, "--figure", figure),
        panels=chosen(Name, "--panels", panels),
        crops=tuple(map(box_of, crop or ())),
        pixels=tuple(map(pixel_of, pixel or ())),
        levels=levels,
        bins=None if bins is None else bins.value,
        passes=passes,
        window=window,
        tile=None if tile is None else pixel_of(tile, "--tile"),
    )

    check_shown([model, *(beside or [])])

    from raysal.report.show.build import build_figures
    from raysal.report.show.images import Images
    from raysal.report.show.models import open_models

    labels = [name.strip() for name in names.split(",")] if names else []
    models = open_models([model, *(beside or [])], labels)
    given = None if data is None else _data(data, settings or [])
    found = Images(models[0], given, settings or [], max_megapixels)
    with Terminal() as watch:
        made = build_figures(models, found, images or [], wanted, kept(out), watch)
    for note in made.notes:
        console.print(note)
    for path in made.written:
        console.print(f"written: {path}")
    console.print(f"page: {made.page}")


def _data(data: Path, settings: list[str]) -> LabelledData:
    from raysal.curate.evaluation_data import load_data
    from raysal.curate.evaluation_run import is_run, load_run

    return load_run(data, settings) if is_run(data) else load_data(data, settings)
