"""Class names that spreadsheets would run, and those that no font has the letters of."""

from __future__ import annotations

import warnings

import pytest
from matplotlib.figure import Figure

from raysal.report.draw.style import figure_style, png, svg, undrawable
from raysal.report.draw.table import Table


@pytest.mark.parametrize("name", ["=1+1", "+1", "-x", "@SUM(A1)", "\tx", "\r=x", "\n=x", "＝1+1"])
def test_no_formula_in_a_csv(name: str) -> None:
    assert f"'{name}" in Table((name,), (("a",),)).csv()
    assert f"'{name}" in Table(("class",), ((name,),)).csv()


def test_numbers_and_plain_names_stay() -> None:
    table = Table(("class", "n"), (("road", -0.5), ("a-b=c", -3), ("", None)))
    assert table.csv() == "class,n\nroad,-0.500000\na-b=c,-3\n,\n"


def test_letters_that_no_font_has_warn_of_nothing() -> None:
    unknown = "\U0001f9ec"
    assert undrawable(["road", unknown, "é", unknown]) == [unknown]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with figure_style():
            figure = Figure()
            figure.add_subplot().set_title(unknown)
            figure.canvas.draw()
        assert png(figure).startswith(b"\x89PNG")
        assert b"<svg" in svg(figure)
