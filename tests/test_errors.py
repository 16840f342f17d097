"""What messages suggest."""

import pytest

from raysal.errors import did_you_mean


@pytest.mark.parametrize(
    ("word", "known", "said"),
    [
        ("entrpy", ["entropy", "margin"], "; did you mean 'entropy'?"),
        ("x", ["b", "a", "b"], "; known: a, b"),
        ("x", [], ""),
        ("x", map(str, range(701)), "; known: 0, 1, 10, 100, 101, ... (701 in all)"),
    ],
)  # fmt: skip
def test_did_you_mean(word, known, said):
    assert did_you_mean(word, known) == said
