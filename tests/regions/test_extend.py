"""Label extension: worked cases, a dense reference, and invariants."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from raysal.data.decode import IGNORE
from raysal.data.labels import ANNOTATOR, EXTENDED, NONE
from raysal.regions.attention import MIN_NORM, attend, key_labels, paste
from raysal.regions.cells import cell_features, patches, split_cells
from raysal.regions.extend import extend, key_cells, similar_cells, within_radius
from raysal.regions.extend_config import ExtendConfig, Thresholds
from tests.support.worked_cases import Case, all_cases

CASES = [case for case in all_cases() if case.group == "CLE"]
IDS = {
    "cle_basic",
    "cle_no_labels",
    "cle_all_labelled",
    "cle_single_key",
    "cle_all_ignore_keys",
    "cle_zero_feature",
}
FAR = 1e9


# --- Worked cases ---------------------------------------------------------------------------


def run_case(case: Case, mask: str) -> dict[str, Any]:
    """All values that a case may contain, computed by the functions that `extend` calls."""
    x = case.inputs
    config = ExtendConfig(cell=1, patch=x["k"], mask=mask)
    features = torch.tensor(x["features"])
    label, delivered = np.array(x["label"], np.uint8), np.array(x["mask"], bool)
    thresholds = Thresholds(x["beta"], x["tau_conf"], x["tau_sim"])
    done = extend(features, label, delivered, x["C"], thresholds, config, FAR)
    actual: dict[str, Any] = {"hard": done.label}
    keys = key_cells(delivered, config)
    if len(keys):
        unit = torch.nn.functional.normalize(patches(features, x["k"]), eps=MIN_NORM)
        masked = len(unit) - len(keys) if mask == "yu" else 0
        share = attend(unit, unit[keys], x["beta"], masked)
        attention = torch.zeros(len(unit), len(unit))
        attention[:, keys] = share
        labels = key_labels(torch.from_numpy(split_cells(label, 1)), keys, x["C"])
        actual |= {"attention": attention, "prob": paste(share, labels)[:, 0]}
        actual["max_sim"] = similar_cells(unit, torch.arange(len(unit)), keys, -1.0, 1024)[1]
    return actual


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_worked_case(case: Case) -> None:
    modes = case.expected if "neginf" in case.expected else {"neginf": case.expected}
    for mask, expected in modes.items():
        actual = run_case(case, mask)
        case.check({key: actual[key] for key in expected}, expected)


def test_no_case_is_missing() -> None:
    assert {case.id for case in CASES} == IDS


# --- Dense reference ------------------------------------------------------------------------


def patchwork(
    rng: np.random.Generator, size: tuple[int, int], classes: int
) -> tuple[np.ndarray, np.ndarray]:
    """An image of noisy rectangles in the colours of their classes; its label has some 255."""
    colours = rng.integers(0, 256, (classes, 3))
    label = np.zeros(size, np.uint8)
    for _ in range(12):
        top, left = rng.integers(0, size[0]), rng.integers(0, size[1])
        height, width = rng.integers(2, max(size), 2)
        label[top : top + height, left : left + width] = rng.integers(0, classes)
    image = colours[label] + rng.normal(0, 20, (*size, 3))
    label[rng.random(size) < 0.02] = IGNORE
    return image.clip(0, 255).astype(np.uint8), label


def windows(rng: np.random.Generator, size: tuple[int, int], side: int, count: int) -> np.ndarray:
    """bool (H, W): pixels in some random squares, not aligned with the grid."""
    shown = np.zeros(size, bool)
    for _ in range(count):
        top = rng.integers(0, max(1, size[0] - side + 1))
        left = rng.integers(0, max(1, size[1] - side + 1))
        shown[top : top + side, left : left + side] = True
    return shown


def reference(
    features: np.ndarray,
    label: np.ndarray,
    delivered: np.ndarray,
    classes: int,
    thresholds: Thresholds,
    config: ExtendConfig,
    radius: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Label, and each pixel's distance to another decision; loops over the formulas."""
    _, h, w = features.shape
    g, half, (H, W) = config.cell, config.patch // 2, label.shape

    def clamped(i: int, j: int) -> tuple[int, int]:
        return min(max(i, 0), h - 1), min(max(j, 0), w - 1)

    def pixel(i: int, j: int) -> tuple[int, int]:
        return min(i, H - 1), min(j, W - 1)

    def around(i: int, j: int) -> list[tuple[int, int]]:
        steps_ = range(-half, half + 1)
        return [clamped(i + di, j + dj) for di, dj in product(steps_, steps_)]

    grid = list(product(range(h), range(w)))
    whole = {
        (i, j): all(delivered[pixel(i * g + y, j * g + x)] for y, x in product(range(g), range(g)))
        for i, j in grid
    }
    if config.key_validity == "full":
        key = {c: all(whole[n] for n in around(*c)) for c in grid}
    else:
        key = whole
    f = {
        c: np.concatenate([features[:, n[0], n[1]] for n in around(*c)]).astype(np.float64)
        for c in grid
    }
    unit = {c: f[c] / max(np.linalg.norm(f[c]), MIN_NORM) for c in grid}
    out = np.where(delivered, label, IGNORE)
    margin = np.full(label.shape, np.inf)
    if not any(key.values()):
        return out, margin
    query = unit if config.norm == "both" else f
    flag = np.array([key[c] for c in grid])
    attention = {}
    for c in grid:
        logit = thresholds.beta * np.array([query[c] @ unit[k] for k in grid])
        logit = np.where(flag, logit, 0.0 if config.mask == "yu" else -np.inf)
        share = np.exp(logit - logit.max())
        attention[c] = share / share.sum() * flag
    steps_ = range(-half, half + 1)
    offsets = list(product(steps_, steps_)) if config.paste == "overlap" else [(0, 0)]
    delivered_at = np.argwhere(delivered)
    for y, x in product(range(H), range(W)):
        if delivered[y, x]:
            continue
        i, j = y // g, x // g
        prob, cover = np.zeros(classes), 0
        for di, dj in offsets:
            source = (i - di, j - dj)
            if source not in key:
                continue
            cover += 1
            for share, k in zip(attention[source], grid, strict=True):
                there = (k[0] + di, k[1] + dj)
                if share and there in key:
                    at = pixel(there[0] * g + y % g, there[1] * g + x % g)
                    if delivered[at] and label[at] != IGNORE:
                        prob[label[at]] += share
        prob /= cover
        similarity = max(unit[i, j] @ unit[k] for k in grid if key[k])
        distance = np.sqrt(((delivered_at - (y, x)) ** 2).sum(1).min())
        confidence, second = np.sort(prob)[::-1][:2]
        margin[y, x] = min(
            abs(confidence - thresholds.tau_conf),
            abs(similarity - thresholds.tau_sim),
            confidence - second if confidence > thresholds.tau_conf else np.inf,
        )
        if (
            confidence >= thresholds.tau_conf
            and similarity >= thresholds.tau_sim
            and distance <= radius
        ):
            out[y, x] = prob.argmax()
    return out, margin


