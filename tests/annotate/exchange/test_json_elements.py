"""Large JSON files, read element by element, compared with the standard library."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raysal.annotate.exchange import json_elements
from raysal.annotate.exchange.json_elements import JsonElements
from raysal.errors import DataError

LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)
CONTAINERS = st.lists(VALUES, max_size=2) | st.dictionaries(st.text(max_size=3), VALUES)


def elements(data: bytes) -> list[tuple[str, Any]]:
    found = JsonElements(io.BytesIO(data), "x.json")
    return [(key, found.load(span)) for key, span in found]


@given(st.lists(LEAVES | CONTAINERS, max_size=5), st.booleans(), st.sampled_from([5, 1 << 20]))
def test_an_array(value: list[Any], ascii_only: bool, chunk: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_elements, "CHUNK_BYTES", chunk)
        found = elements(json.dumps(value, ensure_ascii=ascii_only, indent=1).encode())
    assert found == [("", each) for each in value if isinstance(each, list | dict)]


@given(
    st.dictionaries(st.text(min_size=1, max_size=3), LEAVES | CONTAINERS, min_size=1, max_size=5),
    st.sampled_from([5, 1 << 20]),
)
def test_arrays_of_an_object(value: dict[str, Any], chunk: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_elements, "CHUNK_BYTES", chunk)
        found = elements(json.dumps(value).encode())
    assert found == [
        (key, each)
        for key, array in value.items()
        if isinstance(array, list)
        for each in array
        if isinstance(each, list | dict)
    ]


@pytest.mark.parametrize(
    "text",
    [
        '[{"a": 1}',
        '[{"a": "b',
        '{"images": [{"a": [1, 2}',
        '[{"a": 1}]]',
        '[{"a": 1,}]',
        '[{"a": }]',
        "",
        "hello",
        '["\\',
        "[" + "[" * 100_000 + "]" * 100_001,
    ],
)
def test_damage_is_said(text: str) -> None:
    with pytest.raises(DataError, match=r"x\.json is truncated or damaged"):
        elements(text.encode())
