"""Models, made once for all tests of the report."""

import pytest

from raysal.models.build import build_model
from raysal.models.checkpoint import save_model
from raysal.models.config import DifficultyConfig, ModelConfig
from tests.support.fabricate import CLASSES, PALETTE, SIZE


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory):
    """A folder with `none.pt` and `late.pt`, named by their difficulty branch."""
    folder = tmp_path_factory.mktemp("models")
    for branch in ("none", "late"):
        config = ModelConfig(weights="none", difficulty=DifficultyConfig(branch=branch))
        model = build_model(config, len(CLASSES), seed=0)
        save_model(folder / f"{branch}.pt", model, CLASSES, PALETTE, SIZE)
    return folder