SWITCHES = list(
    product(["neginf", "yu"], ["both", "keys"], ["cell", "overlap"], ["centre", "full"])
)


@pytest.mark.parametrize(("mask", "norm", "paste_", "validity"), SWITCHES)
def test_extension_equals_the_dense_reference(
    mask: str, norm: str, paste_: str, validity: str
) -> None:
    config = ExtendConfig(cell=3, mask=mask, norm=norm, paste=paste_, key_validity=validity)
    extended = 0
    for seed, size in enumerate([(24, 30), (23, 31), (17, 40), (7, 19)]):
        rng = np.random.default_rng(seed)
        image, label = patchwork(rng, size, 4)
        delivered = windows(rng, size, 14, 3)
        thresholds = Thresholds([2.0, 20.0][seed % 2], [0.3, 0.5][seed % 2], 0.8)
        features = cell_features(image, 3)
        expected, margin = reference(
            features.numpy(), label, delivered, 4, thresholds, config, radius=9.5
        )
        done = extend(features, label, delivered, 4, thresholds, config, radius=9.5)
        clear = margin > 1e-4
        assert clear.mean() > 0.9
        assert np.array_equal(done.label[clear], expected[clear])
        extended += int((done.source == EXTENDED).sum())
    assert extended > 30


@pytest.mark.parametrize("paste_", ["cell", "overlap"])
@pytest.mark.parametrize("mask", ["neginf", "yu"])
def test_the_chunk_size_changes_nothing(paste_: str, mask: str) -> None:
    rng = np.random.default_rng(3)
    image, label = patchwork(rng, (50, 61), 5)
    delivered = windows(rng, label.shape, 20, 3)
    done = [
        extend(
            cell_features(image, 4),
            label,
            delivered,
            5,
            Thresholds(20.0, 0.6, 0.8),
            ExtendConfig(cell=4, chunk=chunk, paste=paste_, mask=mask),
            30,
        )
        for chunk in (1, 10, 64, 10_000)
    ]
    assert (done[0].source == EXTENDED).sum() > 100
    for other in done[1:]:
        assert np.array_equal(done[0].label, other.label)
        assert np.array_equal(done[0].source, other.source)


