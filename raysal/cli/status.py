"""`raysal status`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from raysal.cli.terminal import console
from raysal.errors import RunError


def status(
    run: Annotated[Path, typer.Argument(help="Folder of a run, such as runs/<name>.")],
    repair: Annotated[
        bool,
        typer.Option(
            "--repair", help="Remove damaged stages and all that came of them; then run again."
        ),
    ] = False,
) -> None:
    """Print where a run is, and what is missing or damaged in it."""
    from raysal.experiment.status import read_status, repair_plan
    from raysal.experiment.status import repair as remove
    from raysal.sweep.variants import variants_of

    found = read_status(run)
    (variant,) = variants_of([run])
    if variant is not None:
        console.print(f"variant {variant.name} of the sweep {variant.sweep.name}")
    for line in found.lines:
        console.print(line)
    for problem in found.problems:
        console.print(problem.line.replace("status RUN", f"status {run}"))
    if not found.problems:
        console.print("nothing is damaged")
    elif repair:
        stages = repair_plan(run)
        for stage in stages:
            console.print(f"removing {stage}")
        remove(run, stages)
        console.print(f"repaired: {run}; run it again with `raysal run`")
    else:
        raise RunError(
            f"{len(found.problems)} stage(s) of {run} are damaged or missing; "
            f"'raysal status {run} --repair' removes them, so that they are computed again"
        )
