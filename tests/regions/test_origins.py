"""Where extended labels come from: compared with attention written out with loops."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from raysal.data.decode import IGNORE
from raysal.data.labels import EXTENDED
from raysal.regions.attention import MIN_NORM
from raysal.regions.cells import cell_features, grid_of, split_cells
from raysal.regions.extend import extend, key_cells
from raysal.regions.extend_config import ExtendConfig, Thresholds
from raysal.regions.origins import origins
from tests.regions.test_extend import patchwork, windows

CLASSES, SIZE = 4, (41, 54)


def most_attended(
    features: np.ndarray,
    label: np.ndarray,
    keys: list[int],
    cell: int,
    wanted: int,
    beta: float,
    config: ExtendConfig,
) -> list[float]:
    """The attention of a cell on each key, counted as far as the key gives the class."""
    _, h, w = features.shape
    half = config.patch // 2
    steps = range(-half, half + 1)
    parts = split_cells(label, config.cell)

    def patch(n: int) -> np.ndarray:
        around = [
            features[:, min(max(n // w + i, 0), h - 1), min(max(n % w + j, 0), w - 1)]
            for i, j in product(steps, steps)
        ]
        return np.concatenate(around).astype(np.float64)

    def unit(v: np.ndarray) -> np.ndarray:
        return v / max(float(np.linalg.norm(v)), MIN_NORM)

    def softmax(n: int) -> np.ndarray:
        query = unit(patch(n)) if config.norm == "both" else patch(n)
        logits = [beta * float(query @ unit(patch(k))) for k in keys]
        if config.mask == "yu":
            logits += [0.0] * (h * w - len(keys))
        e = np.exp(np.array(logits) - max(logits))
        return (e / e.sum())[: len(keys)]

    offsets = list(product(steps, steps)) if config.paste == "overlap" else [(0, 0)]
    total: dict[tuple[int, int], float] = {}
    for number, (i, j) in enumerate(offsets):
        row, col = cell // w - i, cell % w - j
        if not (0 <= row < h and 0 <= col < w):
            continue
        for place, share in enumerate(softmax(row * w + col)):
            at = keys[place] // w + i, keys[place] % w + j
            if 0 <= at[0] < h and 0 <= at[1] < w:
                of_class = float((parts[at[0] * w + at[1]] == wanted).mean())
                total[number, place] = share * of_class
    best = [0.0] * len(keys)
    for (_, place), value in total.items():
        best[place] = max(best[place], value)
    return best


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"paste": "overlap"},
        {"norm": "keys", "mask": "yu"},
        {"patch": 1, "key_validity": "full"},
    ],
    ids=str,
)
@pytest.mark.parametrize("seed", range(3))
def test_the_key_with_most_of_the_attention_on_the_class(
    changes: dict[str, Any], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    image, label = patchwork(rng, SIZE, CLASSES)
    shown = windows(rng, SIZE, 17, 4)
    config = ExtendConfig(cell=4, **changes)
    beta = 20.0
    features = cell_features(image, config.cell)
    done = extend(features, label, shown, CLASSES, Thresholds(beta, 0.3, -1), config, 1e9)
    taken = np.where(done.source == EXTENDED, done.label, np.uint8(IGNORE))
    found = origins(features, label, shown, taken, CLASSES, beta, config)
    grid = grid_of(SIZE, config.cell)
    assert found.shape == (grid[0] * grid[1], CLASSES)
    known = np.where(shown, label, IGNORE).astype(np.uint8)
    keys = key_cells(shown, config).tolist()
    parts = split_cells(taken, config.cell, fill=IGNORE)
    took = np.stack([(parts == c).any(1) for c in range(CLASSES)], 1)
    extended = np.argwhere(took)
    assert len(extended) > 10
    np.testing.assert_array_equal(found >= 0, took)
    several = took.sum(1)[extended[:, 0]] > 1
    for cell, class_id in (*extended[::3], *extended[several][:4]):
        share = most_attended(features.numpy(), known, keys, cell, class_id, beta, config)
        key = found[cell, class_id]
        assert key in keys
        assert share[keys.index(key)] == pytest.approx(max(share), rel=1e-3)
        assert max(share) > 0


def test_a_key_of_the_class_even_if_another_is_more_alike() -> None:
    """Three keys of one class outvote the most similar one, of another class."""
    image = np.full((4, 24, 3), 100, np.uint8)
    image[:, 4:8] = 101
    image[:, 16:] = 100
    label = np.full((4, 24), IGNORE, np.uint8)
    label[:, :4], label[:, 4:16] = 1, 2
    shown = np.zeros((4, 24), bool)
    shown[:, :16] = True
    config = ExtendConfig(cell=4, patch=1)
    features = cell_features(image, 4)
    done = extend(features, label, shown, 3, Thresholds(1.0, 0.5, -1), config, 1e9)
    taken = np.where(done.source == EXTENDED, done.label, np.uint8(IGNORE))
    assert set(np.unique(taken)) == {2, IGNORE}
    found = origins(features, label, shown, taken, 3, 1.0, config)
    assert (found[:4] == -1).all()
    assert (found[:, [0, 1]] == -1).all()
    assert set(found[4:, 2]) <= {2, 3}


def test_nothing_extended_has_no_origins() -> None:
    features = cell_features(np.zeros((8, 8, 3), np.uint8), 4)
    nothing = np.full((8, 8), IGNORE, np.uint8)
    found = origins(
        features, nothing, np.zeros((8, 8), bool), nothing, 3, 1.0, ExtendConfig(cell=4)
    )
    assert found.tolist() == [[-1] * 3] * 4
