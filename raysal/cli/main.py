"""The `raysal` command."""

from __future__ import annotations

import os
import sys

# Read by OpenMP when torch is imported: threads that spin starve each other on shared cores.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from typing import Annotated

import typer
from rich.console import Console

import raysal
from raysal.cli import pool, report, run, score, select, strategies, sweep
from raysal.cli.bench.app import app as bench
from raysal.errors import RaysalError, one_line

USER_ERROR = 2

app = typer.Typer(
    name="raysal",
    help="Active learning for semantic segmentation that scales out on Ray.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(raysal.__version__)
        raise typer.Exit


@app.callback()
def version(
    show: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Active learning for semantic segmentation that scales out on Ray."""


app.command("run")(run.run)
app.command("score")(score.score)
app.command("select")(select.select)
app.command("sweep")(sweep.sweep)
app.command("strategies")(strategies.strategies)
app.command("report")(report.report)
app.add_typer(pool.app, name="pool")
app.add_typer(bench, name="bench")


def main() -> None:
    """Run a command; what a user can mend ends with one line and status 2."""
    debug = "--debug" in sys.argv
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    try:
        app(args=arguments)
    except (RaysalError, OSError) as error:
        if debug:
            raise
        console = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)
        console.print(f"raysal: {one_line(error)}")
        sys.exit(USER_ERROR)


if __name__ == "__main__":
    main()
