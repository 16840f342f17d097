"""`raysal answer`."""

from __future__ import annotations

import csv
import getpass
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from raysal.cli.terminal import Terminal, console
from raysal.data.text import cell, on_one_line
from raysal.errors import ConfigError, DataError, RaysalError, RunError, one_line
from raysal.storage.atomic import write_bytes

if TYPE_CHECKING:
    from raysal.annotate.match import Result, Row

ROWS_SHOWN = 20


def answer(
    run: Annotated[Path, typer.Argument(help="Folder of a run, such as runs/<name>.")],
    source: Annotated[
        Path, typer.Argument(help="File, ZIP or folder that a labelling program has exported.")
    ],
    kind: Annotated[
        str | None,
        typer.Option("--as", help="png, coco, cvat or label-studio; found out by default."),
    ] = None,
    unlabelled: Annotated[
        str, typer.Option(help="Class of pixels on which nothing is drawn, or ignore.")
    ] = "ignore",
    also_empty: Annotated[
        bool,
        typer.Option("--also-empty", help="Take images on which nothing is drawn, too."),
    ] = False,
    by_colour: Annotated[
        bool | None,
        typer.Option("--colours/--ids", help="What counts in masks; found out by default."),
    ] = None,
    annotator: Annotated[
        str | None, typer.Option(help="Who has labelled, if the files do not say it better.")
    ] = None,
    table: Annotated[
        Path | None, typer.Option(help="CSV file for the whole table; the terminal shows less.")
    ] = None,
) -> None:
    """Take labels from CVAT, Label Studio, COCO or PNG files. May be repeated."""
    from raysal.annotate.asked import is_answered
    from raysal.annotate.exchange.registry import format_named
    from raysal.annotate.of_run import asked_of
    from raysal.annotate.take import Options, take_answers

    chosen = None if kind is None else format_named(kind)
    if table is not None:
        _check_new(table)
    asked = asked_of(run)
    options = Options(
        unlabelled=None if unlabelled in ("ignore", "") else unlabelled,
        also_empty=also_empty,
        by_colour=by_colour,
        annotator=annotator,
        otherwise=_user(),
    )
    counts: Counter[Result] = Counter()
    shown: dict[Result, list[Row]] = {}
    lines = _Lines()
    try:
        with Terminal() as watch:
            for row in take_answers(asked, source, options, watch, chosen):
                counts[row.result] += 1
                some = shown.setdefault(row.result, [])
                if len(some) < ROWS_SHOWN and (row.remark or counts.total() <= ROWS_SHOWN):
                    some.append(row)
                if table is not None:
                    lines.add(row)
    except (RaysalError, OSError):
        if counts["taken"]:
            _print(shown, counts, None)
        raise
    _print(shown, counts, table)
    if table is not None:
        lines.write(table)
    if not counts["taken"] + counts["unchanged"]:
        raise _nothing_taken(source, shown, counts)
    left = sum(not is_answered(asked, image) for image in asked.images)
    done = "" if left else "; `raysal run` goes on"
    console.print(f"{left} of {len(asked.images)} images are still to be labelled{done}")


def _print(
    shown: Mapping[Result, Sequence[Row]], counts: Mapping[Result, int], file: Path | None
) -> None:
    """What was not taken first."""
    table = Table("image", "result", "remark")
    rows = [row for result in ("not taken", "taken", "unchanged") for row in shown.get(result, ())]
    for row in rows[:ROWS_SHOWN]:
        table.add_row(on_one_line(row.image), row.result, on_one_line(row.remark))
    if rows:
        console.print(table)
    total = sum(counts.values())
    if total > len(rows[:ROWS_SHOWN]) and file is None:
        console.print(f"{total} rows in all; --table FILE.csv writes them to a file")
    console.print(", ".join(f"{n} {result}" for result, n in counts.items()) or "no annotations")


def _nothing_taken(
    source: Path, shown: Mapping[Result, Sequence[Row]], counts: Mapping[Result, int]
) -> DataError:
    if not counts:
        return DataError(f"nothing was taken from {source}: it holds no annotations")
    first, refused = shown["not taken"][0], counts["not taken"]
    what = (
        "1 annotation was refused; it"
        if refused == 1
        else f"{refused} annotations were refused; the first"
    )
    return DataError(f"nothing was taken from {source}: {what}, '{first.image}': {first.remark}")


class _Lines:
    """The whole table as CSV. It is written at the end: then it is never half a table, and a full
    disk does not keep answers from being taken."""

    def __init__(self) -> None:
        self._text = io.StringIO()
        self._rows = csv.writer(self._text)
        self._rows.writerow(["image", "result", "remark", "where"])

    def add(self, row: Row) -> None:
        """Add what became of an annotation."""
        texts = (row.image, row.result, row.remark, row.where)
        self._rows.writerow([cell(on_one_line(text)) for text in texts])

    def write(self, table: Path) -> None:
        """Write the file.

        Raises:
            RunError: no space, no permission.
        """
        try:  # With a byte order mark, without which Excel misreads names.
            write_bytes(table, self._text.getvalue().encode("utf-8-sig"))
        except OSError as error:
            raise RunError(
                f"--table {table} cannot be written: {one_line(error)}; the answers are stored"
            ) from error


def _check_new(table: Path) -> None:
    if table.exists():
        raise ConfigError(f"--table {table}: the file exists; choose another name")
    if not table.parent.is_dir():
        raise ConfigError(f"--table {table}: there is no folder {table.parent}; make it")


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # No such user, as in containers.
        return "unknown"
