"""Figures, their file, and how times become figures."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from raysal.bench.document import Ran, write_document
from raysal.bench.machine import Machine
from raysal.bench.result import Figure, Result
from raysal.bench.timing import Timing, measure


def test_targets_are_met_or_missed() -> None:
    assert Figure("x", 3.0, "s").met is None
    assert Figure("x", 3.0, "s", at_most=3).met is True
    assert Figure("x", 3.1, "s", at_most=3).met is False
    assert Figure("x", 3.1, "s", at_least=3, at_most=4).met is True
    assert Figure("x", 2.9, "s", at_least=3).met is False
    assert Figure("x", math.nan, "s", at_most=3).met is None


def test_ratios_pair_what_was_measured_together() -> None:
    # The machine became slower by the round; the step takes twice as long in each.
    timing = Timing({"step": (2.0, 4.0, 60.0), "base": (1.0, 2.0, 30.0)})
    assert timing.ratio("step", "base") == 2
    assert timing.duration("step", "what", "base", "plain") == Figure(
        "what", 4000.0, "ms", ratio=2.0, to="plain", spread=(2000.0, 60000.0)
    )
    assert timing.rate("step", "what", 12, to="base") == Figure(
        "what", 3.0, "images/s", ratio=0.5, to="base", spread=(0.2, 6.0)
    )


def test_steps_are_warmed_up_and_alternate() -> None:
    ran: list[str] = []
    timing = measure({"a": lambda: ran.append("a"), "b": lambda: ran.append("b")}, 2)
    assert "".join(ran) == "ba" + "ab" + "ba"
    assert [len(timing.taken[step]) for step in "ab"] == [2, 2]
    assert min(timing.taken["a"]) >= 0


def test_the_file_has_what_is_printed(tmp_path: Path) -> None:
    result = Result("x", (Figure("speed", math.nan, "s"), Figure("y", 2, "s", at_most=1)), {"n": 3})
    good = Ran("x", result, "", 1.234, (0.5, math.nan))
    bad = Ran("z", None, "no disk", 0.1, (0.0, 0.0))
    assert (good.good, bad.good) == (True, False)
    file = tmp_path / "f.json"
    write_document(file, Machine.here(), [good, bad])
    told = json.loads(file.read_bytes())
    assert told["machine"]["cores"] >= 1
    assert {"raysal", "python", "torch", "torchvision", "ray"} < set(told["machine"]["versions"])
    first, second = told["benches"]
    assert first["settings"] == {"n": 3}
    assert (first["seconds"], first["load"]) == (1.23, [0.5, None])
    assert [figure["value"] for figure in first["figures"]] == [None, 2]
    assert [figure["met"] for figure in first["figures"]] == [None, False]
    assert (second["name"], second["error"]) == ("z", "no disk")


def test_figures_are_found_by_name() -> None:
    result = Result("x", (Figure("a", 1, "s", of="one"), Figure("a", 2, "s", of="two")))
    assert result.figure("a", "two").value == 2
    with pytest.raises(KeyError, match="a three"):
        result.figure("a", "three")
