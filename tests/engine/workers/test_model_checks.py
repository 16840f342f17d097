"""A worker refuses an adversary that is absent or of another strategy."""

from __future__ import annotations

from pathlib import Path

import pytest

from raysal.acquisition.strategies.random import Random
from raysal.acquisition.strategies.vaal import TAVAAL, VAAL
from raysal.engine.workers.model_checks import load_needed_adversary
from raysal.errors import CheckpointError
from tests.support.material import Material


def test_only_its_own_kind_is_read(material: Material, tmp_path: Path) -> None:
    folders = material.adversaries
    for strategy, other in ((VAAL(), "tavaal"), (TAVAAL(), "vaal")):
        own = load_needed_adversary(strategy, folders[strategy.name])
        assert own is not None
        assert own.shape.ranked == (strategy.name == "tavaal")
        with pytest.raises(CheckpointError, match=f"not trained for strategy '{strategy.name}'"):
            load_needed_adversary(strategy, folders[other])
        for absent in (None, tmp_path / "absent"):
            with pytest.raises(CheckpointError, match="reads an adversary, but there is none"):
                load_needed_adversary(strategy, absent)
    assert load_needed_adversary(Random(), None) is None
