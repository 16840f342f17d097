"""The `raysal` command."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType
from typing import Annotated

import typer

import raysal
from raysal.cli import (
    annotate,
    answer,
    ask,
    compare,
    evaluate,
    model,
    pool,
    predict,
    report,
    review,
    run,
    score,
    select,
    show,
    status,
    strategies,
    sweep,
)
from raysal.cli.bench.app import app as bench
from raysal.cli.terminal import SafeConsole
from raysal.errors import RaysalError, one_line
from raysal.openmp import wait_briefly

USER_ERROR = 2
DEBUG = "--debug"
MAIN_PROCESS = os.getpid()

wait_briefly()  # Before torch is imported.

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
app.command("status")(status.status)
app.command("ask")(ask.ask)
app.command("annotate")(annotate.annotate)
app.command("answer")(answer.answer)
app.command("score")(score.score)
app.command("predict")(predict.predict)
app.command("evaluate")(evaluate.evaluate)
app.command("select")(select.select)
app.command("sweep")(sweep.sweep)
app.command("strategies")(strategies.strategies)
app.command("report")(report.report)
app.command("compare")(compare.compare)
app.command("show")(show.show)
app.command("review")(review.review)
app.add_typer(pool.app, name="pool")
app.add_typer(model.app, name="model")
app.add_typer(bench, name="bench")


def _terminated(number: int, frame: FrameType | None) -> None:
    """As Ctrl-C: batch systems end a job this way, and it can be resumed."""
    if os.getpid() != MAIN_PROCESS:  # A forked worker ends at once, as it would without raysal.
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    raise KeyboardInterrupt


def main() -> None:
    """Run a command; an error that the user can correct is one line on stderr, with status 2."""
    arguments = sys.argv[1:]
    debug = DEBUG in arguments
    if debug:  # It is an option of `raysal`, but may also follow the command.
        arguments = [DEBUG, *(argument for argument in arguments if argument != DEBUG)]
    before = signal.signal(signal.SIGTERM, _terminated)
    try:
        app(args=arguments)
    except (RaysalError, OSError) as error:
        if debug:
            raise
        SafeConsole(stderr=True).print(f"raysal: {one_line(error)}")
        sys.exit(USER_ERROR)
    finally:
        signal.signal(signal.SIGTERM, before)


if __name__ == "__main__":
    main()
