"""Device and precision of a forward pass."""

from __future__ import annotations

import contextlib
from typing import Literal

import torch

from raysal.inference.precision import Precision

Resolved = Literal["fp32", "bf16"]


def default_device() -> torch.device:
    """The current GPU if there is one, else the CPU."""
    return torch.device("cuda") if torch.cuda.is_available() else torch.device("cpu")


def resolve_precision(precision: Precision, device: torch.device) -> Resolved:
    """Resolve `auto`: bfloat16 where the device has instructions for it, else float32."""
    if precision != "auto":
        return precision
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp32"
    # A CPU without such instructions emulates bfloat16, slower than float32.
    capabilities: dict[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()
    has_bf16 = capabilities.get("amx_bf16") or capabilities.get("avx512_bf16")
    return "bf16" if has_bf16 else "fp32"


def autocast(precision: Precision, device: torch.device) -> contextlib.AbstractContextManager[None]:
    """Autocast to bfloat16, or a context that does nothing if the precision is float32."""
    enabled = resolve_precision(precision, device) == "bf16"
    context: contextlib.AbstractContextManager[None] = torch.autocast(
        device.type, torch.bfloat16, enabled=enabled
    )
    return context
