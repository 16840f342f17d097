"""`raysal bench scale`: time and memory per image as the pool and the cluster grow."""

from __future__ import annotations

import contextlib
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from raysal.cli.terminal import Terminal, console

if TYPE_CHECKING:
    from raysal.bench.scale import Scale

IMAGES, NODES = (1000, 10_000, 100_000), (1, 2, 4)
WARM_UP_IMAGES = 500


def scale(
    images: Annotated[
        list[int] | None,
        typer.Option(min=200, help=f"Pool size (repeatable); by default {IMAGES}."),
    ] = None,
    nodes: Annotated[
        list[int] | None,
        typer.Option(min=1, help=f"Number of simulated nodes (repeatable); by default {NODES}."),
    ] = None,
    height: Annotated[int, typer.Option(min=32)] = 48,
    width: Annotated[int, typer.Option(min=32)] = 64,
    distinct: Annotated[
        int, typer.Option(min=1, help="Number of scenes to draw; the other images are variations.")
    ] = 2000,
    keep: Annotated[
        Path | None, typer.Option(help="Folder to keep the pool in and reuse it from.")
    ] = None,
) -> None:
    """Measure scoring as the pool and a simulated cluster grow, against the forward pass alone."""
    from raysal.bench.scale import forward_alone, measure_scale, scale_pool
    from raysal.bench.score import make_bench_model
    from raysal.engine.build import build_engine, simulated_nodes
    from raysal.engine.config import EngineConfig
    from raysal.inference.device import cores

    sizes, size = sorted(images or IMAGES), (height, width)
    done: list[tuple[Scale, float]] = []
    config = EngineConfig()
    with _folder(keep) as pools, _folder(None) as root, Terminal() as watch:
        console.print(
            f"a pool of {sizes[-1]} images of {width}x{height} pixels: {distinct} street scenes "
            "and mirrored, shifted and darkened copies of them"
        )
        watch.start("draw the pool", sizes[-1])
        pool = scale_pool(pools, sizes[-1], distinct, size, lambda made: watch.advance(1))
        watch.finish()
        model = make_bench_model(root / "model", size)
        forwards = [forward_alone(model, size)]
        for count in nodes or NODES:
            with simulated_nodes(config, count, max(1, cores() // count)) as cluster:
                engine = build_engine(config.model_copy(update={"address": cluster.address}))
                for index, few in enumerate([min(WARM_UP_IMAGES, sizes[0]), *sizes]):
                    watch.start(f"{count} node(s), {few} images", few)
                    out = root / f"scores-{count}-{index}"
                    result = measure_scale(
                        engine, cluster.traffic, model, pool, few, out, watch.advance
                    )
                    watch.finish()
                    if index:  # The first one warms up.
                        forwards.append(forward_alone(model, size))
                        done.append((result, statistics.mean(forwards[-2:])))
                engine.close()
    _print(done, f"{width}x{height}")
    console.print(
        f"forward pass alone, {cores()} threads: "
        f"{', '.join(f'{rate:.0f}' for rate in forwards)} images/s, measured before the first row "
        "and after each row; each row is compared with the measurements before and after it"
    )
    console.print(
        "start: time until the first part. images/s, of forward (share of the forward pass's "
        "images/s) and overhead ms (per image, beyond the forward pass): once all workers run. "
        "Memory of the driver: before scoring, at the first part, peak, at the last part, and "
        "growth from the first part to the last"
    )


@contextlib.contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    """The folder given, or a temporary one."""
    if keep is not None:
        yield keep
        return
    with tempfile.TemporaryDirectory(prefix="raysal-bench-") as folder:
        yield Path(folder)


def _print(done: list[tuple[Scale, float]], size: str) -> None:
    title = f"images of {size}"
    speed = Table(
        "images",
        "nodes",
        "workers",
        "s",
        "start s",
        "images/s",
        "of forward",
        "overhead ms",
        title=f"{title}: speed",
    )
    memory = Table(
        "images",
        "nodes",
        "before",
        "first",
        "peak",
        "last",
        "growth",
        "worker",
        title=f"{title}: memory in MiB of the driver, and peak of a worker",
    )
    moved = Table(
        "images", "nodes", "object store", "blocks", title=f"{title}: bytes per image through Ray"
    )
    for s, forward in done:
        which = (str(s.images), str(s.nodes))
        speed.add_row(
            *which,
            str(s.rates.workers),
            f"{s.wall_s:.1f}",
            f"{s.rates.start_s:.1f}",
            f"{s.rates.steady:.1f}",
            f"{s.rates.steady / forward:.2f}",
            f"{s.overhead_ms(forward):.2f}",
        )
        d = s.driver
        memory.add_row(
            *which,
            f"{d.before:.0f}",
            f"{d.first:.0f}",
            f"{d.peak:.0f}",
            f"{d.last:.0f}",
            f"{d.growth:+.1%}",
            f"{s.worker_mib:.0f}",
        )
        moved.add_row(*which, f"{s.store_bytes:.0f}", f"{s.block_bytes:.0f}")
    for table in (speed, memory, moved):
        console.print(table)
