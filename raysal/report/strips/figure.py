"""Draw the strip of a whole image: ground truth, prediction, errors, difficulty, legend."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from raysal.report.draw.panels import add_legend, bare
from raysal.report.draw.pictures import (
    RGB,
    UNLABELLED,
    colour,
    errors,
    legend_name,
    rgb,
    short_id,
)
from raysal.report.draw.style import RIGHT, UNKNOWN, WRONG, figure_style, png
from raysal.report.strips.read import Strip

PANEL_INCHES = 2.9
# Cividis keeps its order with the common colour blindnesses and in greyscale.
DIFFICULTY_MAP = "cividis"
LEGEND_COLUMNS = 7  # Below four panels.


def strip_figure(strip: Strip) -> bytes:
    """PNG of four panels, or five if the model has a difficulty branch, and a legend."""
    panels = 4 if strip.difficulty is None else 5
    height, width = strip.image.shape[:2]
    legend = legend_entries(strip)
    columns = LEGEND_COLUMNS * panels // 4
    rows = -(-len(legend) // columns)
    size = (panels * PANEL_INCHES, PANEL_INCHES * height / width + 0.7 + 0.24 * rows)
    with figure_style():
        figure = Figure(figsize=size, layout="constrained")
        figure.suptitle(_title(strip), fontsize=12, x=0.005, ha="left")
        axes = figure.subplots(1, panels)
        show(axes[0], "Image", strip.image)
        title = "Annotator's labels" if strip.truth_is_label else "Ground truth"
        show(axes[1], title, colour(strip.truth, strip.palette))
        show(axes[2], "Prediction", colour(strip.prediction, strip.palette))
        show(axes[3], error_title(strip), error_picture(strip))
        if strip.difficulty is not None:
            show_difficulty(figure, axes[4], strip.difficulty)
        add_legend(figure, legend, columns)
        return png(figure)


def error_picture(strip: Strip) -> np.ndarray:
    """uint8 (H, W, 3): wrong pixels orange, right ones pale blue, grey where that is unknown."""
    return errors(strip.prediction, strip.truth)


def legend_entries(strip: Strip) -> list[tuple[str, RGB]]:
    """Names and colours of the classes, then of the other kinds of pixels."""
    names = [legend_name(name) for name in strip.class_names]
    return [
        *zip(names, strip.palette, strict=True),
        ("unlabelled", UNLABELLED),
        ("wrong", rgb(WRONG)),
        ("right", rgb(RIGHT)),
        ("no label" if strip.truth_is_label else "no ground truth", rgb(UNKNOWN)),
    ]


def _title(strip: Strip) -> str:
    score = "" if strip.score is None else f", score {strip.score:.4g}"
    return f"{short_id(strip.image_id)}   (round {strip.round}{score})"


def error_title(strip: Strip) -> str:
    """The title of `error_picture`."""
    share = strip.wrong_share
    if strip.truth_is_label:
        return "Errors (no labels)" if share is None else f"Not as labelled ({100 * share:.1f} %)"
    return "Errors (no ground truth)" if share is None else f"Errors ({100 * share:.1f} % wrong)"


def show(axes: Axes, title: str, picture: np.ndarray) -> None:
    """Show a picture with a title and without ticks."""
    axes.imshow(picture, interpolation="nearest")
    axes.set_title(title)
    bare(axes)


def show_difficulty(figure: Figure, axes: Axes, difficulty: np.ndarray) -> None:
    """Show a (H, W) map of values in [0, 1] with a colour bar."""
    shown = axes.imshow(difficulty, cmap=DIFFICULTY_MAP, vmin=0, vmax=1, interpolation="nearest")
    axes.set_title("Difficulty")
    bare(axes)
    beside = axes.inset_axes((1.03, 0.0, 0.045, 1.0))
    bar = figure.colorbar(shown, cax=beside, ticks=[0, 0.5, 1])
    bar.outline.set_visible(False)
