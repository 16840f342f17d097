"""The panels that can be chosen by name, each made of what a model sees in an image."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from raysal.data.decode import IGNORE
from raysal.report.draw.pictures import colour, dimmed, errors, hatched, rgb
from raysal.report.draw.style import WRONG
from raysal.report.show.grid import CLASSES
from raysal.report.show.panel import Heat, Panel, Picture
from raysal.report.show.regions import RegionView
from raysal.report.show.view import View
from raysal.report.show.wanted import Name
from raysal.report.strips.figure import DIFFICULTY_MAP
from raysal.report.strips.read import wrong_share

UNCERTAINTY_MAP, RESPONSE_MAP, LEVEL_MAP = "magma", "magma", "viridis"
UNCERTAINTIES = {
    "entropy": ("Entropy", "nats"),
    "least_confidence": ("Least confidence", "1 − p₁"),
    "margin": ("Margin", "1 − (p₁ − p₂)"),
    "votes": ("Vote entropy", "nats"),
}
TIMES = "_times_difficulty"


def panel_of(name: Name, view: View, regions: RegionView) -> Panel:
    """A panel of the view of a model.

    Raises:
        AbsentError: the model or the image has no such thing.
    """
    if name in UNCERTAINTIES:
        return uncertainty_panel(view, name)
    if name.endswith(TIMES):
        return times_difficulty_panel(view, name.removesuffix(TIMES))
    of_view: dict[Name, Callable[[View], Panel]] = {
        Name.image: image_panel,
        Name.truth: truth_panel,
        Name.prediction: prediction_panel,
        Name.errors: errors_panel,
        Name.difficulty: difficulty_panel,
        Name.levels: levels_panel,
    }
    if name in of_view:
        return of_view[name](view)
    of_regions: dict[Name, Callable[[RegionView], Panel]] = {
        Name.response: response_panel,
        Name.regions: regions_panel,
        Name.labels: labels_panel,
        Name.extended: extended_panel,
    }
    return of_regions[name](regions)


def image_panel(view: View) -> Panel:
    """The image."""
    return Picture("Image", view.picture)


def truth_panel(view: View) -> Panel:
    """The classes of the ground truth, or of the annotator's labels if nothing better is known."""
    title = "Annotator's labels" if view.image.truth_is_label else "Ground truth"
    return _classes(title, view.truth, view)


def prediction_panel(view: View) -> Panel:
    """The predicted classes."""
    return _classes("Prediction", view.prediction, view)


def errors_panel(view: View) -> Panel:
    """Which pixels are wrong."""
    share, drawn = view.wrong_share, view.image.truth_is_label
    unknown = "no label" if drawn else "no ground truth"
    if share is None:
        title = f"Errors ({unknown})"
    else:
        title = (
            f"Not as labelled ({100 * share:.1f} %)"
            if drawn
            else (f"Errors ({100 * share:.1f} % wrong)")
        )
    keys = {"wrong", "right"} | ({unknown} if (view.truth == IGNORE).any() else set())
    return Picture(title, errors(view.prediction, view.truth), frozenset(keys))


def difficulty_panel(view: View) -> Panel:
    """M^d, the probability of being wrong (DEAL, section 3.2)."""
    return Heat("Difficulty", view.difficulty, "P(wrong)", (0, 1), DIFFICULTY_MAP)


def uncertainty_panel(view: View, kind: str) -> Heat:
    """M^c, an uncertainty of the class probabilities, or the vote entropy of dropout passes."""
    title, unit = UNCERTAINTIES[kind]
    values = view.uncertainty(kind)
    if kind == "votes":
        title = f"{'Vote' if view.vote == 'hard' else 'Mean'} entropy, {view.passes} passes"
        title += "" if view.dropped == "channels" else " with the network's dropout"
    return Heat(title, values, unit, (0, _top(values)), UNCERTAINTY_MAP)


def times_difficulty_panel(view: View, kind: str) -> Heat:
    """M^c·M^d (DEAL, Eq. 6), on the colour scale of M^c."""
    plain = uncertainty_panel(view, kind)
    title = UNCERTAINTIES[kind][0]
    return replace(plain, title=f"{title} × difficulty", values=plain.values * view.difficulty)


