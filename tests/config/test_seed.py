"""Seeds are functions of their names alone."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raysal import errors
from raysal.config.seed import derive_seed, keyed_hash, uniform

PARTS = st.lists(st.one_of(st.integers(0, 99), st.text(max_size=4)), max_size=3)


def test_the_same_on_every_machine() -> None:
    assert keyed_hash("lot", 0, 1, "a") == 11349515411092878885
    assert derive_seed("x") == keyed_hash("x") >> 1


@given(PARTS)
def test_in_range(parts: list[int | str]) -> None:
    assert 0 <= derive_seed(*parts) < 2**63
    assert 0 <= uniform(*parts) < 1


def test_parts_do_not_run_together() -> None:
    assert keyed_hash("a", "bc") != keyed_hash("ab", "c")
    assert keyed_hash(1, 23) != keyed_hash(12, 3)


@pytest.mark.parametrize(
    "kind", [k for k in vars(errors).values() if isinstance(k, type) and k is not errors.Iterable]
)
def test_errors_survive_pickling(kind: type[Exception]) -> None:
    error = pickle.loads(pickle.dumps(kind("what, where, what next")))
    assert type(error) is kind
    assert isinstance(error, errors.RaysalError)
    assert str(error) == "what, where, what next"
