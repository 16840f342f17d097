"""`raysal bench annotate`: the speed of the labelling tool."""

from __future__ import annotations

import os
import platform
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from raysal.cli.terminal import Terminal, console

if TYPE_CHECKING:
    from raysal.bench.labelling.speed import Speed

PAINT_MS, UNDO_MS, TURN_MS, SAVE_MS, GROWTH = 16.0, 50.0, 300.0, 200.0, 1.2


def annotate(
    images: Annotated[int, typer.Option(min=2, help="Images that are opened.")] = 200,
    strokes: Annotated[int, typer.Option(min=4, help="Strokes drawn in the first one.")] = 2000,
    height: Annotated[int, typer.Option(min=64)] = 1024,
    width: Annotated[int, typer.Option(min=64)] = 2048,
    scenes: Annotated[int, typer.Option(min=1, help="Different pictures among the images.")] = 4,
) -> None:
    """Measure the labelling tool in a real browser: painting, undo, images, saving, memory."""
    from raysal.bench.labelling.speed import Work, measure
    from raysal.inference.device import cores

    work = Work(images, strokes, scenes, (height, width))
    before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="raysal-bench-") as folder, Terminal() as watch:
        found = measure(Path(folder), work, watch)
    console.print(_table(found, work.images))
    console.print(
        f"{found.browser} without a window or a GPU, {platform.machine()}, {cores()} cores, load "
        f"{before:.1f} before and {os.getloadavg()[0]:.1f} after; pictures of {width}x{height} "
        "pixels; times by the page's own events and frames; the target of a stroke is for the 95th "
        "percentile, others for the median"
    )


def _table(found: Speed, images: int) -> Table:
    table = Table("", "median", "95 %", "target", "met", "measured")
    _add(table, "stroke to paint, from the event's arrival, ms", found.paint, PAINT_MS, 0.95)
    _add(table, "stroke to paint, from the event's making, ms", found.paint_made, None, 0.95)
    _add(table, f"undo after {found.steps} strokes, ms", found.undo, UNDO_MS, 0.5)
    _add(table, "image to image, ms", found.turn, TURN_MS, 0.5)
    _add(table, "save, ms", found.save, SAVE_MS, 0.5)
    few, many = found.few, found.many
    for what, a, b in (
        ("memory: heap of the page", few.heap_mib, many.heap_mib),
        ("memory: process of the page", few.process_mib, many.process_mib),
    ):
        if a is None or b is None:
            table.add_row(f"{what}, MiB", "not told here", "", f"{GROWTH} times", "", "")
            continue
        table.add_row(
            f"{what}, after {found.few_images} and {images} images, MiB",
            f"{a:.0f}, {b:.0f}",
            f"{b / a:.2f} times",
            f"{GROWTH} times",
            _met(b / a, GROWTH),
            "1",
        )
    return table


def _add(
    table: Table, what: str, values: Sequence[float], target: float | None, share: float
) -> None:
    from raysal.bench.labelling.speed import quantile

    table.add_row(
        what,
        f"{quantile(values, 0.5):.1f}",
        f"{quantile(values, 0.95):.1f}",
        "-" if target is None else f"{target:.0f}",
        "" if target is None else _met(quantile(values, share), target),
        str(len(values)),
    )


def _met(value: float, target: float) -> str:
    return "yes" if value <= target else "NO"
