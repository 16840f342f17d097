"""A worker refuses a model, or an adversary, that lacks what the strategy reads."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from raysal.acquisition.strategies.balanced_random import BalancedRandom
from raysal.acquisition.strategies.random import Random
from raysal.acquisition.strategies.vaal import TAVAAL, VAAL
from raysal.engine.workers.model_checks import check_needs, load_needed_adversary
from raysal.errors import CheckpointError
from raysal.models.checkpoint import load_model
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


def test_the_classes_of_the_labels_must_be_known(material: Material) -> None:
    shallow = load_model(material.shallow)
    check_needs(BalancedRandom(), shallow)
    for unknown in (None, (0,) * 11):
        with pytest.raises(CheckpointError, match="balanced_random' reads class_pixels, but the"):
            check_needs(BalancedRandom(), replace(shallow, class_pixels=unknown))
