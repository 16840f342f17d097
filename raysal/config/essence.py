"""Which settings decide what is computed."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

# Where a run lies, where its data lies, how widely the work is spread, what is tolerated.
INESSENTIAL = frozenset(
    {
        "name",
        "output",
        "engine",
        "data.root",
        "data.images",
        "data.masks",
        "data.max_bad_share",
        "train.cache_gib",
        "train.loader_workers",
    }
)


def essence(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """The settings of an experiment that decide what is computed, by dotted key."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        name = prefix + key
        if name in INESSENTIAL:
            continue
        if isinstance(value, Mapping):
            flat |= essence(value, f"{name}.")
        else:
            flat[name] = value
    return flat


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """`was a: 1; now a: 2` for what two flat sets of settings do not have in common."""
    old, new = ([f"{key}: {value}" for key, value in sorted(v.items())] for v in (before, after))
    changed = [
        line for line in difflib.unified_diff(old, new, lineterm="", n=0)
        if line[0] in "+-" and not line.startswith(("+++", "---"))
    ]  # fmt: skip
    return "; ".join(f"{'was' if line[0] == '-' else 'now'} {line[1:]}" for line in changed)
