"""Calibration counts what extension does, and turns it off if no threshold is precise."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from raysal.data.decode import IGNORE
from raysal.data.labels import EXTENDED
from raysal.experiment.noise import noisy_label
from raysal.experiment.noise_config import NoiseConfig
from raysal.regions.calibrate import (
    CONF_EDGES,
    SIM_EDGES,
    Calibration,
    Tally,
    choose,
    counts_shape,
    tally,
)
from raysal.regions.cells import cell_features
from raysal.regions.extend import extend, within_radius
from raysal.regions.extend_config import ExtendConfig, Thresholds

CLASSES, RADIUS = 4, 25
SMALL = ExtendConfig(cell=4, betas=(10.0, 50.0), margin=0)
COLOURS = np.array([[200, 40, 40], [40, 200, 40], [40, 40, 200], [200, 200, 60]])


def scene(seed: int, telling: bool, noise: float = 25) -> tuple[np.ndarray, ...]:
    """Image, truth with some 255, visible pixels; the colour may reveal the class."""
    rng = np.random.default_rng(seed)
    blocks = rng.integers(0, CLASSES, (5, 6))
    truth = np.kron(blocks, np.ones((11, 13), int)).astype(np.uint8)
    seen = COLOURS[truth] if telling else np.full((*truth.shape, 3), 90)
    image = (seen + rng.normal(0, noise, seen.shape)).clip(0, 255).astype(np.uint8)
    truth[rng.random(truth.shape) < 0.01] = IGNORE
    shown = np.zeros(truth.shape, bool)
    shown[8:36, 10:38] = True
    return image, truth, shown


def count(seeds: range, telling: bool, config: ExtendConfig = SMALL) -> list[Tally]:
    tallies = []
    for seed in seeds:
        image, truth, shown = scene(seed, telling)
        features = cell_features(image, config.cell)
        tallies.append(tally(features, truth, shown, CLASSES, config, RADIUS))
    return tallies


def measured(
    thresholds: Thresholds, seeds: range, telling: bool, config: ExtendConfig
) -> Calibration:
    """Precision and coverage measured on the result of `extend`."""
    taken = right = hidden = 0
    for seed in seeds:
        image, truth, shown = scene(seed, telling)
        features = cell_features(image, config.cell)
        done = extend(features, truth, shown, CLASSES, thresholds, config, RADIUS)
        new = (done.source == EXTENDED) & (truth != IGNORE)
        taken += int(new.sum())
        right += int((done.label == truth)[new].sum())
        hidden += int((~shown & (truth != IGNORE)).sum())
    return Calibration(thresholds, right / taken, None, taken / hidden, len(seeds))


def test_precision_is_reached_if_colour_reveals_the_class() -> None:
    found = choose(count(range(4), telling=True), SMALL)
    assert found.thresholds is not None
    assert found.precision is not None
    assert found.precision >= 0.95
    assert found.coverage > 0.3
    assert found.images == 4
    assert json.loads(json.dumps(found.as_dict()))["thresholds"]["beta"] in SMALL.betas


def test_extension_is_off_if_colour_reveals_nothing() -> None:
    found = choose(count(range(4), telling=False), SMALL)
    assert found.thresholds is None
    assert found.precision is not None
    assert found.precision < 0.95
    assert json.loads(json.dumps(found.as_dict()))["thresholds"] is None


@pytest.mark.parametrize(
    "switches",
    [
        {},
        {"mask": "yu", "key_validity": "full"},
        {"norm": "keys", "betas": (1.0, 5.0)},
        {"paste": "overlap", "chunk": 50},
    ],
)
def test_extension_does_what_was_predicted(switches: dict[str, object]) -> None:
    config = SMALL.model_copy(update=switches)
    predicted = choose(count(range(3), True, config), config)
    assert predicted.thresholds is not None
    done = measured(predicted.thresholds, range(3), True, config)
    assert done == replace(predicted, error=None)


def test_every_setting_is_predicted() -> None:
    (found,) = count(range(7, 8), True)
    image, truth, shown = scene(7, True)
    features = cell_features(image, SMALL.cell)
    passed = found.counts[:, ::-1, ::-1].cumsum(1).cumsum(2)[:, ::-1, ::-1]
    for b, c, s in product(range(2), range(0, 7, 2), range(0, 9, 2)):
        thresholds = Thresholds(SMALL.betas[b], CONF_EDGES[c], SIM_EDGES[s])
        done = extend(features, truth, shown, CLASSES, thresholds, SMALL, RADIUS)
        new = (done.source == EXTENDED) & (truth != IGNORE)
        assert passed[b, c, s].tolist() == [new.sum(), (done.label == truth)[new].sum()]


def test_only_hidden_known_pixels_within_the_radius_are_counted() -> None:
    image, truth, shown = scene(0, True)
    features = cell_features(image, SMALL.cell)
    for radius in (1, 6, 1000):
        found = tally(features, truth, shown, CLASSES, SMALL, radius)
        possible = (within_radius(shown, radius) & (truth != IGNORE)).sum()
        assert (found.counts[..., 0].sum((1, 2)) <= possible).all()
        assert (found.counts[..., 1] <= found.counts[..., 0]).all()
        assert found.hidden == (~shown & (truth != IGNORE)).sum()


def test_the_order_of_images_does_not_matter() -> None:
    tallies = count(range(3), telling=True)
    assert choose(tallies, SMALL) == choose(tallies[::-1], SMALL)


def test_extension_is_off_without_pixels_to_measure() -> None:
    image, truth, shown = scene(0, True)
    features = cell_features(image, SMALL.cell)
    nothing_shown = tally(features, truth, np.zeros_like(shown), CLASSES, SMALL, RADIUS)
    all_shown = tally(features, truth, np.ones_like(shown), CLASSES, SMALL, RADIUS)
    assert (nothing_shown.counts.sum(), all_shown.counts.sum(), all_shown.hidden) == (0, 0, 0)
    assert choose([nothing_shown], SMALL) == Calibration(None, None, None, 0.0, 1)
    assert choose([all_shown], SMALL) == Calibration(None, None, None, 0.0, 1)
    assert choose([], SMALL) == Calibration(None, None, None, 0.0, 0)


def made_up(entries: dict[tuple[int, int, int], tuple[int, int]]) -> Tally:
    counts = np.zeros(counts_shape(SMALL), np.int64)
    for place, pair in entries.items():
        counts[place] = pair
    return Tally(counts, hidden=1000)


def test_the_largest_coverage_at_the_precision_wins() -> None:
    # From the top: 100 of 100, then 190 of 200, then 250 of 300.
    found = choose(
        [made_up({(0, 6, 8): (100, 100), (0, 5, 8): (100, 90), (0, 4, 8): (100, 60)})], SMALL
    )
    assert found == Calibration(Thresholds(10.0, 0.95, 0.999), 0.95, 0.0, 0.2, 1)


def test_ties_are_broken_by_caution() -> None:
    found = choose([made_up({(0, 3, 4): (100, 99), (1, 3, 4): (100, 99)})], SMALL)
    assert found.thresholds == Thresholds(10.0, 0.8, 0.95)


def test_if_none_reaches_it_the_most_precise_is_reported() -> None:
    found = choose([made_up({(1, 6, 8): (100, 80), (0, 2, 2): (400, 100)})], SMALL)
    assert found == Calibration(None, 0.8, 0.0, 0.1, 1)


def of_images(*pairs: tuple[int, int]) -> list[Tally]:
    """Counts of one threshold: extended and correct pixels of each image."""
    return [made_up({(0, 3, 4): pair}) for pair in pairs]


def test_the_standard_error_is_that_of_a_ratio_over_images() -> None:
    # 384 of 400 are right; residuals of the images: 100 - 96, 190 - 192, 94 - 96.
    found = choose(of_images((100, 100), (200, 190), (100, 94)), SMALL)
    assert found.precision == 0.96
    assert found.error == pytest.approx((3 / 2 * (4**2 + 2**2 + 2**2)) ** 0.5 / 400)


def test_images_that_differ_raise_the_error() -> None:
    """The same precision, with equal or with very different images."""
    alike = of_images((100, 96), (100, 96), (100, 96))
    apart = of_images((100, 88), (100, 100), (100, 100))
    careful = SMALL.model_copy(update={"margin": 1.0})
    assert choose(alike, SMALL).thresholds == choose(apart, SMALL).thresholds is not None
    assert choose(alike, careful).thresholds is not None
    assert choose(apart, careful).thresholds is None
    more = of_images((100, 88), *[(100, 99)] * 40)
    assert choose(more, careful).thresholds is not None


def test_one_image_is_not_a_sample() -> None:
    careful = SMALL.model_copy(update={"margin": 0.1})
    assert choose(of_images((300, 300)), careful).thresholds is None
    assert choose(of_images((300, 300), (1, 1), (0, 0)), careful).thresholds is None
    assert choose(of_images((300, 300), (300, 300)), careful).thresholds is not None


def test_the_margin_compensates_for_choosing_among_many() -> None:
    """Among equally good thresholds, the best one in a sample is worse on other images."""
    rng = np.random.default_rng(0)
    promised: dict[float, list[float]] = {0.0: [], 2.0: []}
    for _ in range(50):
        tallies = []
        for _ in range(12):
            counts = np.zeros(counts_shape(SMALL), np.int64)
            counts[..., 0] = 200
            easy = rng.normal(0.95, 0.04, counts.shape[:-1]).clip(0, 1)
            counts[..., 1] = rng.binomial(200, easy)
            tallies.append(Tally(counts, 10**5))
        for margin in promised:
            found = choose(tallies, SMALL.model_copy(update={"margin": margin}))
            promised[margin].append(found.thresholds is not None)
    # The true precision of every threshold is just below the required one.
    assert np.mean(promised[0.0]) > 0.9
    assert np.mean(promised[2.0]) < 0.5


@pytest.mark.parametrize("rate", [0.1, 0.2, 0.4])
def test_against_clean_labels_noise_does_not_switch_extension_off(rate: float) -> None:
    """What is extended are the noisy labels, whose mistakes the attention over many cells outvotes;
    compared with other noisy labels, right ones look wrong."""
    config = ExtendConfig(cell=4)
    given, clean = [], []
    for seed in range(8):
        image, truth, shown = scene(seed, telling=True, noise=5)
        noisy = noisy_label(truth, CLASSES, NoiseConfig(rate=rate), 0, str(seed))
        features = cell_features(image, config.cell)
        given.append(tally(features, noisy, shown, CLASSES, config, RADIUS))
        clean.append(tally(features, truth, shown, CLASSES, config, RADIUS, noisy))
    assert choose(given, config).thresholds is None
    found = choose(clean, config)
    assert found.thresholds is not None
    assert found.precision is not None
    assert found.precision > 0.95
