"""The worked cases of `worked_cases.json`: inputs, expected values and a tolerance each."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

FILE = Path(__file__).with_name("worked_cases.json")


@dataclass(frozen=True)
class Case:
    """One worked case; `expected` may be nested, with None for what is undefined."""

    id: str
    group: str
    inputs: dict[str, Any]
    expected: dict[str, Any]
    tol: float

    def check(self, actual: Mapping[str, Any], expected: Mapping[str, Any] | None = None) -> None:
        """`actual` has the keys and, within the tolerance, the numbers of `expected`."""
        self._compare(actual, self.expected if expected is None else expected, self.id)

    def _compare(self, actual: Any, expected: Any, where: str) -> None:
        if isinstance(expected, Mapping):
            assert actual.keys() == expected.keys(), where
            for key in expected:
                self._compare(actual[key], expected[key], f"{where}.{key}")
        elif isinstance(expected, Sequence):
            assert len(actual) == len(expected), where
            for index, part in enumerate(expected):
                self._compare(actual[index], part, f"{where}[{index}]")
        elif expected is None:
            assert actual is None, where
        else:
            value = float(torch.as_tensor(actual).detach())
            assert abs(value - expected) <= self.tol, (where, value, expected)


def all_cases() -> list[Case]:
    """Every case of the file, in its order."""
    cases = json.loads(FILE.read_text())["cases"]
    return [Case(c["id"], c["group"], c["inputs"], c["expected"], c["tol"]) for c in cases]
