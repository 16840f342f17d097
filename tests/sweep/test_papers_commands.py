"""The commands for the papers' figures: those that are listed load, and none is left out."""

from __future__ import annotations

import re
import shlex

import pytest

from raysal.sweep.trials import load_sweep
from tests.support.paths import ROOT

README = (ROOT / "README.md").read_text()
LONG = (ROOT / "configs" / "README.md").read_text()
COMMANDS = sorted(set(re.findall(r"`(raysal sweep configs/(?:deal|cpral)_[^`]*)`", README + LONG)))


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_loads(command: str) -> None:
    _, _, config, *words = shlex.split(command)
    assert words[::2] == ["--set"] * (len(words) // 2)
    overrides = words[1::2]
    weights = ["model.weights=weights.pth"] if "drn" in command else []
    sweep = load_sweep(ROOT / config, [*overrides, "data.root=PATH", *weights])
    assert sweep.trials
    names = [text for text in overrides if text.startswith("name=")]
    # What differs from the file's own sweep must not resume it.
    assert len(names) == (1 if overrides else 0)


def test_all_files_are_in_both_tables() -> None:
    papers = {
        path.name
        for pattern in ("deal_fig*.yaml", "cpral_fig*.yaml", "cpral_acquisition*.yaml")
        for path in (ROOT / "configs").glob(pattern)
    }
    named = {
        text: set(re.findall(r"configs/((?:deal|cpral)_\w+\.yaml)", text))
        for text in (README, LONG)
    }
    assert papers <= named[LONG]
    # Two networks of one figure share a row of the short table.
    assert {name for name in papers if "_drn" not in name} <= named[README]
