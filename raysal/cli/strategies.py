"""`raysal strategies`."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Annotated, Literal, get_args, get_origin

import typer
from rich.table import Table

from raysal.cli.terminal import console

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from raysal.acquisition.base import Strategy

COLUMNS = (
    "acquisition.name",
    "what is labelled first",
    "reads",
    "forward passes per image",
    "settings",
    "source",
)
# The columns that fit side by side on a terminal: name, reads, passes, source.
BRIEF = (0, 2, 3, 5)
# Settings that every strategy has are explained once, below the table.
COMMON = {"name", "stochastic", "balance"}


def strategies(
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print all columns, as Markdown.")
    ] = False,
) -> None:
    """List all strategies: what each reads, what it costs, and where it comes from."""
    if markdown:
        typer.echo(as_markdown())
        return
    table = Table(*(COLUMNS[index] for index in BRIEF))
    for row in rows():
        table.add_row(*(row[index] for index in BRIEF))
    console.print(table)
    for name, what, *_, settings, _ in rows():
        takes = "" if settings == "-" else f" ({settings})"
        console.print(f"{name}: {what}{takes}", soft_wrap=True)
    console.print(
        "Strategies that score images accept acquisition.stochastic (noise on the score); those "
        "that average a map accept acquisition.balance (a class-balanced mean)."
    )


def as_markdown() -> str:
    """The table in Markdown, with names as code."""
    head = [f"`{COLUMNS[0]}`", *COLUMNS[1:]]
    lines = [head, ["---"] * len(COLUMNS)]
    lines += [[f"`{row[0]}`", *row[1:]] for row in rows()]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def rows() -> list[tuple[str, ...]]:
    """One row of `COLUMNS` per strategy, read from its class."""
    from raysal.acquisition.registry import STRATEGIES

    return [_row(kind.model_validate({})) for kind in STRATEGIES]


def _row(strategy: Strategy) -> tuple[str, ...]:
    fields = type(strategy).model_fields
    doc = inspect.getdoc(type(strategy)) or ""
    return (
        strategy.name,
        " ".join(doc.split("\n\n")[0].split()),
        ", ".join(sorted(strategy.needs.names)) or "-",
        strategy.needs.cost,
        "; ".join(_setting(n, field) for n, field in fields.items() if n not in COMMON) or "-",
        type(strategy).source,
    )


def _setting(name: str, field: FieldInfo) -> str:
    """A setting with its choices, default first; with its fields; or with its default."""
    from raysal.config.settings import Frozen

    if isinstance(field.annotation, type) and issubclass(field.annotation, Frozen):
        return f"{name}: {', '.join(field.annotation.model_fields)}"
    if get_origin(field.annotation) is not Literal:
        return f"{name} = {field.default}"
    words = sorted(get_args(field.annotation), key=lambda word: word != field.default)
    return f"{name}: {', '.join(words)}"
