"""`raysal run`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from raysal.cli.report import announce
from raysal.cli.show import Terminal, console
from raysal.engine.build import build_engine
from raysal.experiment.config import load_experiment
from raysal.experiment.run import run_experiment
from raysal.report import build_report

Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", help="Change a setting: --set key.subkey=value (may be repeated)."),
]


def run(
    config: Annotated[Path, typer.Argument(help="YAML file of the experiment.")],
    overrides: Overrides = None,
    draw_report: Annotated[
        bool, typer.Option("--report/--no-report", help="Draw the report at the end.")
    ] = True,
) -> None:
    """Run an experiment, all rounds; run it again to resume."""
    experiment = load_experiment(config, overrides or [])
    al = experiment.al
    more = al.budget if al.budget_unit == "images" else f"{al.budget} {al.budget_unit}"
    console.print(
        f"{experiment.name}: {experiment.data.name}, {experiment.strategy_label}, "
        f"{al.rounds} rounds, {al.initial} images at first and {more} more after each, "
        f"seed {experiment.seed} -> {experiment.folder}"
    )
    with Terminal() as watch:
        outcome = run_experiment(experiment, lambda: build_engine(experiment.engine), watch)
    if draw_report:
        announce(build_report([outcome.place.root], outcome.place.root / "report"))
    console.print(f"done: {outcome.place.root}")
