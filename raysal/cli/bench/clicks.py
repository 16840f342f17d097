"""`raysal bench clicks`: what labels cost in the labelling tool."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from raysal.cli.terminal import Terminal, console
from raysal.errors import ConfigError

if TYPE_CHECKING:
    from raysal.bench.labelling.ways import Labelled

_PER = "clicks per image"


def clicks(
    run: Annotated[
        Path, typer.Argument(help="Folder of a run: its test images are labelled, with its model.")
    ],
    images: Annotated[int, typer.Option(min=1, help="Number of test images.")] = 20,
    agreement: Annotated[
        float, typer.Option(min=0, max=1, help="Share of the true pixels that must agree.")
    ] = 0.95,
    way: Annotated[
        list[str] | None,
        typer.Option(help="superpixels, scribbles, prediction or polygons (repeatable) [all]."),
    ] = None,
) -> None:
    """Count the clicks that labels take: an annotator that knows the truth, in a real browser."""
    from raysal.bench.labelling.clicks import labelled
    from raysal.bench.labelling.ways import WAYS

    ways = way or list(WAYS)
    if unknown := [each for each in ways if each not in WAYS]:
        raise ConfigError(f"--way {unknown[0]}: there is {', '.join(WAYS)}")
    done: list[Labelled] = []
    with tempfile.TemporaryDirectory(prefix="raysal-bench-") as folder, Terminal() as watch:
        watch.start("label", images * len(ways))
        for each in labelled(run, Path(folder), ways, images, agreement):
            done.append(each)
            watch.advance(1)
            effort = each.effort
            watch.say(
                f"{each.image_id} {each.way}: {effort.presses} presses, {effort.turns} turns, "
                f"{effort.keys} keys, {each.agreement:.2%}"
            )
        watch.finish()
    console.print(_table(ways, done))
    if short := [each for each in done if each.agreement < agreement]:
        worst = min(short, key=lambda each: each.agreement)
        console.print(
            f"{len(short)} did not get there: {worst.image_id} by {worst.way} ended at "
            f"{worst.agreement:.1%}"
        )
    console.print(
        f"{images} images to {agreement:.0%} of the pixels with a true class, as stored; presses: "
        "of the mouse, and of keys that change labels (accept, fill); turns: further places that a "
        "drag is led through; keys: tools, classes, grains, closing a line; mean, and range"
    )


def _table(ways: Sequence[str], done: Sequence[Labelled]) -> Table:
    table = Table(_PER, "presses", "turns", "presses + turns", "keys", "of polygons' presses")
    polygons = [each.effort.presses for each in done if each.way == "polygons"]
    for way in ways:
        efforts = [each.effort for each in done if each.way == way]
        presses = [effort.presses for effort in efforts]
        turns = [effort.turns for effort in efforts]
        both = [a + b for a, b in zip(presses, turns, strict=True)]
        share = "-"
        if polygons:
            base = statistics.mean(polygons)
            share = f"{statistics.mean(presses) / base:.0%} ({statistics.mean(both) / base:.0%})"
        keys = [effort.keys for effort in efforts]
        table.add_row(way, *(_range(each) for each in (presses, turns, both, keys)), share)
    return table


def _range(counts: Sequence[int]) -> str:
    return f"{statistics.mean(counts):.1f} ({min(counts)}-{max(counts)})"
