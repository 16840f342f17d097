"""The group of workers that train one model together."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor, nn

from raysal.models.network import Network


@dataclass(frozen=True)
class World:
    """This worker's place in the group; a group of one needs no process group."""

    rank: int
    size: int
    device: torch.device

    @classmethod
    def alone(cls, device: torch.device) -> World:
        """One worker, no communication."""
        return cls(0, 1, device)

    def wrap(self, model: Network) -> nn.Module:
        """The model with gradients averaged over the group."""
        if self.size == 1:
            return model
        ids = [self.device.index or 0] if self.device.type == "cuda" else None
        return nn.parallel.DistributedDataParallel(
            model, device_ids=ids, find_unused_parameters=not model.every_parameter_is_used
        )

    def sum(self, value: Tensor) -> Tensor:
        """Sum over the group, the same on every worker."""
        if self.size > 1:
            value = value.to(self.device)
            dist.all_reduce(value)
        return value

    def mean(self, value: Tensor) -> Tensor:
        """Mean over the group. DDP averages gradients over the workers; if each divides its sum by
        their mean count, the result is the gradient of the mean over everything counted."""
        return value if self.size == 1 else self.sum(value.float()) / self.size

    def share_buffers(self, model: nn.Module) -> None:
        """Copy the first worker's batch-norm statistics to all others."""
        if self.size > 1:
            for buffer in model.buffers():
                dist.broadcast(buffer, src=0)
