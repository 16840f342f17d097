"""Passes with a network's own dropout layers switched on, for any network.

Hooks on these layers drop what `raysal.inference.masks` says. The encoder runs once, unless one of
the layers is in it or the network cannot run its decoder alone.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from raysal.errors import CheckpointError
from raysal.inference.masks import kept_elements
from raysal.models.dropouts import own_dropouts
from raysal.models.network import Network

Numbered = Callable[[Sequence[int]], Tensor]
"""Numbers of m passes to their float32 logits (m, C, h, w)."""
Drop = Callable[[nn.Module, Tensor], Tensor]


def own_dropout_passes(network: Network, image_1DHW: Tensor, seed: int) -> Numbered:
    """Passes over one normalised image.

    Raises:
        CheckpointError: no dropout layer is called on the way to the logits.
    """
    size = (image_1DHW.shape[-2], image_1DHW.shape[-1])
    stages = None
    if network.decodes_alone:
        called: list[nn.Module] = []

        def note(module: nn.Module, x: Tensor) -> Tensor:
            called.append(module)
            return x

        with _hooked(network, note):
            stages = network.stages(image_1DHW)
        if called:
            stages = None

    def logits(passes: Sequence[int]) -> Tensor:
        count, layer = len(passes), 0

        def drop(module: nn.Module, x: Tensor) -> Tensor:
            nonlocal layer
            dropped = _dropped(module, x, seed, layer, passes)
            layer += 1
            return dropped

        with _hooked(network, drop):
            if stages is None:
                images = image_1DHW.expand(count, -1, -1, -1)
                decoded = network.run(images, lambda _, x_BDhw: x_BDhw)[1]
            else:
                # Not a view of one and the same, because a layer may work in place.
                copies = {n: x.repeat(count, *[1] * (x.ndim - 1)) for n, x in stages.items()}
                decoded = network.decode(copies, size)
        if not layer:
            raise CheckpointError(
                "acquisition.dropout=network: no dropout layer of the network is called on the way "
                "to the logits, so all votes would be equal; use another strategy"
            )
        return decoded.logits_BChw.float()

    return logits


@contextlib.contextmanager
def _hooked(network: Network, drop: Drop) -> Iterator[None]:
    def hook(module: nn.Module, inputs: Any, output: Tensor) -> Tensor:
        return drop(module, output)

    handles = [module.register_forward_hook(hook) for module in own_dropouts(network)]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _dropped(module: nn.Module, x: Tensor, seed: int, layer: int, passes: Sequence[int]) -> Tensor:
    """What is left of a layer's input; the first axis is that of the passes.

    Maps (M, D, h, w) are numbered with channels last, which is how `element_passes` keeps them.
    """
    p = float(module.p)  # type: ignore[arg-type]
    inner = x.shape[1:]
    if isinstance(module, nn.Dropout):
        shape = torch.Size((*inner[1:], inner[0])) if x.ndim == 4 else inner
    else:
        shape = inner[:1]
    kept = kept_elements(seed, layer, passes, shape.numel(), p, x.device).view(-1, *shape)
    if isinstance(module, nn.Dropout):
        kept = kept.movedim(-1, 1) if x.ndim == 4 else kept
    else:
        kept = kept.view(*kept.shape, *[1] * (x.ndim - 2))
    return x * kept / (1 - p)