# --- What holds for any image ---------------------------------------------------------------

SIDES = st.integers(1, 20)


@settings(max_examples=60)
@given(st.data(), SIDES, SIDES, st.integers(1, 5), st.sampled_from(SWITCHES))
def test_the_annotators_pixels_stay_as_they_are(
    data: st.DataObject, height: int, width: int, cell: int, switches: tuple[str, ...]
) -> None:
    size = (height, width)
    image = data.draw(hnp.arrays(np.uint8, (*size, 3)))
    label = data.draw(hnp.arrays(np.uint8, size, elements=st.sampled_from([0, 1, 2, IGNORE])))
    delivered = data.draw(hnp.arrays(bool, size))
    before = label.copy(), delivered.copy()
    mask, norm, paste_, validity = switches
    config = ExtendConfig(cell=cell, mask=mask, norm=norm, paste=paste_, key_validity=validity)
    done = extend(
        cell_features(image, cell), label, delivered, 3, Thresholds(5.0, 0.2, 0.0), config, 8
    )
    assert np.array_equal(label, before[0])
    assert np.array_equal(delivered, before[1])
    assert done.label.dtype == done.source.dtype == np.uint8
    assert np.array_equal(done.label[delivered], label[delivered])
    assert np.array_equal(done.source == ANNOTATOR, delivered)
    assert np.array_equal(done.source == NONE, (done.label == IGNORE) & ~delivered)
    new = done.source == EXTENDED
    assert set(np.unique(done.label[new])) <= set(np.unique(label[delivered]))
    assert not (new & ~within_radius(delivered, 8)).any()


def test_without_a_whole_cell_nothing_is_extended() -> None:
    image, label = np.zeros((16, 16, 3), np.uint8), np.zeros((16, 16), np.uint8)
    delivered = np.zeros((16, 16), bool)
    delivered[3:9, 3:9] = True
    config = ExtendConfig(cell=8)
    done = extend(cell_features(image, 8), label, delivered, 2, config.thresholds, config, FAR)
    assert np.array_equal(done.source, delivered.astype(np.uint8) * ANNOTATOR)


def test_labels_go_as_far_as_the_radius_in_pixels() -> None:
    image, label = np.full((20, 40, 3), 90, np.uint8), np.zeros((20, 40), np.uint8)
    delivered = np.zeros((20, 40), bool)
    delivered[:, :8] = True
    config = ExtendConfig(cell=4)
    done = extend(cell_features(image, 4), label, delivered, 2, config.thresholds, config, 13)
    # The last pixel is 13 to the right of the last annotated column.
    assert np.array_equal(done.label == 0, np.broadcast_to(np.arange(40) < 8 + 13, (20, 40)))


def test_labels_outside_the_query_are_not_read() -> None:
    rng = np.random.default_rng(0)
    image, label = patchwork(rng, (32, 32), 3)
    delivered = windows(rng, label.shape, 16, 1)
    other = np.where(delivered, label, (label + 1) % 3).astype(np.uint8)
    config = ExtendConfig(cell=4)
    done = [
        extend(cell_features(image, 4), given_, delivered, 3, config.thresholds, config, FAR)
        for given_ in (label, other)
    ]
    assert np.array_equal(done[0].label, done[1].label)


@pytest.mark.parametrize(
    "wrong",
    [{"patch": 2}, {"betas": []}, {"tau_conf": 0}, {"tau_sim": 1.5}, {"cell": 0}, {"radius": "w"}],
)
def test_invalid_settings_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        ExtendConfig(**wrong)
