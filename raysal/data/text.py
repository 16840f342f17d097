"""Texts of strangers: ids, paths, names and notes that came in files."""

from __future__ import annotations

import re

# C0 and C1 control characters but for line feed and tab, halves of surrogate pairs (names of files
# that are not UTF-8), and marks that turn the direction of a text.
HARMFUL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
# Spreadsheets run a text that begins so; an apostrophe before it makes it a text to them.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def printable(text: str) -> str:
    """The text with escapes instead of characters that a terminal would obey, and those that no
    file can hold."""
    return HARMFUL.sub(lambda found: ascii(found.group())[1:-1], text)


def on_one_line(text: str, most: int | None = None) -> str:
    """The text printable and on one line, with single spaces.

    Args:
        most: number of characters that are kept.
    """
    line = printable(" ".join(text.split()))
    return line if most is None or len(line) <= most else line[: most - 1] + "…"


def cell(text: str) -> str:
    """The text for a CSV file, such that no spreadsheet runs it."""
    return f"'{text}" if text.startswith(FORMULA) else text
