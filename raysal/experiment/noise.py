"""Label noise: mistakes of a simulated annotator (CPRAL, section 4.4)."""

from __future__ import annotations

import math

import numpy as np
from skimage import measure

from raysal.config.seed import derive_seed
from raysal.data.decode import IGNORE
from raysal.experiment.noise_config import NoiseConfig

CORRECT, SYMMETRIC, MISSING, ASYMMETRIC = range(4)
# Kinds of mistakes, assigned to the wrong units in turn. The ratio symmetric : missing : asymmetric
# is 1:2:1 for any number of units, and a higher rate keeps the mistakes of a lower one.
TURNS = np.array([MISSING, SYMMETRIC, ASYMMETRIC, MISSING], np.uint8)


def noise_counts(units: int, rate: float) -> tuple[int, int, int]:
    """Number of symmetric, missing and asymmetric mistakes among `units`.

    Their sum is `rate * units`, halves rounded up; each differs from its share by less than 1.
    """
    wrong = math.floor(rate * units + 0.5)
    symmetric, asymmetric = (wrong + 2) // 4, (wrong + 1) // 4
    return symmetric, wrong - symmetric - asymmetric, asymmetric


def noisy_label(
    label: np.ndarray, classes: int, config: NoiseConfig, seed: int, image_id: str
) -> np.ndarray:
    """The annotator's label of an image, which is the same in every round.

    Args:
        label: uint8 (H, W) true class ids, 255 unknown, which stays unknown.

    Returns:
        uint8 (H, W). Symmetric: see `NoiseConfig.symmetric`. Missing: 255. Asymmetric: one of the
        other classes, uniformly at random, drawn once per unit and class.
    """
    rng = np.random.default_rng(derive_seed(seed, "noise", image_id))
    known = label != IGNORE
    truth_P = label[known].astype(np.int16)
    unit_P = _units(label, config)
    units = int(unit_P.max(initial=-1)) + 1

    wrong = sum(noise_counts(units, config.rate))
    kind_U = np.full(units, CORRECT, np.uint8)
    kind_U[rng.permutation(units)[:wrong]] = TURNS[np.arange(wrong) % len(TURNS)]

    # Only tiles hold several classes; pixels and segments need one column.
    columns = classes if config.unit == "region" else 1
    # With a single class there is no other one; it is shifted onto itself.
    shift_UK = rng.integers(1, max(classes, 2), (units, columns), dtype=np.uint8)
    other_P = (truth_P + shift_UK[unit_P, truth_P % columns]) % classes

    kind_P = kind_U[unit_P]
    noisy = label.copy()
    noisy[known] = np.select(
        [kind_P == SYMMETRIC, kind_P == MISSING, kind_P == ASYMMETRIC],
        [_symmetric(truth_P, classes, config), IGNORE, other_P],
        truth_P,
    )
    return noisy


def _units(label: np.ndarray, config: NoiseConfig) -> np.ndarray:
    """(P,) int: the unit of each of the P known pixels, numbered from 0 without gaps."""
    known = label != IGNORE
    if config.unit == "segment":
        return measure.label(label, background=IGNORE, connectivity=1)[known] - 1
    if config.unit == "region":
        row_P, col_P = np.nonzero(known)
        tile_P = row_P // config.region * label.shape[1] + col_P // config.region
        return np.unique(tile_P, return_inverse=True)[1]
    return np.arange(np.count_nonzero(known))


def _symmetric(truth_P: np.ndarray, classes: int, config: NoiseConfig) -> np.ndarray:
    if config.symmetric == "mirror":
        return classes - 1 - truth_P
    return np.where(truth_P == 0, IGNORE, classes - truth_P)
