"""How time and memory per image change as the pool and the cluster grow."""

from __future__ import annotations

import contextlib
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from raysal.bench.result import Figure, Result
from raysal.bench.scoring import Rates, forward_rate, make_bench_model, rates, score_units
from raysal.data.decode import encode_jpeg
from raysal.data.pool.pool import Pool
from raysal.data.pool.rows import Unit
from raysal.data.pool.sources import Source
from raysal.data.pool.writer import write_pool
from raysal.data.sets.streets.scene import draw_scene
from raysal.engine.base import Engine
from raysal.engine.build import build_engine, simulated_nodes
from raysal.engine.config import EngineConfig
from raysal.engine.jobs import PartReport, Traffic
from raysal.errors import PoolError
from raysal.inference.cores import cores
from raysal.inference.device import default_device, resolve_precision
from raysal.inference.process import memory_mib, tune_process
from raysal.progress import Watch

FORWARD_BATCHES = (4, 8, 16, 32, 64)
SHADES = 16


WARM_UP_IMAGES = 500


def bench(
    sizes: Sequence[int],
    nodes: Sequence[int],
    size: tuple[int, int],
    distinct: int,
    keep: Path | None,
    watch: Watch,
) -> Result:
    """Score a growing pool on a growing simulated cluster, beside the forward pass alone.

    Args:
        sizes: numbers of images.
        nodes: numbers of simulated nodes.
        size: (height, width) of the images.
        distinct: scenes that are drawn; the other images are variations.
        keep: folder to keep the pool in and reuse it from.
    """
    sizes = sorted(sizes)
    figures: list[Figure] = []
    config = EngineConfig()
    with contextlib.ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="raysal-bench-")))
        watch.start(f"draw the pool of {sizes[-1]} images", sizes[-1])
        pool = scale_pool(keep or root, sizes[-1], distinct, size, lambda made: watch.advance(1))
        watch.finish()
        model = make_bench_model(root / "model", size)
        forward = forward_alone(model, size)
        for count in nodes:
            with simulated_nodes(config, count, max(1, cores() // count)) as cluster:
                engine = build_engine(config.model_copy(update={"address": cluster.address}))
                for index, few in enumerate([min(WARM_UP_IMAGES, sizes[0]), *sizes]):
                    watch.start(f"{count} node(s), {few} images", few)
                    out = root / f"scores-{count}-{index}"
                    scale = measure_scale(
                        engine, cluster.traffic, model, pool, few, out, watch.advance
                    )
                    watch.finish()
                    if index:  # The first one warms up.
                        before, forward = forward, forward_alone(model, size)
                        figures += scale.figures(statistics.mean((before, forward)))
                engine.close()
    return Result(
        "scale",
        tuple(figures),
        {
            "size": f"{size[1]}x{size[0]}",
            "distinct": distinct,
            "threads": cores(),
            "precision": resolve_precision("auto", default_device()),
        },
        (
            f"the pool: {distinct} street scenes and mirrored, shifted and darkened copies of them",
            "start: until the first part; speed and overhead (beyond the forward pass): once all "
            "workers run; forward pass alone: measured before and after each scoring, the mean",
            "driver: memory before scoring, at the first part, at its peak, at the last part, and "
            "its growth from the first part to the last",
        ),
    )


@dataclass(frozen=True)
class Memory:
    """Resident memory of the driver in MiB during one scoring.

    Attributes:
        before: at the start.
        first, last: when the first and the last part are reported. If memory grows with the pool,
            it grows between these.
        peak: the largest at any part.
    """

    before: float
    first: float
    peak: float
    last: float

    @property
    def growth(self) -> float:
        """Growth from `first` to `last`, as a share of `first`."""
        return self.last / self.first - 1


@dataclass(frozen=True)
class Scale:
    """Measurements of one scoring.

    Attributes:
        nodes: number of nodes that made a part.
        wall_s: seconds of the whole call.
        worker_mib: largest peak memory of a worker.
        store_bytes, block_bytes: per image; see `Traffic`.
    """

    images: int
    nodes: int
    rates: Rates
    wall_s: float
    driver: Memory
    worker_mib: float
    store_bytes: float
    block_bytes: float

    def overhead_ms(self, forward: float) -> float:
        """Milliseconds per image on top of the forward pass, once all workers run.

        Args:
            forward: images per second of the forward pass alone.
        """
        return 1000 / self.rates.steady - 1000 / forward

    def figures(self, forward: float) -> list[Figure]:
        """All figures; `forward` as for `overhead_ms`."""
        steady, driver = self.rates.steady, self.driver
        of = f"{self.images} images, {self.nodes} node{'s' * (self.nodes != 1)}"
        told = (
            ("workers", self.rates.workers, ""),
            ("in all", self.wall_s, "s"),
            ("start", self.rates.start_s, "s"),
            ("speed", steady, "images/s"),
            ("forward pass alone", forward, "images/s"),
            ("share of the forward pass", steady / forward, ""),
            ("overhead per image", self.overhead_ms(forward), "ms"),
            ("driver before", driver.before, "MiB"),
            ("driver at first", driver.first, "MiB"),
            ("driver at most", driver.peak, "MiB"),
            ("driver at last", driver.last, "MiB"),
            ("driver's growth", 100 * driver.growth, "%"),
            ("worker at most", self.worker_mib, "MiB"),
            ("object store per image", self.store_bytes, "bytes"),
            ("blocks per image", self.block_bytes, "bytes"),
        )
        return [Figure(what, value, unit, of=of) for what, value, unit in told]


def varied_scenes(images: int, distinct: int, size: tuple[int, int]) -> Iterator[Source]:
    """Different street scenes, of which only `distinct` are drawn.

    The others are mirrored, shifted and darkened copies: drawing takes about 80 times as long, and
    the measurement does not depend on what the images show.
    """
    drawn: list[np.ndarray] = []
    for index in range(images):
        if index < distinct:
            drawn.append(draw_scene(0, index, size)[0])
        read = partial(_encoded, drawn[index % distinct], index // distinct)
        yield Source(f"scene-{index:07d}", read)


def _encoded(scene_HW3: np.ndarray, variant: int) -> bytes:
    image = scene_HW3[:, ::-1] if variant % 2 else scene_HW3
    step, darker = divmod(variant // 2, SHADES)
    image = np.roll(image, 2 * step, axis=1)
    return encode_jpeg((image * (1 - darker / (2 * SHADES))).astype(np.uint8))


def scale_pool(
    folder: Path, images: int, distinct: int, size: tuple[int, int], progress: Callable[[int], None]
) -> Pool:
    """Open the pool of varied scenes in `folder`, or build it if it is not complete.

    Args:
        progress: called with the number of images written so far.
    """
    place = folder / f"pool-{images}-{distinct}-{size[1]}x{size[0]}"
    try:
        return Pool.open(str(place))
    except PoolError:
        return write_pool(varied_scenes(images, distinct, size), str(place), progress=progress)


def first_units(pool: Pool, images: int) -> tuple[Unit, ...]:
    """Whole units that hold at least the first `images` images."""
    units: list[Unit] = []
    for unit in pool.units:
        if images <= 0:
            break
        units.append(unit)
        images -= unit.rows
    return tuple(units)


def forward_alone(model: Path, size: tuple[int, int]) -> float:
    """Images per second of the bare forward pass, in a process of its own.

    In the driver it would leave freed memory behind that could hide the driver's growth.
    """
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as process:
        return process.submit(_forward, model, size).result()


def _forward(model: Path, size: tuple[int, int]) -> float:
    tune_process(cores())
    return forward_rate(model, size, FORWARD_BATCHES)[0]


def measure_scale(
    engine: Engine,
    traffic: Callable[[], Traffic],
    model: Path,
    pool: Pool,
    images: int,
    out: Path,
    progress: Callable[[int], None],
) -> Scale:
    """Score the first `images` of a pool, as `raysal score` would.

    Args:
        traffic: returns the bytes that Ray has moved so far.
        progress: called with the number of images of each part.
    """
    seen: list[PartReport] = []
    memory: list[float] = []

    def on_part(report: PartReport) -> None:
        seen.append(report)
        memory.append(memory_mib("now"))
        progress(report.images)

    units = first_units(pool, images)
    traffic_before, before_mib = traffic(), memory_mib("now")
    start_s = time.time()
    score_units(engine, model, pool, units, out, on_part)
    end_s = time.time()
    traffic_after = traffic()
    scored = sum(report.images for report in seen)
    return Scale(
        images=scored,
        nodes=len({report.node for report in seen}),
        rates=rates(seen, start_s, end_s),
        wall_s=end_s - start_s,
        driver=Memory(before_mib, memory[0], max(memory), memory[-1]),
        worker_mib=max(report.peak_mib for report in seen),
        store_bytes=(traffic_after.store_bytes - traffic_before.store_bytes) / scored,
        block_bytes=(traffic_after.block_bytes - traffic_before.block_bytes) / scored,
    )
