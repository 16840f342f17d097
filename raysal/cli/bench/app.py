"""`raysal bench`: speeds as ratios to a plain baseline that is measured in the same run."""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer
from rich.table import Table

from raysal.cli.bench.annotate import annotate
from raysal.cli.bench.clicks import clicks
from raysal.cli.bench.coreset import coreset
from raysal.cli.bench.scale import scale
from raysal.cli.bench.select import select
from raysal.cli.terminal import console
from raysal.engine.registry import DEFAULT, ENGINES
from raysal.errors import ConfigError
from raysal.inference.vote import Dropped

if TYPE_CHECKING:
    from raysal.bench.score import Rates

DROPPED: tuple[Dropped, ...] = get_args(Dropped)

app = typer.Typer(help="Measure raysal on this machine.", no_args_is_help=True)
app.command()(scale)
app.command()(coreset)
app.command()(select)
app.command()(annotate)
app.command()(clicks)


@app.command()
def score(
    images: Annotated[int, typer.Option(min=200, help="Images in the larger pool.")] = 2000,
    height: Annotated[int, typer.Option(min=32)] = 180,
    width: Annotated[int, typer.Option(min=32)] = 240,
    rounds: Annotated[int, typer.Option(min=1, help="Number of measurements of each kind.")] = 3,
    engine: Annotated[str, typer.Option(help=f"{' or '.join(ENGINES)}.")] = DEFAULT,
) -> None:
    """Measure scoring a pool of JPEG images against the forward pass of the model alone."""
    from raysal.bench.score import (
        decode_rate,
        forward_rate,
        make_bench_model,
        make_bench_pool,
        score_rates,
    )
    from raysal.config.load import validate
    from raysal.engine.build import build_engine
    from raysal.engine.config import EngineConfig
    from raysal.inference.device import cores
    from raysal.inference.process import memory_mib, tune_process

    size = (height, width)
    config = validate(EngineConfig, {"name": engine}, "--engine")
    tune_process(cores())
    with tempfile.TemporaryDirectory(prefix="raysal-bench-") as folder:
        root = Path(folder)
        model = make_bench_model(root / "model", size)
        console.print(
            f"drawing pools of {images} and {images // 4} images of {width}x{height} pixels"
        )
        pool = make_bench_pool(root / "pool", images, size)
        small = make_bench_pool(root / "small", images // 4, size)
        running = build_engine(config)
        try:
            memory = [memory_mib("now")]
            score_rates(running, model, small, root / "warm")
            for name, which in (("small-scores", small), ("large-scores", pool)):
                memory.append(memory_mib("now"))
                score_rates(running, model, which, root / name)
            memory.append(memory_mib("now"))
            forwards: list[tuple[float, int]] = []
            decodes: list[float] = []
            runs: list[Rates] = []
            for index in range(rounds):
                forwards.append(forward_rate(model, size))
                decodes.append(decode_rate(pool, size))
                runs.append(score_rates(running, model, pool, root / f"scores-{index}"))
        finally:
            running.close()
    _print(images, forwards, statistics.median(decodes), runs, memory)


@app.command()
def votes(
    height: Annotated[int, typer.Option(min=32)] = 180,
    width: Annotated[int, typer.Option(min=32)] = 240,
    classes: Annotated[int, typer.Option(min=2)] = 11,
    passes: Annotated[int, typer.Option(min=2, help="Number of stochastic passes.")] = 20,
    rounds: Annotated[int, typer.Option(min=1, help="Number of measurements of each kind.")] = 5,
    dropout: Annotated[
        str, typer.Option(help=f"What the passes drop: {' or '.join(DROPPED)}.")
    ] = "channels",
) -> None:
    """Measure the vote map of several stochastic passes against one pass of the network."""
    from raysal.bench import maps as bench_maps
    from raysal.inference.device import cores
    from raysal.inference.process import tune_process

    tune_process(cores())
    dropped = next((kind for kind in DROPPED if kind == dropout), None)
    if dropped is None:
        raise ConfigError(f"--dropout {dropout}: give {' or '.join(DROPPED)}")
    timing = bench_maps.votes((height, width), classes, passes, rounds, dropped)
    table = Table(
        f"{width}x{height}, {classes} classes, {cores()} threads", "ms", "in single passes"
    )
    for step, what in (
        ("pass", "one pass, to probabilities"),
        ("votes", f"{passes} votes, to their entropy"),
        ("plain", f"{passes} passes through the network, counted"),
    ):
        ratio = timing.ratio(step, "pass")
        table.add_row(what, f"{1000 * timing.seconds[step]:.0f}", f"{ratio:.2f}")
    console.print(table)
    console.print(f"medians of {rounds} alternating measurements, after a warm-up")


@app.command()
def regions(
    height: Annotated[int, typer.Option(min=32)] = 512,
    width: Annotated[int, typer.Option(min=32)] = 1024,
    w: Annotated[int, typer.Option(min=1, help="Side of a region in pixels.")] = 128,
    passes: Annotated[int, typer.Option(min=2, help="Number of stochastic passes.")] = 20,
    rounds: Annotated[int, typer.Option(min=1, help="Number of measurements of each kind.")] = 5,
) -> None:
    """Measure picking regions (RGA) and extending labels (CLE) against the votes they read."""
    from raysal.bench import maps as bench_maps
    from raysal.inference.device import cores
    from raysal.inference.process import tune_process

    tune_process(cores())
    timing = bench_maps.regions((height, width), w, passes, rounds)
    whole = sum(timing.seconds.values())
    table = Table(f"{width}x{height}, w = {w}, {cores()} threads", "ms per image", "share")
    for step, what in (
        ("votes", f"{passes} votes"),
        ("rga", "RGA: response and suppression"),
        ("cle", "CLE: features and extension"),
    ):
        seconds = timing.seconds[step]
        table.add_row(what, f"{1000 * seconds:.1f}", f"{seconds / whole:.1%}")
    console.print(table)
    console.print(f"medians of {rounds} alternating measurements, after a warm-up")


def _print(
    images: int,
    forwards: list[tuple[float, int]],
    decode: float,
    runs: list[Rates],
    memory: list[float],
) -> None:
    from raysal.bench.score import median_rates
    from raysal.inference.device import cores

    forward = statistics.median(rate for rate, _ in forwards)
    middle = median_rates(runs)
    table = Table("", "images/s", "share of the forward pass")
    table.add_row(
        f"forward pass alone, {cores()} threads, batch {forwards[0][1]}", f"{forward:.1f}", "1.00"
    )
    table.add_row(
        f"scoring DS, {middle.workers} worker(s), once started",
        f"{middle.steady:.1f}",
        f"{middle.steady / forward:.2f}",
    )
    table.add_row(
        f"scoring DS, including {middle.start_s:.1f} s to start",
        f"{middle.whole:.1f}",
        f"{middle.whole / forward:.2f}",
    )
    table.add_row(
        "reading and decoding alone, on one core", f"{decode:.1f}", f"{decode / forward:.2f}"
    )
    console.print(table)
    console.print(
        f"medians of {len(runs)} alternating measurements; forward pass "
        f"{', '.join(f'{rate:.1f}' for rate, _ in forwards)}; "
        f"scoring {', '.join(f'{run.steady:.1f}' for run in runs)}"
    )
    console.print(
        f"driver memory: {memory[1]:.0f} MiB before and {memory[2]:.0f} MiB after scoring "
        f"{images // 4} images, {memory[3]:.0f} MiB after scoring {images}"
    )
