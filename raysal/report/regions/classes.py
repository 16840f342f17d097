"""Which classes regions contain, compared with the whole images that they are part of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from raysal.data.decode import IGNORE
from raysal.report.draw.table import Table
from raysal.report.runs.asked import asking_rounds, read_asked
from raysal.report.runs.series import Series
from raysal.report.runs.truth import Truths, sample
from raysal.report.summary.results import RARE_PERCENT


@dataclass(frozen=True)
class RegionClasses:
    """Ground-truth pixels by class, summed over the queries of a series.

    Attributes:
        inside: (C,) in the regions.
        whole: (C,) in the whole images that the regions are part of.
        images: number of images counted; an image counts once per query that contains it.
        asked: number of images with regions, of which `images` were counted.
    """

    label: str
    names: tuple[str, ...]
    inside: tuple[int, ...]
    whole: tuple[int, ...]
    images: int
    asked: int

    def inside_percent(self, *classes: int) -> float:
        """Percent of the pixels of the regions that are of these classes."""
        return _percent(self.inside, classes)

    def whole_percent(self, *classes: int) -> float:
        """Percent of the pixels of the whole images that are of these classes."""
        return _percent(self.whole, classes)

    def times_chance(self, *classes: int) -> float | None:
        """Share of these classes in the regions, divided by their share in the whole images."""
        chance = self.whole_percent(*classes)
        return self.inside_percent(*classes) / chance if chance else None

    def rare(self, c: int) -> bool:
        """Whether the class has some but few pixels in the images."""
        return 0 < self.whole_percent(c) < RARE_PERCENT

    @property
    def rows(self) -> tuple[tuple[str, bool, float, float, float | None], ...]:
        """Per class: name, whether it is rare, percent of images and of regions, times chance."""
        return tuple(
            (
                name,
                self.rare(c),
                self.whole_percent(c),
                self.inside_percent(c),
                self.times_chance(c),
            )
            for c, name in enumerate(self.names)
        )

    @property
    def words(self) -> str:
        """The result in one sentence."""
        rare = [c for c in range(len(self.names)) if self.rare(c)]
        times = self.times_chance(*rare)
        if times is None:
            return f"No class has less than {RARE_PERCENT:g} % of the pixels of these images."
        names = ", ".join(self.names[c] for c in rare)
        return (
            f"Regions contain {times:.2f} times as many pixels of rare classes ({names}) as "
            "regions chosen at random would."
        )


def region_classes(one: Series, truths: Truths) -> RegionClasses | None:
    """Count over all queries of all runs of a series; None if there is no pixel to count.

    Raises:
        DataError: a query is damaged.
    """
    names = one.runs[0].class_names
    inside, whole = np.zeros(len(names), np.int64), np.zeros(len(names), np.int64)
    images = asked = 0
    for run in one.runs:
        if truths.missing(run) is not None:
            continue
        for data in asking_rounds(run):
            if run.section_at(data, "rga") is None:
                continue
            by_image = read_asked(data)
            asked += len(by_image)
            for image_id in sample(by_image):
                truth = truths.label(run, image_id)
                if truth is None:
                    continue
                images += 1
                mask = by_image[image_id].mask(truth.shape)
                inside += class_pixels(truth[mask], len(names))
                whole += class_pixels(truth, len(names))
    if not inside.any():
        return None
    counts = (tuple(inside.tolist()), tuple(whole.tolist()))
    return RegionClasses(one.label, names, *counts, images, asked)


def class_pixels(ids: np.ndarray, classes: int) -> np.ndarray:
    """int64 (C,) number of pixels of each class in a map of ids, without 255."""
    return np.bincount(ids[ids != IGNORE], minlength=classes)


def region_classes_table(found: Sequence[RegionClasses]) -> Table:
    """One row per class and series; shares in percent."""
    columns = (
        "strategy",
        "class",
        "rare",
        "share_of_images",
        "share_of_regions",
        "times_chance",
        "images_counted",
        "images_asked",
    )
    rows = [
        (one.label, name, "yes" if rare else "no", whole, inside, times, one.images, one.asked)
        for one in found
        for name, rare, whole, inside, times in one.rows
    ]
    return Table(columns, tuple(rows))


def _percent(pixels: Sequence[int], classes: Sequence[int]) -> float:
    total = sum(pixels)
    return 100 * sum(pixels[c] for c in classes) / total if total else 0.0
