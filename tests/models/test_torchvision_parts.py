"""Networks are built from torchvision's parts without torch's compiler."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCORE_WITH_EVERY_BACKBONE = """
import sys
import torch
from raysal.inference.predict import predict
from raysal.inference.votes import vote_map
from raysal.models.backbones import BACKBONES
from raysal.models.config import ModelConfig
from raysal.models.deeplab import DeepLabV3Plus

images_B3HW = torch.zeros(2, 3, 32, 48, dtype=torch.uint8)
for name in BACKBONES:
    model = DeepLabV3Plus(ModelConfig(name=name, channel_dropout=0.25), classes=3).eval()
    predict(model, images_B3HW)
    vote_map(model, images_B3HW[0], seed=0, passes=2)
assert "torchvision" in sys.modules
assert "torch._dynamo" not in sys.modules, "scoring imports torch's compiler"
"""

CALL_THE_COMPILER = """
through_torchvision = sys.modules["torchvision.ops.roi_align"].is_compile_supported("meta")
import torch._dynamo.utils
assert through_torchvision is torch._dynamo.utils.is_compile_supported("meta")
"""


@pytest.mark.slow
def test_the_compiler_is_imported_only_when_it_is_called() -> None:
    script = SCORE_WITH_EVERY_BACKBONE + CALL_THE_COMPILER
    subprocess.run([sys.executable, "-c", script], check=True)
