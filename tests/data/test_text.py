"""Texts of strangers: on one line, and nothing that a terminal or a spreadsheet obeys."""

from __future__ import annotations

import pytest

from raysal.data.text import cell, on_one_line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Ann \n\r\n\tB ", "Ann B"),
        ("\x1b[31mred\x1b]0;title\x07", "\\x1b[31mred\\x1b]0;title\\x07"),
        ("\ud800\u202e@x.org\x00", "\\ud800\\u202e@x.org\\x00"),
        ("天空 é", "天空 é"),
        ("12345678", "12345678"),
        ("123456789", "1234567…"),
    ],
)
def test_on_one_line(text: str, line: str) -> None:
    most = 8 if text.isdigit() else None
    assert on_one_line(text, most) == line
    assert on_one_line(line, most) == line
    line.encode()


@pytest.mark.parametrize("text", ["=1+1", "+1", "-x", "@SUM(A1)", "\tx", "＝1"])
def test_no_formula(text: str) -> None:
    assert cell(text) == f"'{text}"
    assert cell(f"a{text}") == f"a{text}"
    assert cell("") == ""
