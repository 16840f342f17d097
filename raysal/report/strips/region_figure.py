"""Draw the strip of an image with queried regions: as a whole image, and its labels."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from raysal.data.decode import IGNORE
from raysal.report.draw.panels import add_legend
from raysal.report.draw.pictures import colour, dimmed, hatched, rgb, short_id
from raysal.report.draw.style import WRONG, figure_style, png
from raysal.report.strips.figure import (
    error_picture,
    error_title,
    legend_entries,
    show,
    show_difficulty,
)
from raysal.report.strips.read import Strip, wrong_share
from raysal.report.strips.region_labels import RegionLabels

COLUMNS = 3
PANEL_INCHES = 3.85
LEGEND_COLUMNS = 8
# A smaller share of an image is written as "< 0.1", not as 0.
LEAST_PERCENT = 0.1
SCORE_POINTS = 8.0
LEAST_POINTS = 5.0
LONG_SCORE = 1e6
POINTS_PER_INCH = 72
# Width of a digit divided by the font size.
DIGIT = 0.64


def region_strip_figure(strip: Strip) -> bytes:
    """PNG of four panels, plus one each for the ground truth of the whole image, extended labels
    and difficulty, if there are any."""
    labels = strip.labels
    assert labels is not None, strip.image_id
    optional = (labels.truth_whole, labels.extended is not None, strip.difficulty is not None)
    panels = 4 + sum(optional)
    rows = -(-panels // COLUMNS)
    height, width = strip.image.shape[:2]
    legend = legend_entries(strip)
    row_inches = PANEL_INCHES * height / width + 0.3
    size = (
        COLUMNS * PANEL_INCHES,
        rows * row_inches + 0.4 + 0.24 * -(-len(legend) // LEGEND_COLUMNS),
    )
    with figure_style():
        figure = Figure(figsize=size, layout="constrained")
        figure.suptitle(_title(strip), fontsize=12, x=0.005, ha="left")
        axes = list(figure.subplots(rows, COLUMNS).flat)
        show(axes[0], "Image and queried regions, with scores", strip.image)
        shown = [
            ("Prediction", colour(strip.prediction, strip.palette)),
            (error_title(strip), error_picture(strip)),
            (_given_title(labels), _given_picture(strip, labels)),
        ]
        if labels.truth_whole:
            shown.insert(0, ("Ground truth", colour(strip.truth, strip.palette)))
        if labels.extended is not None:
            shown.append((_extended_title(labels), _extended_picture(strip, labels.extended)))
        for panel, (title, picture) in zip(axes[1:], shown, strict=False):
            show(panel, title, picture)
        used = 1 + len(shown)
        for panel in axes[:used]:
            _outline(panel, strip, thick=panel is axes[0])
        _write_scores(axes[0], strip, labels.scores)
        if strip.difficulty is not None:
            show_difficulty(figure, axes[used], strip.difficulty)
            used += 1
        for panel in axes[used:]:
            panel.set_axis_off()
        add_legend(figure, legend, LEGEND_COLUMNS)
        return png(figure)


def _title(strip: Strip) -> str:
    count = len(strip.regions)
    regions = "1 region" if count == 1 else f"{count} regions"
    score = "" if strip.score is None else f", best score {strip.score:.4g}"
    return f"{short_id(strip.image_id)}   (round {strip.round}, {regions}{score})"


def _given_title(labels: RegionLabels) -> str:
    return f"Annotator's labels ({100 * labels.delivered.mean():.1f} % of the image)"


def _given_picture(strip: Strip, labels: RegionLabels) -> np.ndarray:
    picture = hatched(dimmed(strip.image))
    picture[labels.delivered] = colour(labels.label, strip.palette)[labels.delivered]
    return picture


def _extended_title(labels: RegionLabels) -> str:
    assert labels.extended is not None
    there = labels.extended != IGNORE
    if not there.any():
        return "Extended labels (none)"
    share = 100 * there.mean()
    of_image = f"{share:.1f} %" if share >= LEAST_PERCENT else f"< {LEAST_PERCENT} %"
    wrong = wrong_share(labels.extended, labels.truth) if labels.truth_whole else None
    of_them = "" if wrong is None else f", {100 * wrong:.1f} % of them wrong"
    return f"Extended labels ({of_image}{of_them})"


def _extended_picture(strip: Strip, extended: np.ndarray) -> np.ndarray:
    assert strip.labels is not None
    picture = dimmed(strip.image)
    there = extended != IGNORE
    picture[there] = colour(extended, strip.palette)[there]
    wrong = there & (strip.truth != IGNORE) & (extended != strip.truth)
    picture[wrong] = rgb(WRONG)
    return picture


def _outline(axes: Axes, strip: Strip, thick: bool) -> None:
    # A light line on a wider dark one is visible on any image.
    for width, tone in (
        ((3.0, "black"), (1.2, "white")) if thick else ((1.6, "black"), (0.6, "white"))
    ):
        for row, col, height, breadth in strip.regions:
            corner = (col - 0.5, row - 0.5)
            axes.add_patch(
                Rectangle(corner, breadth, height, fill=False, edgecolor=tone, linewidth=width)
            )


def _write_scores(axes: Axes, strip: Strip, scores: tuple[float | None, ...]) -> None:
    points_per_pixel = PANEL_INCHES * POINTS_PER_INCH / strip.image.shape[1]
    for (row, col, _, breadth), score in zip(strip.regions, scores, strict=True):
        if score is None:
            continue
        text = f"{score:.0f}" if 100 <= abs(score) < LONG_SCORE else f"{score:.3g}"
        size = min(SCORE_POINTS, breadth * points_per_pixel / (DIGIT * (len(text) + 1)))
        if size >= LEAST_POINTS:
            axes.annotate(
                text,
                (col, row),
                xytext=(3, -3),
                textcoords="offset points",
                va="top",
                fontsize=size,
                color="white",
                bbox={"facecolor": "black", "alpha": 0.75, "linewidth": 0, "pad": 1.2},
            )
