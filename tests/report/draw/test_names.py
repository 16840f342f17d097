"""File names and numbers in text."""

import re

import pytest

from raysal.report.draw import format as text
from raysal.report.draw.names import safe_name


def test_a_plain_name_stays():
    assert safe_name("0001TP_006840.png") == "0001TP_006840.png"


@pytest.mark.parametrize(
    "name", ["a/b", "../../etc/passwd", "a b", "", ".", "..", "ü" * 300, "a\0b"]
)
def test_any_name_becomes_one_path_component(name):
    safe = safe_name(name)
    assert re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,79}", safe)


def test_names_that_would_meet_do_not():
    names = ["a/b", "a_b", "a b", "a\\b"]
    assert len({safe_name(name) for name in names}) == len(names)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.04, "0.04 s"),
        (9.996, "10.0 s"),
        (59.96, "1 min 00 s"),
        (245, "4 min 05 s"),
        (3599.7, "1 h 00 min"),
        (7380, "2 h 03 min"),
        (None, "–"),
    ],
)
def test_durations(seconds, shown):
    assert text.duration(seconds) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(160, "160"), (42.5, "42.5"), (3456, "3,456"), (27_648_000, "27.6 M"), (None, "–")],
)
def test_counts(value, shown):
    assert text.count(value) == shown


@pytest.mark.parametrize(("value", "shown"), [(0.001, "< 0.01"), (0.0, "0.00"), (1.234, "1.23")])
def test_shares_of_rare_classes_do_not_read_zero(value, shown):
    assert text.share(value) == shown
