"""Speed of scoring a pool, compared with the bare forward pass and with a plain loop."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from raysal.bench.engines import built
from raysal.bench.machine import prepare
from raysal.bench.plain_process import plain_rate
from raysal.bench.result import Figure, Result
from raysal.bench.scoring import (
    Rates,
    decode_rate,
    forward_rate,
    make_bench_model,
    make_bench_pool,
    score_rates,
)
from raysal.inference.device import default_device
from raysal.inference.process import memory_mib
from raysal.progress import Watch

FORWARD = "forward pass alone"


def bench(images: int, size: tuple[int, int], rounds: int, engine: str, watch: Watch) -> Result:
    """Score a pool of JPEG images, from Parquet to score parts, and time the steps alone.

    Args:
        images: in the larger pool; the smaller one, by which memory is compared, has a quarter.
        size: (height, width) of the images.
        rounds: number of alternating measurements.
        engine: name of the engine.
    """
    settings = prepare()
    few = images // 4
    with tempfile.TemporaryDirectory(prefix="raysal-bench-") as folder:
        root = Path(folder)
        model = make_bench_model(root / "model", size)
        watch.say(f"drawing pools of {images} and {few} images of {size[1]}x{size[0]} pixels")
        pool = make_bench_pool(root / "pool", images, size)
        small = make_bench_pool(root / "small", few, size)
        forwards: list[tuple[float, int]] = []
        decodes: list[float] = []
        plain: list[float] = []
        runs: list[Rates] = []
        with built(engine) as running:
            score_rates(running, model, small, root / "warm")
            memory = []
            for name, which in (("small-scores", small), ("large-scores", pool)):
                memory.append(memory_mib("now"))
                score_rates(running, model, which, root / name)
            memory.append(memory_mib("now"))
            watch.start("score", rounds)
            for index in range(rounds):
                forwards.append(forward_rate(model, size))
                decodes.append(decode_rate(pool, size))
                plain.append(plain_rate(model, pool, size))
                runs.append(score_rates(running, model, pool, root / f"scores-{index}"))
                watch.advance(1)
            watch.finish()
    forward = [rate for rate, _ in forwards]
    steady = [run.steady for run in runs]
    batch, workers = forwards[0][1], runs[0].workers
    on_cpu = default_device().type == "cpu"
    return Result(
        "score",
        (
            _rate(f"{FORWARD}, batch {batch}", forward, forward),
            _rate(f"DS, {workers} worker(s), once started", steady, forward),
            _rate("DS, with the start", [run.whole for run in runs], forward),
            _rate("plain loop (released code), float32", plain, forward),
            _times("DS, once started : forward pass", steady, forward, 1.25 if on_cpu else 0.95),
            _times("DS, once started : plain loop", steady, plain, 5 if on_cpu else 10),
            _rate("reading and decoding alone, one core", decodes, forward),
            _figure("start: until the first part", [run.start_s for run in runs], "s"),
            Figure("memory of the driver before", memory[0], "MiB"),
            Figure(f"after {few} images", memory[1], "MiB"),
            Figure(f"after {images} images", memory[2], "MiB"),
        ),
        {
            "images": images,
            "size": f"{size[1]}x{size[0]}",
            "engine": engine,
            "rounds": rounds,
            **settings,
        },
    )


def small(engine: str, watch: Watch) -> Result:
    """See `raysal.bench.whole`."""
    return bench(240, (360, 480), 3, engine, watch)


def _rate(what: str, rates: list[float], forward: list[float]) -> Figure:
    ratio = float(np.median([a / b for a, b in zip(rates, forward, strict=True)]))
    figure = _figure(what, rates, "images/s")
    return Figure(what, figure.value, figure.unit, ratio, FORWARD, figure.spread)


def _times(what: str, rates: list[float], others: list[float], at_least: float) -> Figure:
    ratios = [a / b for a, b in zip(rates, others, strict=True)]
    return replace(_figure(what, ratios, "times"), at_least=at_least)


def _figure(what: str, values: list[float], unit: str) -> Figure:
    return Figure(what, float(np.median(values)), unit, spread=(min(values), max(values)))
