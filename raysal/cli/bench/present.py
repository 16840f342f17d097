"""Printing what a benchmark measures, and where."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.table import Table

from raysal.cli.terminal import Terminal, console, duration
from raysal.errors import ConfigError

if TYPE_CHECKING:
    from raysal.bench.document import Ran
    from raysal.bench.result import Figure, Result
    from raysal.progress import Watch


def present(bench: Callable[[Watch], Result], json: Path | None) -> None:
    """Run one benchmark and print it; with `json`, write it.

    Raises:
        typer.Exit: with status 1, if its figures mean nothing.
    """
    from raysal.bench.document import Ran
    from raysal.bench.machine import load

    def run(watch: Watch) -> Iterable[Ran]:
        before, start = load(), time.perf_counter()
        result = bench(watch)
        yield Ran(result.name, result, "", time.perf_counter() - start, (before, load()))

    present_all(run, json)


def present_all(benches: Callable[[Watch], Iterable[Ran]], json: Path | None) -> None:
    """Run benchmarks and print each when it has ended; `json` always holds those that have.

    Raises:
        ConfigError: `json` cannot be written.
        typer.Exit: with status 1, if one of them failed.
    """
    from raysal.bench.document import write_document
    from raysal.bench.machine import Machine

    if json is not None and not json.absolute().parent.is_dir():
        raise ConfigError(f"--json {json}: there is no folder {json.absolute().parent}")
    machine = Machine.here()
    for line in machine.lines():
        console.print(line)
    ended: list[Ran] = []
    with Terminal() as watch:
        for ran in benches(watch):
            ended.append(ran)
            _print(ran)
            if json is not None:
                write_document(json, machine, ended)
    if not all(ran.good for ran in ended):
        raise typer.Exit(1)


def _print(ran: Ran) -> None:
    if ran.result is None:
        console.print(f"\n{ran.name} failed: {ran.error}")
        return
    result = ran.result
    settings = ", ".join(f"{key} {value}" for key, value in result.settings.items())
    console.print(f"\nraysal bench {result.name}: {settings}")
    table = by_case(result.figures) if any(f.of for f in result.figures) else rows(result.figures)
    # A file has no width, and a terminal folds what is too long.
    wide = max(console.width, 160) if not console.is_terminal else console.width
    console.print(table, width=wide)
    for note in result.notes:
        console.print(note)
    before, after = ran.load
    console.print(f"{duration(ran.seconds)}; load {before:.1f} before and {after:.1f} after")
    if result.wrong:
        console.print(f"WRONG: {result.wrong}")


def rows(figures: Sequence[Figure]) -> Table:
    """A row for each figure, and a column for all that some of them have."""
    columns: dict[str, list[str]] = {
        "": [figure.what for figure in figures],
        "median": [f"{number(figure.value)} {figure.unit}".strip() for figure in figures],
        "range": [_spread(figure) for figure in figures],
        "ratio": [_ratio(figure) for figure in figures],
        "target": [_target(figure) for figure in figures],
    }
    there = {name: cells for name, cells in columns.items() if any(cells)}
    table = Table(*there)
    for cells in zip(*there.values(), strict=True):
        table.add_row(*cells)
    return table


def by_case(figures: Sequence[Figure]) -> Table:
    """Cases and figures as rows and columns; of which there are less, as columns."""
    cases = list(dict.fromkeys(figure.of for figure in figures))
    names = list(dict.fromkeys(_named(figure) for figure in figures))
    cells = {(figure.of, _named(figure)): _cell(figure) for figure in figures}
    if len(names) <= len(cases):
        table = Table("", *names)
        for case in cases:
            table.add_row(case, *(cells.get((case, name), "") for name in names))
    else:
        table = Table("", *cases)
        for name in names:
            table.add_row(name, *(cells.get((case, name), "") for case in cases))
    return table


def number(value: float) -> str:
    """Three digits, or all of a whole number."""
    if not math.isfinite(value):
        return "-"
    if value == int(value) or abs(value) >= 100:
        return f"{value:.0f}"
    if abs(value) >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if abs(value) >= 1 else f"{value:.3g}"


def _named(figure: Figure) -> str:
    return f"{figure.what}, {figure.unit}" if figure.unit else figure.what


def _cell(figure: Figure) -> str:
    more = [_ratio(figure), _target(figure)]
    told = ", ".join(each for each in more if each)
    return f"{number(figure.value)} ({told})" if told else number(figure.value)


def _ratio(figure: Figure) -> str:
    if figure.ratio is None or math.isnan(figure.ratio):
        return ""
    return f"{figure.ratio:.2f} of {figure.to}"


def _spread(figure: Figure) -> str:
    if figure.spread is None or figure.spread[0] == figure.spread[1] or math.isnan(figure.value):
        return ""
    return " to ".join(number(value) for value in figure.spread)


def _target(figure: Figure) -> str:
    if figure.at_most is None and figure.at_least is None:
        return ""
    bounds = []
    if figure.at_least is not None:
        bounds.append(f"at least {number(figure.at_least)}")
    if figure.at_most is not None:
        bounds.append(f"at most {number(figure.at_most)}")
    told = {True: "met", False: "MISSED", None: "not measured"}[figure.met]
    return f"{' and '.join(bounds)}: {told}"
