"""The `raysal` command."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer
from rich.console import Console

import raysal
from raysal.cli import pool, report, run, score, select, strategies, sweep
from raysal.cli.bench.app import app as bench
from raysal.errors import RaysalError, one_line

USER_ERROR = 2
DEBUG = "--debug"

# OpenMP reads this when torch is imported. By default, waiting threads spin and take cores away
# from each other.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

app = typer.Typer(name="raysal", no_args_is_help=True, pretty_exceptions_enable=False)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(raysal.__version__)
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
    debug: Annotated[
        bool, typer.Option(DEBUG, help="Print the traceback of an error, not only its message.")
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
    """Run a command; an error that the user can correct is one line on stderr, with status 2."""
    arguments = sys.argv[1:]
    debug = DEBUG in arguments
    if debug:  # It is an option of `raysal`, but may also follow the command.
        arguments = [DEBUG, *(argument for argument in arguments if argument != DEBUG)]
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
