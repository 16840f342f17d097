"""`raysal strategies`."""

from __future__ import annotations

import inspect

from rich.table import Table

from raysal.acquisition.base import Strategy
from raysal.acquisition.registry import STRATEGIES
from raysal.cli.show import console

COLUMNS = ("acquisition.name", "what", "reads", "forward passes per image", "settings", "source")


def strategies() -> None:
    """List all strategies: what each reads, what it costs, and where it comes from."""
    table = Table(*COLUMNS)
    for row in rows():
        table.add_row(*row)
    console.print(table)
    console.print(
        "Any of them takes acquisition.stochastic (noise on the score); those that average a map "
        "take acquisition.balance (a class-balanced mean)."
    )


def rows() -> list[tuple[str, ...]]:
    """One per strategy, from the code."""
    return [_row(kind()) for kind in STRATEGIES]


def _row(strategy: Strategy) -> tuple[str, ...]:
    common = {"name", "stochastic", "balance"}
    settings = [name for name in type(strategy).model_fields if name not in common]
    doc = inspect.getdoc(type(strategy)) or ""
    return (
        strategy.name,
        " ".join(doc.split("\n\n")[0].split()),
        ", ".join(sorted(strategy.needs)) or "-",
        strategy.cost,
        ", ".join(settings) or "-",
        type(strategy).source,
    )
