"""Ratings of the candidates of a query, and in which of them regions were picked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from raysal.acquisition.selection.score_parts import picks, read_parts
from raysal.acquisition.selection.top_k import Pick, top_k
from raysal.errors import DataError
from raysal.report.draw.style import figure_style, png
from raysal.report.draw.table import Table
from raysal.report.runs.asked import asked_round, read_asked
from raysal.report.runs.read import RoundData
from raysal.report.runs.series import Series

BINS = 32
CANDIDATES, SUBSET, ASKED = "#a8a8a8", "#d6eaf7", "#D55E00"


@dataclass(frozen=True)
class Ratings:
    """The candidates of one query, highest rating first.

    Attributes:
        subset: ids of the images in which regions could be picked.
        regions: number of regions in the query by image.
    """

    label: str
    run: str
    round: int
    candidates: tuple[Pick, ...]
    subset: frozenset[str]
    regions: dict[str, int]

    @property
    def words(self) -> str:
        """A summary in one sentence."""
        count = len(self.candidates)
        if len(self.subset) == count:
            subset = f"The panoptic subset is all {count} candidates"
        else:
            subset = f"The panoptic subset is the best {len(self.subset)} of {count} candidates"
        regions, images = sum(self.regions.values()), len(self.regions)
        return f"{subset}; the query contains {regions} regions in {images} of them."


def read_ratings(one: Series) -> Ratings | None:
    """Ratings for the last query of a series, from its run with the lowest seed.

    Returns:
        None if the query has no regions, or the candidates no ratings: with `rga.subset: all`,
        regions are picked in all of them.

    Raises:
        DataError: the scores or the query are damaged.
    """
    run = one.runs[0]
    data = asked_round(run)
    rga = run.section_at(data, "rga")
    if rga is None or data is None or rga.get("subset") == "all":
        return None
    candidates = _candidates(data)
    if not any(pick.score for pick in candidates):  # A strategy that picks without scores.
        return None
    subset = top_k(candidates, int(rga.get("subset") or 0))
    asked = read_asked(data)
    return Ratings(
        label=one.label,
        run=run.name,
        round=data.index,
        candidates=tuple(candidates),
        subset=frozenset(pick.image_id for pick in subset),
        regions={image_id: len(ask.boxes) for image_id, ask in asked.items()},
    )


def ratings_table(ratings: Sequence[Ratings]) -> Table:
    """One row per candidate, highest rating first."""
    columns = ("strategy", "run", "round", "image_id", "rating", "in_subset", "regions")
    rows = [
        (
            r.label,
            r.run,
            r.round,
            pick.image_id,
            pick.score,
            "yes" if pick.image_id in r.subset else "no",
            r.regions.get(pick.image_id, 0),
        )
        for r in ratings
        for pick in r.candidates
    ]
    return Table(columns, tuple(rows))


def ratings_figure(ratings: Sequence[Ratings]) -> bytes:
    """PNG with a histogram per series: all ratings and those of the query; the subset is shaded."""
    with figure_style():
        return png(draw_ratings(ratings))


def draw_ratings(ratings: Sequence[Ratings]) -> Figure:
    """As `ratings_figure`; draw and save it within `figure_style`."""
    figure = Figure(figsize=(7.2, 0.5 + 2.3 * len(ratings)), layout="constrained")
    panels = figure.subplots(len(ratings), 1, squeeze=False)[:, 0]
    for axes, of_one in zip(panels, ratings, strict=True):
        _draw(axes, of_one, named=len(ratings) > 1)
    return figure


def _draw(axes: Axes, r: Ratings, named: bool) -> None:
    ratings = {pick.image_id: pick.score for pick in r.candidates}
    edges = np.histogram_bin_edges(list(ratings.values()), BINS).tolist()
    asked = [image_id for image_id in r.regions if image_id in ratings]
    if r.subset:
        # The subset is all images rated at least as high as its lowest one.
        least = min(ratings[image_id] for image_id in r.subset)
        name = f"{len(r.subset)} in the panoptic subset"
        axes.axvspan(least, edges[-1], color=SUBSET, linewidth=0, label=name)
    for name, ids, tone in (
        (f"{len(ratings)} candidates", list(ratings), CANDIDATES),
        (f"{len(asked)} with regions in the query", asked, ASKED),
    ):
        values = [ratings[image_id] for image_id in ids]
        axes.hist(values, edges, color=tone, edgecolor="white", linewidth=0.6, label=name)
    axes.grid(False, axis="x")
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    # Ratings that are nearly equal have long numbers, for which there is room five times.
    axes.xaxis.set_major_locator(MaxNLocator(nbins=4))
    axes.ticklabel_format(axis="x", useOffset=False)
    where = f"{r.label}, round {r.round}" if named else f"Round {r.round}"
    axes.set_title(where, loc="left", fontsize=10.5)
    axes.set_xlabel("Rating")
    axes.set_ylabel("Images")
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=9.5)


def _candidates(data: RoundData) -> list[Pick]:
    folder = data.layout.scores
    if not folder.is_dir():
        return []
    try:
        found = list(picks(read_parts(str(folder))))
    except (OSError, ValueError, KeyError) as error:
        # pyarrow's own errors are ValueErrors.
        raise DataError(f"{folder} is damaged: {str(error).splitlines()[0]}") from error
    return top_k(found, len(found))
