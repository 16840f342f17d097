"""Run folders with made-up figures, to measure what reads them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import yaml

from raysal.data.sets.streets.dataset import Streets
from raysal.experiment.cost import Cost
from raysal.experiment.environment import environment
from raysal.experiment.layout import RunLayout
from raysal.experiment.metrics import Metrics
from raysal.experiment.record import Record

STRATEGIES = {
    "DS (entropy)": {"name": "ds"},
    "DE": {"name": "de"},
    "Entropy": {"name": "entropy"},
    "Core-set": {"name": "coreset"},
    "Random": {"name": "random"},
}
INITIAL, BUDGET, PIXELS = 40, 40, 360 * 480
TEST_PIXELS = 1_000_000


def make_runs(root: Path, runs: int, rounds: int) -> list[Path]:
    """Folders of finished runs: strategies in turn, each with seeds 0, 1, ...; equal numbers give
    equal runs. They have records and metrics, but no models, scores or queries."""
    made = []
    for index in range(runs):
        seed, which = divmod(index, len(STRATEGIES))
        folder = root / f"run-{index:03d}"
        _make_run(folder, list(STRATEGIES)[which], seed, rounds, index)
        made.append(folder)
    return made


def _make_run(folder: Path, strategy: str, seed: int, rounds: int, number: int) -> None:
    layout = RunLayout(folder)
    folder.mkdir(parents=True)
    rng = np.random.default_rng(number)
    layout.environment.write_text(json.dumps(environment()))
    settings = {
        "name": folder.name,
        "seed": seed,
        "data": {"name": "streets"},
        "acquisition": STRATEGIES[strategy],
        "al": {"initial": INITIAL, "budget": BUDGET, "rounds": rounds},
    }
    layout.config.write_text(yaml.safe_dump(settings, sort_keys=False))
    names = Streets().class_names
    skill = 0.3
    for index in range(rounds):
        here = layout.round(index)
        for stage in (here.metrics, here.record):
            stage.mkdir(parents=True)
        skill += 0.4 * (0.9 - skill) * rng.uniform(0.5, 1)
        metrics = _metrics(names, skill, rng)
        metrics.write(here.metrics)
        images = INITIAL + BUDGET * index
        last = index == rounds - 1
        Record(
            round=index,
            name=folder.name,
            seed=seed,
            strategy=strategy,
            fingerprint="0",
            labelled=Cost(images, images * PIXELS),
            queried=None if last else Cost(BUDGET, BUDGET * PIXELS),
            class_pixels=tuple(
                int(n) for n in rng.dirichlet(np.ones(len(names))) * images * PIXELS
            ),
            miou=metrics.miou,
            timings_s={"train": rng.uniform(90, 110), "evaluate": 3.0, "score": rng.uniform(5, 9)},
        ).write(here.record)


def _metrics(names: tuple[str, ...], skill: float, rng: np.random.Generator) -> Metrics:
    """Those of a model that is right in so many of the pixels, a few more or less by the class."""
    count = len(names)
    share_C = rng.dirichlet(np.full(count, 2.0))
    right_C = np.clip(skill + rng.normal(0, 0.05, count), 0.05, 0.99)
    confusion_CC = rng.dirichlet(np.ones(count), count) * (1 - right_C)[:, None]
    confusion_CC[np.diag_indices(count)] += right_C
    pixels_CC = (confusion_CC * share_C[:, None] * TEST_PIXELS).astype(np.int64)
    hit_C = np.diag(pixels_CC)
    iou_C = hit_C / (pixels_CC.sum(0) + pixels_CC.sum(1) - hit_C)
    return Metrics(
        split="test",
        images=100,
        miou=float(iou_C.mean()),
        pixel_accuracy=float(hit_C.sum() / pixels_CC.sum()),
        iou=tuple(float(each) for each in iou_C),
        class_names=names,
        confusion=tuple(tuple(int(n) for n in row) for row in pixels_CC),
    )
