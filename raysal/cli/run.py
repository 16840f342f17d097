"""`raysal run`."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from raysal.cli.report import announce
from raysal.cli.terminal import Terminal, console, from_here
from raysal.errors import ConfigError

if TYPE_CHECKING:
    from raysal.experiment.annotators import Patience
    from raysal.experiment.config import ExperimentConfig

Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", help="Change a setting: --set key.subkey=value (repeatable)."),
]
DrawReport = Annotated[
    bool, typer.Option("--report/--no-report", help="Draw the report at the end.")
]


def run(
    config: Annotated[Path, typer.Argument(help="YAML file of the experiment.")],
    overrides: Overrides = None,
    draw_report: DrawReport = True,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait for people's answers instead of ending.")
    ] = False,
    take: Annotated[
        bool,
        typer.Option(
            "--with-what-is-there",
            help="Go on with the images that people have labelled; give the others back, also "
            "those that wait for review.",
        ),
    ] = False,
    unreviewed: Annotated[
        bool,
        typer.Option(
            "--unreviewed",
            help="With --with-what-is-there: also go on with the images that wait for review.",
        ),
    ] = False,
) -> None:
    """Run all rounds of an experiment. To resume, run it again."""
    if wait and take:
        raise ConfigError("give either --wait or --with-what-is-there, not both")
    if unreviewed and not take:
        raise ConfigError("--unreviewed says what --with-what-is-there takes; give both")
    from raysal.experiment.config import load_experiment

    experiment = load_experiment(config, overrides or [])
    console.print(_headline(experiment))

    from raysal.experiment.check import check_files

    check_files([experiment])  # Missing files are reported before torch is imported.
    if draw_report and (experiment.folder / "report").exists():
        from raysal.report.out_folder import check_out

        check_out(experiment.folder / "report")

    from raysal.engine.build import build_engine
    from raysal.experiment.layout import RunLayout
    from raysal.experiment.pending import how_to_answer
    from raysal.experiment.run import run_experiment

    with Terminal() as watch:
        outcome = run_experiment(
            experiment,
            lambda: build_engine(experiment.engine),
            watch,
            _patience(wait, take, unreviewed),
        )
    layout = RunLayout(from_here(outcome.layout.root))
    if draw_report and (outcome.records or layout.round_in_progress() is not None):
        from raysal.report.build import build_report

        announce(build_report([layout.root], layout.report))
    if outcome.waits_for:
        for line in how_to_answer(layout.root, outcome.waits_for):
            console.print(line)
        console.print(f"  then go on:        {_again(config, overrides or [])}")
    else:
        console.print(f"done: {layout.root}")


def _patience(wait: bool, take: bool, unreviewed: bool) -> Patience:
    if take:
        return "take unreviewed" if unreviewed else "take"
    return "wait" if wait else "end"


def _again(config: Path, overrides: Sequence[str]) -> str:
    """The command with the same settings, to be pasted into a shell."""
    return shlex.join(
        ["raysal", "run", str(config), *(word for each in overrides for word in ("--set", each))]
    )


def _headline(experiment: ExperimentConfig) -> str:
    al = experiment.al
    per_query = al.budget if al.budget_unit == "images" else f"{al.budget} {al.budget_unit}"
    rounds = f"{'at most ' if al.stop is not None else ''}{al.rounds} rounds"
    chosen = "" if al.start == "random" else f" ({al.start})"
    return (
        f"{experiment.name}: {experiment.data.name}, {experiment.strategy_label}, "
        f"{rounds}, {al.initial} initial images{chosen} and {per_query} more per query, "
        f"seed {experiment.seed} -> {from_here(experiment.folder)}"
    )
