"""The machine that a benchmark runs on, and the versions of what is measured."""

from __future__ import annotations

import os
import platform
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import raysal
from raysal.bench.result import Setting

PACKAGES = ("torch", "torchvision", "ray", "pillow")
# Of all instructions of a CPU, those that the speed of networks depends on; the best first.
INSTRUCTIONS = (
    "amx_bf16",
    "amx_int8",
    "avx512_bf16",
    "avx512_vnni",
    "avx512f",
    "avx2",
    "bf16",
    "sve",
)
CPUINFO = Path("/proc/cpuinfo")
CGROUP_MEMORY = Path("/sys/fs/cgroup/memory.max")
GIB = 2**30


@dataclass(frozen=True)
class Machine:
    """A machine.

    Attributes:
        cpu: model of the processor.
        cores: that this process may use.
        instructions: of `INSTRUCTIONS`, those that the processor has.
        memory_gib: of the machine, or of the container.
        gpus: names.
        versions: of raysal, python and `PACKAGES`; None for one that is not installed.
    """

    cpu: str
    cores: int
    instructions: tuple[str, ...]
    memory_gib: float
    gpus: tuple[str, ...]
    system: str
    versions: dict[str, str | None]

    @classmethod
    def here(cls) -> Machine:
        """This one."""
        import torch

        from raysal.inference.cores import cores

        cpu, instructions = _processor()
        return cls(
            cpu=cpu,
            cores=cores(),
            instructions=instructions,
            memory_gib=round(_memory() / GIB, 1),
            gpus=tuple(torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())),
            system=platform.platform(),
            versions={
                "raysal": raysal.__version__,
                "python": platform.python_version(),
                **{package: _version(package) for package in PACKAGES},
            },
        )

    def lines(self) -> list[str]:
        """The same for people."""
        has = f" ({', '.join(self.instructions)})" if self.instructions else ""
        gpus = ", ".join(self.gpus) or "no GPU"
        there = [f"{name} {number or 'absent'}" for name, number in self.versions.items()]
        return [
            f"{self.cpu}, {self.cores} core{'s' * (self.cores != 1)}{has}, "
            f"{self.memory_gib:g} GiB; {gpus}; {self.system}",
            ", ".join(there),
        ]

    def as_json(self) -> dict[str, Any]:
        """The same for programs."""
        return asdict(self)


def prepare() -> dict[str, Setting]:
    """Give this process all cores, as a worker has; returns threads, device and precision."""
    from raysal.inference.cores import cores
    from raysal.inference.device import default_device, resolve_precision
    from raysal.inference.process import tune_process

    tune_process(cores())
    device = default_device()
    precision = resolve_precision("auto", device)
    return {"threads": cores(), "device": device.type, "precision": precision}


def load() -> float:
    """Processes that wanted a core during the last minute; NaN where the system does not tell."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")


def _processor() -> tuple[str, tuple[str, ...]]:
    try:
        text = CPUINFO.read_text()
    except OSError:
        return platform.processor() or platform.machine(), ()
    fields = [line.split(":", 1) for line in text.splitlines() if ":" in line]
    told = {key.strip(): value.strip() for key, value in reversed(fields)}
    flags = set(told.get("flags", told.get("Features", "")).split())
    name = told.get("model name") or platform.processor() or platform.machine()
    return name, tuple(each for each in INSTRUCTIONS if each in flags)


def _memory() -> float:
    """Bytes."""
    try:
        whole = float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (ValueError, OSError, AttributeError):
        return float("nan")
    try:
        return min(whole, float(CGROUP_MEMORY.read_text()))
    except (OSError, ValueError):  # No container, or one without a limit (`max`).
        return whole


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
