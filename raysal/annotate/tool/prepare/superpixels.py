"""Superpixels of a picture in three grains, each nested in the next coarser one.

The finest are SLIC superpixels (Achanta et al., IEEE PAMI 2012) of a reduced picture, whose borders
are then moved pixel by pixel, at twice the size again and again, by SLIC's own distance. The
coarser ones are unions of finer ones, merged by the smallest growth of the variance within (Ward)
of colour and place, so that a change of grain never moves a border.

Every pixel has a superpixel, and each is connected by sides of pixels. Memory is bounded besides
the picture: above `REFINED_PIXELS`, borders run along blocks of pixels.

Axes in names: H W own size, y x size at which borders are computed, N superpixels.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from raysal.annotate.tool.prepare.graph import Adjacency, adjacency, coarsened
from raysal.annotate.tool.prepare.merging import merge_down

Grain = Literal["coarse", "medium", "fine"]
GRAINS: tuple[Grain, ...] = get_args(Grain)
COUNTS: dict[Grain, int] = {"coarse": 200, "medium": 800, "fine": 3200}
"""Superpixels of a picture of `USUAL_PIXELS`; their number grows with the side of a picture, since
what is in a picture does not depend on the number of its pixels. The finest are as many in a
smaller picture: with as few as the side would give, no choice of classes agrees with the truth of
CamVid (480x360) in 95 % of the pixels."""
USUAL_PIXELS = 2048 * 1024
MIN_PIXELS = 48
"""Of a superpixel, on average."""
SLIC_PIXELS = 600_000
REFINED_PIXELS = 9_000_000
COMPACTNESS = 10.0
ITERATIONS = 5
SWEEPS = 2
_STRIP = 1 << 22
_LUT_BITS = 6


@dataclass(frozen=True)
class Superpixels:
    """Superpixels of one picture.

    Attributes:
        size: (H, W) of the picture.
        block: side in pixels of the squares of which superpixels consist.
        fine_yx: int32 (ceil(H / block), ceil(W / block)) fine superpixel, 0..N-1.
        parents: for each grain, int32 (N,) the superpixel in which a fine one lies.
        lab_N3: float32 mean colour of the fine ones in CIE Lab.
        area_N: int64 pixels of the fine ones at the size of `fine_yx`.
        edges: which fine ones touch.
    """

    size: tuple[int, int]
    block: int
    fine_yx: np.ndarray
    parents: dict[Grain, np.ndarray]
    lab_N3: np.ndarray
    area_N: np.ndarray
    edges: Adjacency

    def count(self, grain: Grain) -> int:
        """Number of superpixels."""
        return int(self.parents[grain].max()) + 1

    def of_grain(self, grain: Grain) -> tuple[Adjacency, np.ndarray, np.ndarray]:
        """Which superpixels of a grain touch, their mean colours (N, 3), and their areas (N,)."""
        parent_N = self.parents[grain]
        of = int(parent_N.max()) + 1
        area = np.bincount(parent_N, self.area_N, of)
        sums = [np.bincount(parent_N, self.area_N * self.lab_N3[:, c], of) for c in range(3)]
        lab = (np.stack(sums, 1) / area[:, None]).astype(np.float32)
        edges = self.edges if grain == "fine" else coarsened(self.edges, parent_N)
        return edges, lab, area

    def fine_in(self, rectangles: tuple[tuple[int, int, int, int], ...]) -> np.ndarray:
        """int (n,) the fine superpixels with a pixel in any (row, column, height, width)."""
        there = np.zeros(len(self.area_N), bool)
        for row, col, height, width in rectangles:
            rows = slice(row // self.block, -(-(row + height) // self.block))
            cols = slice(col // self.block, -(-(col + width) // self.block))
            there[self.fine_yx[rows, cols].reshape(-1)] = True
        return np.flatnonzero(there)

    def strips(self, grain: Grain) -> Iterator[np.ndarray]:
        """uint32 (rows, W): the map of a grain at the picture's own size, from top to bottom."""
        height, width = self.size
        parent_N = self.parents[grain].astype(np.uint32)
        at_once = max(1, _STRIP // (width * self.block))
        for start in range(0, len(self.fine_yx), at_once):
            strip = parent_N[self.fine_yx[start : start + at_once]]
            if self.block > 1:
                strip = strip.repeat(self.block, 0).repeat(self.block, 1)
            yield np.ascontiguousarray(strip[: height - start * self.block, :width])

    def map(self, grain: Grain) -> np.ndarray:
        """uint32 (H, W) map of a grain."""
        return np.concatenate(list(self.strips(grain)))


def superpixels(picture_HW3: np.ndarray) -> Superpixels:
    """The superpixels of an upright picture, uint8 RGB of any size."""
    from PIL import Image

    height, width = picture_HW3.shape[:2]
    pixels = height * width
    reduced = _halvings(pixels, SLIC_PIXELS)
    refined = _halvings(pixels, REFINED_PIXELS)
    image = Image.fromarray(picture_HW3)
    wanted = {grain: count_for(grain, pixels) for grain in GRAINS}
    small_hw3 = np.asarray(image.reduce(1 << reduced)) if reduced else picture_HW3
    label_hw, lab_N3 = _slic(small_hw3, wanted["fine"])
    for halvings in range(reduced - 1, refined - 1, -1):
        seen_hw3 = np.asarray(image.reduce(1 << halvings)) if halvings else picture_HW3
        label_hw = label_hw.repeat(2, 0).repeat(2, 1)
        label_hw = label_hw[: seen_hw3.shape[0], : seen_hw3.shape[1]].copy()
        _move_borders(label_hw, seen_hw3, lab_N3)
    label_hw, lab_N3 = _connected(label_hw, lab_N3)
    edges = adjacency(label_hw)
    area_N = np.bincount(label_hw.reshape(-1), minlength=len(lab_N3))
    medium_N, coarse_N = merge_down(
        lab_N3, _centres(label_hw, area_N), area_N, edges, COMPACTNESS,
        (wanted["medium"], wanted["coarse"]),
    )  # fmt: skip
    fine_N = np.arange(len(lab_N3), dtype=np.int32)
    parents: dict[Grain, np.ndarray] = {"coarse": coarse_N, "medium": medium_N, "fine": fine_N}
    return Superpixels((height, width), 1 << refined, label_hw, parents, lab_N3, area_N, edges)


def count_for(grain: Grain, pixels: int) -> int:
    """How many superpixels a picture of so many pixels should have; there may be fewer."""
    growth = math.sqrt(pixels / USUAL_PIXELS)
    count = round(COUNTS[grain] * (max(growth, 1.0) if grain == "fine" else growth))
    return max(1, min(count, pixels // MIN_PIXELS))


def lab_of(rgb: np.ndarray) -> np.ndarray:
    """float32 (..., 3) CIE Lab of uint8 (..., 3) RGB, to about one unit."""
    drop = 8 - _LUT_BITS
    kept = (rgb >> drop).astype(np.int32)
    index = (kept[..., 0] << 2 * _LUT_BITS) | (kept[..., 1] << _LUT_BITS) | kept[..., 2]
    table: np.ndarray = _lab_table()[index]
    return table


@functools.cache
def _lab_table() -> np.ndarray:
    """float32 (64³, 3): converting all pixels of a picture takes longer than its superpixels."""
    from skimage.color import rgb2lab

    steps = 1 << _LUT_BITS
    levels = ((np.arange(steps) + 0.5) / steps).astype(np.float32)
    rgb = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), -1)
    lab: np.ndarray = rgb2lab(rgb.reshape(steps, -1, 3)).reshape(-1, 3).astype(np.float32)
    return lab


def _halvings(pixels: int, most: int) -> int:
    return max(0, math.ceil(math.log(pixels / most, 4))) if pixels > most else 0


def _slic(picture_hw3: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """int32 (h, w) connected superpixels, and their mean Lab."""
    from skimage.segmentation import slic

    lab_hw3 = lab_of(picture_hw3)
    label_hw = np.zeros(lab_hw3.shape[:2], np.int32)
    if count > 1:
        # SLIC of scikit-image scales all values to 0..1 first.
        span = max(float(np.ptp(lab_hw3)), 1.0)
        label_hw = slic(
            lab_hw3, count, COMPACTNESS / span, max_num_iter=ITERATIONS, convert2lab=False,
            start_label=0, enforce_connectivity=True, channel_axis=-1,
        ).astype(np.int32)  # fmt: skip
    flat = label_hw.reshape(-1)
    area_N = np.bincount(flat)
    sums = [np.bincount(flat, lab_hw3[..., c].reshape(-1)) for c in range(3)]
    return label_hw, (np.stack(sums, 1) / area_N[:, None]).astype(np.float32)


def _centres(label_hw: np.ndarray, area_N: np.ndarray) -> np.ndarray:
    """float32 (N, 2) mean row and column."""
    height, width = label_hw.shape
    flat, of = label_hw.reshape(-1), len(area_N)
    rows_N = np.bincount(flat, np.repeat(np.arange(height, dtype=np.float64), width), of)
    cols_N = np.bincount(flat, np.tile(np.arange(width, dtype=np.float64), height), of)
    return (np.stack([rows_N, cols_N], 1) / np.maximum(area_N, 1)[:, None]).astype(np.float32)


def _move_borders(label_hw: np.ndarray, picture_hw3: np.ndarray, lab_N3: np.ndarray) -> None:
    """Give each pixel at a border to the superpixel beside it that it is closest to, in place."""
    height, width = label_hw.shape
    area_N = np.bincount(label_hw.reshape(-1), minlength=len(lab_N3))
    centre_N2 = _centres(label_hw, area_N)
    weight = COMPACTNESS**2 * len(lab_N3) / (height * width)
    flat, colour = label_hw.reshape(-1), picture_hw3.reshape(-1, 3)
    for _ in range(SWEEPS):
        place_P = _at_borders(label_hw)
        lab_P3, before_P = lab_of(colour[place_P]), flat[place_P]
        row_P, col_P = np.divmod(place_P, width)
        at_P2 = np.stack([row_P, col_P], 1).astype(np.float32)

        def distance(
            label_P: np.ndarray, lab_P3: np.ndarray = lab_P3, at_P2: np.ndarray = at_P2
        ) -> np.ndarray:
            far_P = ((lab_P3 - lab_N3[label_P]) ** 2).sum(1)
            away: np.ndarray = far_P + weight * ((at_P2 - centre_N2[label_P]) ** 2).sum(1)
            return away

        best_P, least_P = before_P.copy(), distance(before_P)
        for step, inside_P in (
            (-width, row_P > 0), (width, row_P < height - 1),
            (-1, col_P > 0), (1, col_P < width - 1),
        ):  # fmt: skip
            beside_P = flat[np.where(inside_P, place_P + step, place_P)]
            some = np.flatnonzero(beside_P != before_P)
            away = distance(beside_P[some], lab_P3[some], at_P2[some])
            closer = away < least_P[some]
            best_P[some[closer]], least_P[some[closer]] = beside_P[some[closer]], away[closer]
        flat[place_P] = best_P


def _at_borders(label_hw: np.ndarray) -> np.ndarray:
    """Flat indices of the pixels that touch another superpixel."""
    border_hw = np.zeros(label_hw.shape, bool)
    down, right = label_hw[1:] != label_hw[:-1], label_hw[:, 1:] != label_hw[:, :-1]
    border_hw[1:] |= down
    border_hw[:-1] |= down
    border_hw[:, 1:] |= right
    border_hw[:, :-1] |= right
    return np.flatnonzero(border_hw)


def _connected(label_hw: np.ndarray, lab_N3: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Superpixels of which each is one piece: its largest stays, the others go to a neighbour."""
    from skimage.measure import label as pieces_of

    piece_hw = pieces_of(label_hw, background=-1, connectivity=1).astype(np.int32) - 1
    pieces = int(piece_hw.max()) + 1
    owner_M = np.empty(pieces, np.int32)
    owner_M[piece_hw.reshape(-1)] = label_hw.reshape(-1)
    if pieces > len(lab_N3) or len(np.unique(owner_M)) < pieces:
        area_M = np.bincount(piece_hw.reshape(-1), minlength=pieces)
        order = np.lexsort((-area_M, owner_M))
        first = np.ones(pieces, bool)
        first[1:] = owner_M[order][1:] != owner_M[order][:-1]
        rooted = np.zeros(pieces, bool)
        rooted[order[first]] = True
        owner_M = _adopted(owner_M, rooted, adjacency(piece_hw))
    alive, new_M = np.unique(owner_M, return_inverse=True)
    return new_M.astype(np.int32)[piece_hw], lab_N3[alive]


def _adopted(owner_M: np.ndarray, rooted: np.ndarray, edges: Adjacency) -> np.ndarray:
    """The owner of each piece, those without a root taken over along their longest border."""
    owner_M, rooted = owner_M.copy(), rooted.copy()
    one_E = np.concatenate([edges.one_E, edges.other_E])
    other_E = np.concatenate([edges.other_E, edges.one_E])
    length_E = np.concatenate([edges.length_E, edges.length_E])
    order = np.argsort(length_E, kind="stable")  # The longest comes last and stays.
    one_E, other_E = one_E[order], other_E[order]
    while not rooted.all():
        can = ~rooted[one_E] & rooted[other_E]
        parent_M = np.full(len(rooted), -1)
        parent_M[one_E[can]] = other_E[can]
        taken = np.flatnonzero(parent_M >= 0)
        owner_M[taken] = owner_M[parent_M[taken]]
        rooted[taken] = True
    return owner_M
