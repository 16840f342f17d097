"""How far people agree where two of them labelled the same image, each on their own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from raysal.data.answers import AnswerStore
from raysal.experiment.layout import QueryLayout, RunLayout
from raysal.experiment.own_size import own_rectangle
from raysal.experiment.query import Rectangle, by_image, read_query


@dataclass(frozen=True)
class Agreement:
    """What two annotators, or several pairs of them, say of the same pixels.

    Pixels are those that were asked for, at the own sizes of the images.

    Attributes:
        people: of whom; sorted.
        pictures: query and id of the images that both of a pair labelled.
        asked: number of pixels that were asked for in these, once for each pair.
        confusion_CC: int64 (C, C) counts of the pixels that both labelled: rows the class that the
            first of a pair says, columns the second.
    """

    people: tuple[str, ...]
    pictures: frozenset[tuple[str, str]]
    asked: int
    confusion_CC: np.ndarray

    @property
    def images(self) -> int:
        """Number of images."""
        return len(self.pictures)

    @property
    def both(self) -> int:
        """Number of pixels that both labelled."""
        return int(self.confusion_CC.sum())

    @property
    def equal(self) -> float | None:
        """Share of these to which both gave the same class, in [0, 1]; None without any."""
        return float(self.confusion_CC.trace() / self.both) if self.both else None

    @property
    def kappa(self) -> float | None:
        """Cohen's kappa: how much more often they agree than by chance, at most 1; None if chance
        alone would make them agree.

        J. Cohen, A coefficient of agreement for nominal scales, Educational and Psychological
        Measurement 20, 1960.
        """
        if not self.both:
            return None
        share_CC = self.confusion_CC / self.both
        chance = float(share_CC.sum(0) @ share_CC.sum(1))
        return None if chance >= 1 else (float(share_CC.trace()) - chance) / (1 - chance)

    @property
    def iou(self) -> list[float | None]:
        """(C,) IoU of what one and the other call a class, in [0, 1]; None if neither does."""
        import torch

        from raysal.inference.metrics import iou

        return iou(torch.from_numpy(self.confusion_CC))

    @property
    def miou(self) -> float | None:
        """Mean over the classes with an IoU."""
        import torch

        from raysal.inference.metrics import mean_iou

        return mean_iou(torch.from_numpy(self.confusion_CC))

    def confused_with(self, c: int) -> tuple[int, float] | None:
        """The class that the other most often says where one says `c`, and its share of all pixels
        that either calls `c`; None if they never differ."""
        either_C = self.confusion_CC[c] + self.confusion_CC[:, c]
        union = int(either_C.sum() - self.confusion_CC[c, c])
        either_C[c] = 0
        other = int(either_C.argmax())
        return (other, float(either_C[other] / union)) if either_C[other] else None


def together(pairs: Sequence[Agreement]) -> Agreement:
    """Several pairs as one; at least one."""
    people = sorted({name for pair in pairs for name in pair.people})
    confusion_CC = np.sum([pair.confusion_CC for pair in pairs], axis=0)
    pictures = frozenset(picture for pair in pairs for picture in pair.pictures)
    return Agreement(tuple(people), pictures, sum(pair.asked for pair in pairs), confusion_CC)


def agreement(
    layout: RunLayout, queries: Iterable[QueryLayout], size: tuple[int, int], classes: int
) -> list[Agreement]:
    """For each pair of annotators how far they agree on the images that both labelled.

    Of each annotator the latest finished answer counts that is theirs alone: not begun with the
    answer of somebody else, nor corrected by a reviewer.

    Args:
        size: (height, width) of the rectangles' pixels, the working size.

    Raises:
        DataError: an answer or a query is damaged.
    """
    pairs: dict[tuple[str, str], Agreement] = {}
    for here in queries:
        store = AnswerStore(layout.answers / here.name)
        if not store.folder.is_dir():
            continue
        for image_id, rectangles in by_image(read_query(here.query)).items():
            for one, other in combinations(store.independent(image_id, at_least=2), 2):
                assert one.raster is not None
                assert other.raster is not None
                if one.raster.shape != other.raster.shape:
                    continue  # The image was exchanged between the two.
                people = one.annotator, other.annotator
                asked = _asked(rectangles, size, one.raster.shape[:2])
                counts = _counts(one.raster[asked], other.raster[asked], classes)
                picture = frozenset({(here.name, image_id)})
                found = Agreement(people, picture, int(asked.sum()), counts)
                pairs[people] = together([pairs[people], found]) if people in pairs else found
    return [pairs[people] for people in sorted(pairs)]


def _asked(
    rectangles: Sequence[Rectangle], size: tuple[int, int], own: tuple[int, int]
) -> np.ndarray:
    """bool (H, W) at the image's own size."""
    asked = np.zeros(own, bool)
    for rectangle in rectangles:
        row, col, height, width = own_rectangle(rectangle, size, own)
        asked[row : row + height, col : col + width] = True
    return asked


def _counts(first: np.ndarray, second: np.ndarray, classes: int) -> np.ndarray:
    """(C, C) counts of the pixels that both have a class."""
    known = (first < classes) & (second < classes)
    index = first[known].astype(np.int64) * classes + second[known]
    return np.bincount(index, minlength=classes * classes).reshape(classes, classes)


def words_of(pairs: Sequence[Agreement]) -> str:
    """The agreement of all pairs in one line; empty if there are none."""
    if not pairs:
        return ""
    every = together(pairs)
    kappa = "" if every.kappa is None else f", kappa {every.kappa:.2f}"
    miou = "" if every.miou is None else f", mean IoU {100 * every.miou:.1f}"
    equal = "no pixel that both labelled"
    if every.equal is not None:
        equal = f"{100 * every.equal:.1f} % of the pixels{miou}{kappa}"
    images = "1 image" if every.images == 1 else f"{every.images} images"
    return f"agreement of {len(every.people)} annotators on {images}: {equal}"
