"""`raysal compare`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Column, Table

from raysal.cli.terminal import console
from raysal.report.compare.by import CompareBy
from raysal.report.cost_unit import CostUnit

if TYPE_CHECKING:
    from raysal.report.compare.comparison import Comparison

SENTENCES_AT_MOST = 15


def compare(
    runs: Annotated[list[Path], typer.Argument(help="Runs, folders of runs, and sweeps.")],
    out: Annotated[Path, typer.Option(help="Folder to write to.")] = Path("compare"),
    x: Annotated[
        CostUnit, typer.Option("--x", help="Cost of labels over which curves are compared.")
    ] = CostUnit.images,
    by: Annotated[
        CompareBy,
        typer.Option(help="Compare areas under the curves, or mIoU at the largest common cost."),
    ] = CompareBy.auc,
    against: Annotated[
        str | None,
        typer.Option(
            help="Strategy (its name in the report, or that of one of its runs): how many of its "
            "labels the others need to be as good; by default Random."
        ),
    ] = None,
    qbc: Annotated[
        bool,
        typer.Option("--qbc", help="Show QBC by the better of two measures, as DEAL does."),
    ] = False,
) -> None:
    """Say which strategies are shown to be better, over runs with the same seeds."""
    from raysal.config.settings import kept
    from raysal.report.runs.measured import check_there

    check_there(runs)  # Before what draws is imported.
    from raysal.report.compare.build import build_comparison

    made = build_comparison(runs, kept(out), unit=x, by=by, against=against, qbc=qbc)
    for note in made.notes:
        console.print(note)
    announce(made.comparison)
    console.print(f"comparison: {made.page}")


def announce(found: Comparison) -> None:
    """Print the tables, the sentences and the notes of a comparison."""
    from raysal.report.compare.section import BY, needed

    # A name that was cut off could be that of another.
    strategy = Column("strategy", overflow="fold")
    heads = ["runs", f"{BY[found.matched.by]} [%]", "std"]
    if found.rival is not None:
        heads.append(f"labels needed to equal {found.rival} [%]")
    table = Table(strategy, *heads)
    for place, label in enumerate(found.labels):
        s = found.spread(place)
        mean = "-" if s is None else f"{s.mean:.2f}"
        std = "-" if s is None or s.std is None else f"{s.std:.2f}"
        shares = [needed(found.efficiencies[place])] if found.rival is not None else []
        table.add_row(label, str(found.runs[place]), mean, std, *shares)
    console.print(table)
    judged = any(pair.tested for pair in found.pairs)
    console.print(_pairs(found, judged))
    for sentence in found.sentences[: SENTENCES_AT_MOST if judged else 0]:
        console.print(sentence)
    if judged and len(found.sentences) > SENTENCES_AT_MOST:
        console.print(f"... and {len(found.sentences) - SENTENCES_AT_MOST} more, on the page")
    for note in found.notes:
        console.print(note)
    console.print(found.summary)


def _pairs(found: Comparison, judged: bool) -> Table:
    """The differences between pairs, and the verdicts on them if any has one."""
    from raysal.report.compare.tables import verdict
    from raysal.report.compare.words import interval, p
    from raysal.report.draw.format import signed

    first, second = (Column(which, overflow="fold") for which in ("first", "second"))
    verdicts = ("95 % interval", "p (Holm)", "verdict") if judged else ()
    table = Table(first, second, "seeds", "difference", *verdicts)
    for pair in found.pairs:
        cells = [
            interval(pair.low, pair.high) if pair.tested else "-",
            p(pair.p_holm).removeprefix("p = ").removeprefix("p ") if pair.tested else "-",
            verdict(found, pair.first, pair.second),
        ]
        table.add_row(
            found.labels[pair.first],
            found.labels[pair.second],
            str(pair.n),
            "-" if pair.mean is None else signed(pair.mean),
            *(cells if judged else ()),
        )
    return table
