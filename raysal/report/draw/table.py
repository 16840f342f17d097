"""A table and its CSV text."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

# Spreadsheets run a text that begins so; an apostrophe before it makes it a text to them.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

Cell = str | int | float | None


@dataclass(frozen=True)
class Table:
    """Column names, and rows with one cell per column; None is an empty cell."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def csv(self) -> str:
        """CSV with a header; fractions have six decimal places."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([_cell(name) for name in self.columns])
        for row in self.rows:
            assert len(row) == len(self.columns), row
            writer.writerow([_cell(cell) for cell in row])
        return text.getvalue()


def _cell(cell: Cell) -> str | int:
    if cell is None:
        return ""
    if isinstance(cell, float):
        # Sums of fractions of images differ from whole numbers by rounding errors.
        return round(cell) if round(cell, 6).is_integer() else f"{cell:.6f}"
    if isinstance(cell, str) and cell.startswith(FORMULA):
        return f"'{cell}"
    return cell
