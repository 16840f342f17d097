"""The building blocks that networks take from torchvision, imported without torch's compiler.

`import torchvision` imports `torch._dynamo`, torch's compiler, for one function of object detection
that raysal never calls. That takes 1.3 s of CPU time in every worker process, as much as torch
itself. So torchvision is imported with a placeholder for the compiler, which imports the real one
when something is called in it. A test checks that this still works (tried with torchvision 0.29).
"""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

COMPILER = "torch._dynamo.utils"


class _Placeholder(ModuleType):
    """Offers any function of a module; calling one imports the module."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("__"):  # What the import system asks for is not a function.
            raise AttributeError(name)

        def call(*args: Any, **kwargs: Any) -> Any:
            return getattr(importlib.import_module(self.__name__), name)(*args, **kwargs)

        return call


@contextlib.contextmanager
def _without_compiler() -> Iterator[None]:
    if COMPILER in sys.modules:
        yield
        return
    sys.modules[COMPILER] = _Placeholder(COMPILER)
    try:
        yield
    finally:
        del sys.modules[COMPILER]


with _without_compiler():
    from torchvision.models import get_weight, mobilenet_v2, resnet18, resnet50
    from torchvision.models.segmentation.deeplabv3 import ASPP

__all__ = ["ASPP", "get_weight", "mobilenet_v2", "resnet18", "resnet50"]
