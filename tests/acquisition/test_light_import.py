"""Settings of strategies load without torch, because most commands compute no score."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import sys
from raysal.acquisition.registry import STRATEGIES, StrategyChoice
for kind in STRATEGIES:
    StrategyChoice.model_validate({"acquisition": {"name": kind.model_fields["name"].default}})
print(*sorted({"torch", "torchvision", "ray", "PIL"} & set(sys.modules)))
"""


def test_settings_load_neither_torch_nor_ray() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
