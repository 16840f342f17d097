"""A table and its CSV text."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

from raysal.data import text

Cell = str | int | float | None


@dataclass(frozen=True)
class Table:
    """Column names, and rows with one cell per column; None is an empty cell."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def csv(self) -> str:
        """CSV with a header; fractions have six decimal places."""
        file = io.StringIO()
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([_cell(name) for name in self.columns])
        for row in self.rows:
            assert len(row) == len(self.columns), row
            writer.writerow([_cell(cell) for cell in row])
        return file.getvalue()


def _cell(cell: Cell) -> str | int:
    if cell is None:
        return ""
    if isinstance(cell, float):
        # Sums of fractions of images differ from whole numbers by rounding errors.
        return round(cell) if round(cell, 6).is_integer() else f"{cell:.6f}"
    return text.cell(cell) if isinstance(cell, str) else cell
