"""Speed of the labelling tool in a real browser, against its targets."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from raysal.bench.labelling.speed import Work, measure, quantile
from raysal.bench.result import Figure, Result
from raysal.progress import Watch

PAINT_MS, UNDO_MS, TURN_MS, SAVE_MS, GROWTH = 16.0, 50.0, 300.0, 200.0, 1.2


def bench(work: Work, watch: Watch) -> Result:
    """Measure painting, undo, going from image to image, saving, and memory.

    Raises:
        RunError: there is no browser, or the page does not answer.
    """
    with tempfile.TemporaryDirectory(prefix="raysal-bench-") as folder:
        found = measure(Path(folder), work, watch)
    few, many = found.few, found.many
    return Result(
        "annotate",
        (
            *_times("stroke to paint, from the event's arrival", found.paint, most_95=PAINT_MS),
            *_times("stroke to paint, from the event's making", found.paint_made),
            *_times(f"undo after {found.steps} strokes", found.undo, most=UNDO_MS),
            *_times("image to image", found.turn, most=TURN_MS),
            *_times("save", found.save, most=SAVE_MS),
            *_memory("heap of the page", (few.heap_mib, many.heap_mib), found.few_images),
            *_memory("process of the page", (few.process_mib, many.process_mib), found.few_images),
        ),
        {
            "images": work.images,
            "strokes": work.strokes,
            "size": f"{work.size[1]}x{work.size[0]}",
            "browser": found.browser,
        },
        (
            "no window and no GPU; times by the page's own events and frames; 95 %: "
            "what so many do not exceed",
        ),
    )


def _times(
    what: str, values: Sequence[float], most: float | None = None, most_95: float | None = None
) -> Iterator[Figure]:
    spread = (min(values), max(values))
    yield Figure(what, quantile(values, 0.5), "ms", spread=spread, at_most=most)
    yield Figure(f"{what}, 95 %", quantile(values, 0.95), "ms", at_most=most_95)


def _memory(what: str, mib: tuple[float | None, float | None], few_images: int) -> Iterator[Figure]:
    few, many = (float("nan") if each is None else each for each in mib)
    yield Figure(f"{what}, at the end", many, "MiB")
    yield Figure(f"{what}, over that after {few_images} images", many / few, "", at_most=GROWTH)
