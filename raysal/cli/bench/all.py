"""`raysal bench all`."""

from __future__ import annotations

from raysal.cli.bench.options import EngineName, JsonFile
from raysal.cli.bench.present import present_all
from raysal.engine.registry import DEFAULT


def all_benches(engine: EngineName = DEFAULT, json: JsonFile = None) -> None:
    """All that need nothing but this machine, one after the other, at small sizes.

    Without annotate and clicks, which need a browser and a run, and scale, which takes longer. One
    that fails is named, and the others run; the exit status is then 1. `--engine local` does
    without Ray.
    """
    from raysal.bench.whole import run_all

    present_all(lambda watch: run_all(engine, watch), json)