def levels_panel(view: View) -> Heat:
    """The L difficulty levels (DEAL, section 3.3)."""
    steps = view.levels
    title = f"Difficulty levels, DE {view.level_entropy:.2f} of {math.log(steps):.2f} nats"
    values = (view.level_map + 1).astype(np.float32)
    return Heat(title, values, "level", (1, steps), LEVEL_MAP, steps)


def level_panels(view: View) -> list[Panel]:
    """One panel for each level: its pixels of the image, their share and how many are wrong."""
    edges, panels = view.level_edges, list[Panel]()
    pale = dimmed(view.picture, by=0.88)
    for level in range(view.levels):
        there = view.level_map == level
        lines = [f"Level {level + 1}: {edges[level]:.2f} to {edges[level + 1]:.2f}"]
        lines.append(f"{100 * there.mean():.1f} % of the pixels")
        if there.any() and view.image.truth is not None:
            wrong = wrong_share(np.where(there, view.prediction, IGNORE), view.truth)
            lines[-1] += "" if wrong is None else f", {100 * wrong:.0f} % wrong"
        panels.append(Picture("\n".join(lines), np.where(there[..., None], view.picture, pale)))
    return panels


def response_panel(regions: RegionView) -> Heat:
    """The response of the attention kernel (CPRAL, Eq. 5)."""
    values = regions.response_HW
    side = "x".join(str(side) for side in regions.config.window(regions.view.size))
    return Heat(
        f"Kernel response, windows of {side}", values, "weighted sum", (0, _top(values)),
        RESPONSE_MAP,
    )  # fmt: skip


def regions_panel(regions: RegionView) -> Panel:
    """The image with the regions that were queried, or that would be."""
    boxes, scores = regions.boxes
    count = f"{len(boxes)} region" + ("" if len(boxes) == 1 else "s")
    queried = regions.asked and regions.view.wanted.window is None
    title = f"{count} of the query" if queried else f"Best {count}, not queried"
    return Picture(title, regions.view.picture, boxes=boxes, scores=scores)


def labels_panel(regions: RegionView) -> Panel:
    """The annotator's labels, hatched where there are none."""
    label, delivered = regions.given
    view = regions.view
    picture = hatched(dimmed(view.picture))
    picture[delivered] = colour(label, view.loaded.palette)[delivered]
    keys = {CLASSES} | ({"unlabelled"} if (label[delivered] == IGNORE).any() else set())
    title = f"Annotator's labels ({100 * delivered.mean():.1f} %)"
    return Picture(title, picture, frozenset(keys), boxes=regions.asked_boxes)


def extended_panel(regions: RegionView) -> Panel:
    """The extended labels (CPRAL, Eqs. 7-8); wrong ones in the colour of errors."""
    extended, view = regions.extended, regions.view
    there = extended != IGNORE
    picture = dimmed(view.picture)
    picture[there] = colour(extended, view.loaded.palette)[there]
    keys = {CLASSES} if there.any() else set()
    title = (
        f"Extended labels ({100 * there.mean():.1f} %)"
        if there.any()
        else ("Extended labels (none)")
    )
    if there.any() and view.image.truth is not None and not view.image.truth_is_label:
        wrong = there & (view.truth != IGNORE) & (extended != view.truth)
        picture[wrong] = rgb(WRONG)
        keys |= {"wrong"} if wrong.any() else set()
        share = wrong_share(extended, view.truth)
        title += "" if share is None else f"\n{100 * share:.1f} % of them wrong"
    return Picture(title, picture, frozenset(keys), boxes=regions.asked_boxes)


def _classes(title: str, ids: np.ndarray, view: View) -> Picture:
    keys = {CLASSES} | ({"unlabelled"} if (ids == IGNORE).any() else set())
    return Picture(title, colour(ids, view.loaded.palette), frozenset(keys))


def _top(values: np.ndarray) -> float:
    """The largest number of a map, as the end of its colour scale; 1 if all are 0."""
    finite = values[np.isfinite(values)]
    top = float(finite.max()) if finite.size else 0.0
    return top if top > 0 else 1.0
