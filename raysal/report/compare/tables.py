"""Tables of a comparison, and its JSON."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import Any

from raysal.report.compare.comparison import Comparison
from raysal.report.draw.table import Cell, Table


def pair_table(found: Comparison) -> Table:
    """One row per pair: first minus second, in points of mIoU."""
    columns = (
        "first", "second", "seeds", "difference", "std", "low", "high", "bootstrap_low",
        "bootstrap_high", "p", "p_holm", "p_wilcoxon", "verdict", "seeds_needed", "detectable",
    )  # fmt: skip
    rows = []
    for pair in found.pairs:
        low, high = pair.bootstrap or (None, None)
        numbers = (pair.mean, pair.std, pair.low, pair.high, low, high)
        tests = (pair.p, pair.p_holm, pair.p_wilcoxon)
        names = (found.labels[pair.first], found.labels[pair.second])
        rows.append(
            (*names, pair.n, *numbers, *map(_exact, tests), verdict(found, pair.first, pair.second),
             pair.needed, pair.detectable)
        )  # fmt: skip
    return Table(columns, tuple(rows))


def strategy_table(found: Comparison) -> Table:
    """One row per strategy: what is judged, the same over other units, and label efficiency.

    Shares of labels are in percent; empty if the strategy is never as good.
    """
    units = [found.matched, *found.other_units]
    names = [f"{m.by}_{m.unit}{end}" for m in units for end in ("", "_std")]
    columns = ("strategy", "runs", *names, "labels_needed", "needed_low", "needed_high")
    rows: list[tuple[Cell, ...]] = []
    for place, label in enumerate(found.labels):
        numbers: list[Cell] = []
        for matched in units:
            s = found.spread(place, matched)
            numbers += [None, None] if s is None else [s.mean, s.std]
        e = found.efficiencies[place]
        shares = (None, None, None) if e is None else (e.share, e.low, e.high)
        rows.append((label, found.runs[place], *numbers, *map(_percent, shares)))
    return Table(columns, tuple(rows))


def verdict(found: Comparison, first: int, second: int) -> str:
    """Of a pair in a word or two: who is better, `not shown`, or `too few seeds`."""
    pair = next(pair for pair in found.pairs if (pair.first, pair.second) == (first, second))
    if not pair.tested:
        return "too few seeds"
    return "not shown" if pair.better is None else f"{found.labels[pair.better]} is better"


def as_json(found: Comparison) -> bytes:
    """Everything, for other programs."""
    matched = found.matched
    values = {
        "version": 1,
        "compared_by": {"number": str(matched.by), "unit": str(matched.unit)},
        "range": matched.range,
        "strategies": [
            {
                "label": label,
                "runs": found.runs[place],
                "by_seed": {
                    str(seed): _finite(value)
                    for seed, value in zip(
                        matched.seeds, matched.value_SN[place].tolist(), strict=True
                    )
                },
                "other_units": {
                    str(other.unit): _mean_std(found, place, other) for other in found.other_units
                },
                "label_efficiency": _efficiency(found, place),
            }
            for place, label in enumerate(found.labels)
        ],
        "against": found.rival,
        "pairs": [
            asdict(pair)
            | {"first": found.labels[pair.first], "second": found.labels[pair.second]}
            | {"verdict": verdict(found, pair.first, pair.second), "sentence": sentence}
            for pair, sentence in zip(found.pairs, found.sentences, strict=True)
        ],
        "summary": found.summary,
        "notes": found.notes,
    }
    return json.dumps(values, indent=1, ensure_ascii=False, allow_nan=False).encode()


def _mean_std(found: Comparison, place: int, matched: Any) -> dict[str, float | None] | None:
    s = found.spread(place, matched)
    return None if s is None else {"mean": s.mean, "std": s.std}


def _efficiency(found: Comparison, place: int) -> dict[str, float | None] | None:
    e = found.efficiencies[place]
    return None if e is None else {key: _finite(value) for key, value in asdict(e).items()}


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _percent(share: float | None) -> float | None:
    return 100 * share if share is not None and math.isfinite(share) else None


def _exact(value: float | None) -> str | None:
    """Small p would be 0.000000 with six decimal places."""
    return None if value is None else f"{value:.6g}"
