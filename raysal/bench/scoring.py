"""Pools and networks to measure with, and how fast a pool is scored."""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from raysal.acquisition.strategies.difficulty import DifficultyScore
from raysal.data.decode import decode_image
from raysal.data.pool.candidates import Candidates
from raysal.data.pool.pool import Pool
from raysal.data.pool.reader import PoolReader
from raysal.data.pool.rows import Unit
from raysal.data.pool.sources import dataset_sources
from raysal.data.pool.writer import write_pool
from raysal.data.sets.streets.dataset import Streets
from raysal.engine.base import Engine
from raysal.engine.jobs import PartReport, ScoreJob
from raysal.inference.device import autocast, default_device
from raysal.inference.predict import normalise
from raysal.models.build import build_model
from raysal.models.checkpoint import FILE, load_model, save_model
from raysal.models.config import ModelConfig

FORWARD_BATCHES = (4, 8, 16)
FORWARD_SECONDS = 4.0
DECODED_UNITS = 6


@dataclass(frozen=True)
class Rates:
    """Speed of one scoring.

    Attributes:
        steady: images per second after every worker has finished its first part.
        whole: images per second over the whole call.
        start_s: seconds from the call to the first part.
        workers: number of workers.
    """

    steady: float
    whole: float
    start_s: float
    workers: int


def make_bench_pool(folder: Path, images: int, size: tuple[int, int]) -> Pool:
    """Street scenes as JPEG in a Parquet pool."""
    return write_pool(dataset_sources(Streets(size=size, train=images)), str(folder))


def make_bench_model(folder: Path, size: tuple[int, int]) -> Path:
    """A network with a difficulty branch and random weights: speed does not depend on them."""
    config = ModelConfig(weights="none").resolved(frozenset({"difficulty"}))
    model = build_model(config, 11, seed=0)
    folder.mkdir(parents=True, exist_ok=True)
    streets = Streets()
    save_model(folder / FILE, model, streets.class_names, streets.palette, size)
    return folder


def forward_rate(
    model: Path, size: tuple[int, int], batches: Sequence[int] = FORWARD_BATCHES
) -> tuple[float, int]:
    """Images per second of the bare forward pass in this process, and the best batch size.

    Normalised images are already in memory; nothing is read, decoded, scored or written.
    """
    device = default_device()
    network = load_model(model, device).model
    best = (0.0, 0)
    for batch in batches:
        pixels = torch.randint(0, 256, (batch, 3, *size), dtype=torch.uint8, device=device)
        images = normalise(pixels)
        rates = []
        with torch.inference_mode(), autocast("auto", device):
            for _ in range(2):
                network(images)
            end = time.perf_counter() + FORWARD_SECONDS / len(batches)
            while time.perf_counter() < end:
                start = time.perf_counter()
                network(images)
                if device.type == "cuda":
                    torch.cuda.synchronize()
                rates.append(batch / (time.perf_counter() - start))
        best = max(best, (statistics.median(rates), batch))
    return best


def decode_rate(pool: Pool, size: tuple[int, int]) -> float:
    """Images per second that one core reads from a pool, decodes and resizes to `size`.

    The median over several units, after one to warm up.
    """
    reader, rates = PoolReader(pool), []
    for unit in itertools.islice(itertools.cycle(pool.units), DECODED_UNITS + 1):
        start = time.perf_counter()
        for row in reader.read(unit):
            decode_image(row.data, size, row.max_megapixels)
        rates.append(unit.rows / (time.perf_counter() - start))
    return statistics.median(rates[1:])


def score_rates(engine: Engine, model: Path, pool: Pool, out: Path) -> Rates:
    """Score a pool with DS, from JPEG in Parquet to score parts, and time it."""
    seen: list[PartReport] = []
    start_s = time.time()
    score_units(engine, model, pool, None, out, seen.append)
    return rates(seen, start_s, time.time())


def score_units(
    engine: Engine,
    model: Path,
    pool: Pool,
    units: tuple[Unit, ...] | None,
    out: Path,
    on_part: Callable[[PartReport], None],
) -> None:
    """Score some units of a pool, or all, as `raysal score` does."""
    out.mkdir(parents=True)
    size = load_model(model).size
    job = ScoreJob(
        pool=pool,
        model=model.absolute(),
        strategy=DifficultyScore(),
        candidates=Candidates((0, 0), None, frozenset(), pool.images),
        out=str(out.absolute()),
        size=size,
        precision="auto",
        seed=0,
        round_index=0,
        units=units,
    )
    engine.over_pool(job, on_part)


def rates(seen: Sequence[PartReport], start_s: float, end_s: float) -> Rates:
    """Speed of a scoring from `start_s` to `end_s` (wall clock), from the reports of its parts."""
    first_s: dict[int, float] = {}
    for report in sorted(seen, key=lambda report: report.finished_s):
        first_s.setdefault(report.worker, report.finished_s)
    warm_s, last_s = max(first_s.values()), max(report.finished_s for report in seen)
    later = sum(report.images for report in seen if report.finished_s > warm_s)
    images = sum(report.images for report in seen)
    return Rates(
        later / (last_s - warm_s) if later else float("nan"),
        images / (end_s - start_s),
        min(first_s.values()) - start_s,
        len(first_s),
    )


def median_rates(runs: list[Rates]) -> Rates:
    """The median of each figure."""
    return Rates(
        statistics.median(run.steady for run in runs),
        statistics.median(run.whole for run in runs),
        statistics.median(run.start_s for run in runs),
        runs[0].workers,
    )
