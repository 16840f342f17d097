"""The histogram of ratings that are nearly equal."""

from __future__ import annotations

import itertools

from raysal.acquisition.selection.top_k import Pick
from raysal.report.draw.style import figure_style
from raysal.report.regions.ratings import Ratings, draw_ratings


def test_long_numbers_below_the_ratings_do_not_touch() -> None:
    """As of the margin of a network that has hardly learned anything."""
    picks = tuple(Pick(f"i{k}", 0.98856 - 2e-5 * k) for k in range(18))
    ratings = Ratings("Margin_R", "r", 0, picks, frozenset({"i0"}), {"i0": 3})
    with figure_style():
        figure = draw_ratings([ratings])
        figure.canvas.draw()
        (axes,) = figure.axes
        boxes = [label.get_window_extent() for label in axes.get_xticklabels()]
    assert axes.xaxis.get_offset_text().get_text() == ""
    assert len(boxes) >= 3
    assert all(one.x1 < other.x0 for one, other in itertools.pairwise(boxes))
