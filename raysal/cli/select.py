"""`raysal select`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from raysal.cli.show import Terminal, console
from raysal.curate.diversity import Diversity
from raysal.curate.select import select_query
from raysal.errors import ConfigError
from raysal.experiment.query import FILE

GROUPS_SHOWN = 10


class Unit(StrEnum):
    """Units of a budget that need no truth."""

    images = "images"
    regions = "regions"
    pixels = "pixels"


def select(
    scores: Annotated[
        list[str],
        typer.Argument(help="Folders or URIs of `raysal score`, or scores/regions of rounds."),
    ],
    budget: Annotated[int, typer.Option(help="How much may be asked for.")],
    unit: Annotated[Unit, typer.Option(help="What the budget counts.")] = Unit.images,
    out: Annotated[Path, typer.Option(help="Folder for the query.")] = Path("query"),
    quota: Annotated[int | None, typer.Option(help="At most so many of a group.")] = None,
    group: Annotated[
        str | None,
        typer.Option(help="Regular expression: its first group in an image's id names the group."),
    ] = None,
    groups: Annotated[
        Path | None, typer.Option(help="CSV or Parquet with the columns image_id and group.")
    ] = None,
    min_gap: Annotated[
        int | None,
        typer.Option(help="Frames of a group that differ by less are not both taken."),
    ] = None,
    frame: Annotated[
        str | None,
        typer.Option(help="Regular expression: its first group in an image's id is the frame."),
    ] = None,
    min_distance: Annotated[
        float | None,
        typer.Option(help="Least cosine distance of two images' vectors (score --features)."),
    ] = None,
    exclude: Annotated[
        list[Path] | None,
        typer.Option(help="A query's folder or a text file of ids, not to be asked for again."),
    ] = None,
    allow_partial: Annotated[
        bool, typer.Option("--allow-partial", help="Take scorings that are not finished.")
    ] = False,
) -> None:
    """Choose from scores what to label next: the best that a budget pays for, kept apart."""
    if budget < 1:
        raise ConfigError(f"--budget {budget}: must be at least 1")
    if ":/" in str(out):  # A path keeps one slash of a URI's two.
        raise ConfigError(f"--out '{out}': a query goes to a folder of this machine")
    diversity = Diversity(
        quota=quota, group=group, groups=None if groups is None else str(groups),
        min_gap=min_gap, frame=frame, min_distance=min_distance,
    )  # fmt: skip
    with Terminal() as watch:
        selected = select_query(
            scores, budget, unit.value, out, watch,
            diversity=diversity, exclude=exclude or (), allow_partial=allow_partial,
        )  # fmt: skip
    if selected.groups:
        table = Table("group", "chosen")
        for name, count in selected.groups[:GROUPS_SHOWN]:
            table.add_row(name, str(count))
        if len(selected.groups) > GROUPS_SHOWN:
            table.add_row(f"and {len(selected.groups) - GROUPS_SHOWN} more", "")
        console.print(table)
    asks = selected.asks
    images = len({ask.image_id for ask in asks})
    what = f"regions of {images} images" if selected.regions else "images"
    console.print(
        f"{len(asks)} {what} chosen, {sum(ask.cost.pixels for ask in asks)} pixels; scores from "
        f"{asks[0].score:.6f} down to {asks[-1].score:.6f}"
    )
    console.print(f"query: {selected.folder / FILE}")
