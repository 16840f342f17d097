"""The figures: which panels stand where."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from raysal.data.decode import IGNORE
from raysal.errors import ConfigError
from raysal.report.show.attention import (
    attended,
    attention_row,
    cell_of,
    gamma,
    worst_pixels,
)
from raysal.report.show.grid import Row
from raysal.report.show.panel import (
    AbsentError,
    Heat,
    Panel,
    cropped,
    on_one_scale,
    scaled,
)
from raysal.report.show.panels import (
    TIMES,
    UNCERTAINTIES,
    difficulty_panel,
    image_panel,
    level_panels,
    levels_panel,
    panel_of,
    prediction_panel,
    uncertainty_panel,
)
from raysal.report.show.regions import RegionView
from raysal.report.show.view import View
from raysal.report.show.wanted import Box, Figure, Name, Pixel, Wanted

OVERVIEW = (Name.image, Name.truth, Name.prediction, Name.errors, Name.difficulty)
COMPARED = (Name.prediction, Name.errors, Name.difficulty)
OF_IMAGE = (Name.image, Name.truth)
"""Panels that are the same for all models."""
MOST_COLUMNS = 5
ATTENTION_MAP = "inferno"


@dataclass
class Absences:
    """What is left out of the figures, and why.

    Attributes:
        strict: whether anything that is missing is an error instead.
    """

    strict: bool = False
    found: dict[str, list[str]] = field(default_factory=dict)

    def note(self, what: str, error: AbsentError) -> None:
        """Keep it for the notes; the same reason is given once."""
        if self.strict:
            raise error
        left_out = self.found.setdefault(str(error), [])
        if what not in left_out:
            left_out.append(what)

    def lines(self) -> list[str]:
        """One line for each reason."""
        return [
            f"left out: {', '.join(what.replace('_', ' ') for what in left_out)} ({reason})"
            for reason, left_out in self.found.items()
        ]


@dataclass(frozen=True)
class Seen:
    """An image as one model sees it."""

    view: View
    wanted: Wanted
    absences: Absences
    regions: RegionView = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "regions", RegionView(self.view))

    def panel(self, name: Name) -> Panel | None:
        """A panel; None if there is none, which is noted."""
        try:
            return panel_of(name, self.view, self.regions)
        except AbsentError as error:
            self.absences.note(name, error)
            return None

    def panels(self, names: Sequence[Name]) -> list[Panel]:
        """Those of the panels that there are."""
        return [panel for name in names if (panel := self.panel(name)) is not None]


def figure_of(figure: Figure, seen: Seen) -> list[Row]:
    """The rows of a figure of one model.

    Raises:
        AbsentError: what it is about is not there.
    """
    of: dict[Figure, Callable[[Seen], list[Row]]] = {
        Figure.overview: _overview,
        Figure.uncertainty: _uncertainty,
        Figure.levels: _levels,
        Figure.attention: _attention,
        Figure.regions: _regions,
    }
    return of[figure](seen)


def own_figure(seen: Seen) -> list[Row]:
    """The panels that were asked for by name, side by side."""
    return with_crops(_flow(seen.panels(seen.wanted.panels)), seen)


def _overview(seen: Seen) -> list[Row]:
    return with_crops([Row(tuple(seen.panels(OVERVIEW)))], seen)


def _uncertainty(seen: Seen) -> list[Row]:
    """Uncertainty maps, plain and times difficulty (DEAL, Fig. 4)."""
    kinds: list[str] = []
    for kind in UNCERTAINTIES:
        try:
            uncertainty_panel(seen.view, kind)
        except AbsentError as error:
            seen.absences.note(kind, error)
        else:
            kinds.append(kind)
    plain = [image_panel(seen.view), *(uncertainty_panel(seen.view, kind) for kind in kinds)]
    rows = [Row(tuple(plain))]
    try:
        difficulty = difficulty_panel(seen.view)
    except AbsentError as error:
        seen.absences.note("uncertainty times difficulty", error)
    else:
        times = seen.panels([Name(kind + TIMES) for kind in kinds])
        rows.append(Row((difficulty, *times)))
    return with_crops(rows, seen)


def _levels(seen: Seen) -> list[Row]:
    """Difficulty levels, and the pixels on each of them (DEAL, Fig. 5)."""
    first = [image_panel(seen.view), difficulty_panel(seen.view), levels_panel(seen.view)]
    each = level_panels(seen.view)
    columns = next((n for n in (3, 4, 5) if len(each) % n == 0), 4)
    if columns > len(first):
        first = [*first, *seen.panels([Name.errors])]
    rows = [Row(tuple(first))]
    rows += [Row(tuple(each[start : start + columns])) for start in range(0, len(each), columns)]
    return rows


def _attention(seen: Seen) -> list[Row]:
    """What chosen pixels, or the worst wrong ones, attend to (DEAL, Fig. 7)."""
    view = seen.view
    probs_Chw = attended(view)
    pixels = _pixels(seen)
    grid = (probs_Chw.shape[1], probs_Chw.shape[2])
    cells = math.prod(grid)
    maps: list[Panel | None] = []
    for number, pixel in enumerate(pixels, 1):
        cell = cell_of(pixel, view.size, grid)
        values = cells * attention_row(probs_Chw, cell)
        span = (float(values.min()), float(values.max()))
        title = f"{number}: {_mistake(view, pixel)}" if len(pixels) > 1 else "Attention"
        unit = "attention, 1 = even"
        maps.append(Heat(title, values, unit, span, ATTENTION_MAP, marks=(cell,)))
    marked = [image_panel(view), prediction_panel(view)]
    marked += seen.panels([Name.errors])
    marked = [replace(panel, marks=pixels) for panel in marked]
    marked[0] = replace(marked[0], title=f"Image, γ = {gamma(view):.3g}")
    columns = max(3, len(marked))
    if len(maps) == 1:
        return [Row((*marked, *maps))]
    maps = on_one_scale(maps)
    rows = [Row(tuple(marked))]
    rows += [Row(tuple(maps[start : start + columns])) for start in range(0, len(maps), columns)]
    return rows


def _pixels(seen: Seen) -> tuple[Pixel, ...]:
    view = seen.view
    if seen.wanted.pixels:
        return seen.wanted.pixels
    try:
        wrong_HW = (view.prediction != view.truth) & (view.truth != IGNORE)
    except AbsentError as error:
        raise AbsentError(f"{error}, by which wrong pixels are found; choose --pixel") from None
    worst = worst_pixels(view.loss, wrong_HW)
    if not worst:
        raise AbsentError(f"no pixel of '{view.image.image_id}' is wrong; choose some by --pixel")
    return worst


def _mistake(view: View, pixel: Pixel) -> str:
    """What a pixel is, and what it is taken for."""
    names = view.loaded.class_names
    said = names[view.prediction[pixel]]
    if view.image.truth is None or view.truth[pixel] == IGNORE:
        return f"predicted {said}"
    known = names[view.truth[pixel]]
    return known if known == said else f"{known} taken for {said}"


def _regions(seen: Seen) -> list[Row]:
    """How regions are picked, and the labels that came of them (CPRAL, Fig. 3)."""
    regions = seen.regions
    values = np.asarray(regions.map_HW)
    if regions.config.map == "votes":
        by: Panel = uncertainty_panel(seen.view, "votes")
    else:
        by = Heat("Random numbers", values, "number", (0, 1), "magma")
    response = panel_of(Name.response, seen.view, regions)
    picked = panel_of(Name.regions, seen.view, regions)
    first = Row((picked, by, replace(response, boxes=picked.boxes)))
    labels = seen.panels([Name.labels, Name.extended, Name.truth])
    return [first, *([Row(tuple(labels))] if labels else [])]


def models_figure(all_seen: Sequence[Seen], names: Sequence[Name]) -> list[Row]:
    """Models side by side, each in a column (DEAL, Fig. 8a; CPRAL, Fig. 9).

    Args:
        names: what is shown of each, one below the other; image and ground truth, which are the
            same for all, stand at the left.
    """
    first = all_seen[0]
    left = first.panels([n for n in names if n in OF_IMAGE])
    compared: list[list[Panel | None]] = []
    for name in names:
        if name not in OF_IMAGE:
            found = [seen.panel(name) for seen in all_seen]
            if any(panel is not None for panel in found):
                compared.append(on_one_scale(found))
    if not compared:
        return with_crops([Row(tuple(left))], first)
    width = -(-len(left) // len(compared))
    rows = []
    for place, panels in enumerate(compared):
        if place == 0:
            panels = [
                panel and replace(panel, title=f"{seen.view.model.label}\n{panel.title}")
                for panel, seen in zip(panels, all_seen, strict=True)
            ]
        beside = [
            left[column * len(compared) + place]
            if column * len(compared) + place < len(left)
            else None
            for column in range(width)
        ]
        rows.append(Row((*beside, *panels)))
    return with_crops(rows, first)


# --- Layout ---------------------------------------------------------------------------------


def _flow(panels: Sequence[Panel]) -> list[Row]:
    """Rows of equal length, as far as possible."""
    lines = max(1, -(-len(panels) // MOST_COLUMNS))
    columns = -(-len(panels) // lines)
    return [Row(tuple(panels[start : start + columns])) for start in range(0, len(panels), columns)]


def with_crops(rows: Sequence[Row], seen: Seen) -> list[Row]:
    """The rows, and below them the same enlarged, once for each crop, which is outlined above."""
    size, crops = seen.view.size, seen.wanted.crops
    if not crops:
        return list(rows)
    whole = [
        replace(row, panels=tuple(p and _outlined(p, crops, size) for p in row.panels))
        for row in rows
    ]
    return whole + [
        replace(
            row, panels=tuple(p and cropped(p, scaled(crop, size, p.shape)) for p in row.panels)
        )
        for crop in crops
        for row in rows
    ]


def _part(panel: Panel, crop: Box, size: tuple[int, int]) -> Panel:
    return cropped(panel, scaled(crop, size, panel.shape))


def _outlined(panel: Panel, crops: Sequence[Box], size: tuple[int, int]) -> Panel:
    boxes = tuple(scaled(crop, size, panel.shape) for crop in crops)
    return replace(panel, boxes=(*panel.boxes, *boxes))


def check_inside(wanted: Wanted, size: tuple[int, int]) -> None:
    """Check that crops and pixels lie in images of `size`.

    Raises:
        ConfigError: one does not.
    """
    for option, box in _given(wanted):
        row, col, height, width = box
        if height < 1 or width < 1 or row + height > size[0] or col + width > size[1]:
            numbers = ",".join(map(str, box if option == "--crop" else box[:2]))
            raise ConfigError(
                f"{option} {numbers} is not inside the model's input of {size[0]}x{size[1]} "
                "pixels, height x width"
            )


def _given(wanted: Wanted) -> Iterator[tuple[str, Box]]:
    yield from (("--crop", crop) for crop in wanted.crops)
    yield from (("--pixel", (row, col, 1, 1)) for row, col in wanted.pixels)
