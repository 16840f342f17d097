"""Clicks that labels take in the labelling tool, by four ways of labelling."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import mean

from raysal.bench.labelling.clicks import labelled
from raysal.bench.labelling.ways import WAYS, Labelled
from raysal.bench.result import Figure, Result
from raysal.errors import ConfigError
from raysal.progress import Watch

POLYGONS = "polygons"


def bench(run: Path, images: int, agreement: float, ways: Sequence[str], watch: Watch) -> Result:
    """Label test images of a run, each in each way, by an annotator that knows the truth.

    Args:
        agreement: share of the true pixels that must agree.
        ways: of `WAYS`; all if there are none.

    Raises:
        ConfigError: there is no such way.
        RunError: there is no run, no model, or no browser.
        DataError: the data set cannot be read.
    """
    ways = ways or list(WAYS)
    if unknown := [each for each in ways if each not in WAYS]:
        raise ConfigError(f"--way {unknown[0]}: there is {', '.join(WAYS)}")
    done: list[Labelled] = []
    with tempfile.TemporaryDirectory(prefix="raysal-bench-") as folder:
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
    return Result(
        "clicks",
        tuple(figure for way in ways for figure in _figures(way, done)),
        {"run": str(run), "images": images, "agreement": agreement},
        (
            "of an image, the mean; agreement: of the pixels with a true class, as stored",
            "presses: of the mouse, and of keys that change labels (accept, fill); turns: further "
            "places that a drag is led through; keys: tools, classes, grains, closing a line",
            *_short(done, agreement),
        ),
    )


def _figures(way: str, done: Sequence[Labelled]) -> Iterator[Figure]:
    efforts = [each.effort for each in done if each.way == way]
    lines = [each.effort.presses for each in done if each.way == POLYGONS]
    presses = [effort.presses for effort in efforts]
    turns = [effort.turns for effort in efforts]
    both = [a + b for a, b in zip(presses, turns, strict=True)]
    keys = [effort.keys for effort in efforts]
    for what, counts in (
        ("presses", presses), ("turns", turns), ("presses + turns", both), ("keys", keys),
    ):  # fmt: skip
        ratio = mean(counts) / mean(lines) if lines and "presses" in what else None
        spread = (float(min(counts)), float(max(counts)))
        to = "" if ratio is None else "polygons' presses"
        yield Figure(what, mean(counts), "", ratio, to, spread, of=way)


def _short(done: Sequence[Labelled], agreement: float) -> Iterator[str]:
    if short := [each for each in done if each.agreement < agreement]:
        worst = min(short, key=lambda each: each.agreement)
        yield (
            f"{len(short)} did not get there: {worst.image_id} by {worst.way} ended at "
            f"{worst.agreement:.1%}"
        )
