"""Batch norm folded into the convolution before it, which in eval mode computes the same."""

from __future__ import annotations

from collections.abc import Iterator

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval


def fold_batch_norms(model: nn.Module) -> None:
    """Fold every batch norm of raysal's own networks that follows a convolution, in place.

    Args:
        model: in eval mode; it can be trained no more.
    """
    for parent in list(model.modules()):
        for conv_name, norm_name in list(_pairs(parent)):
            conv, norm = getattr(parent, conv_name), getattr(parent, norm_name)
            setattr(parent, conv_name, fuse_conv_bn_eval(conv, norm))
            setattr(parent, norm_name, nn.Identity())


def _pairs(parent: nn.Module) -> Iterator[tuple[str, str]]:
    """Names of a convolution and of the batch norm that reads its output.

    Those next to each other in a sequence, and those that blocks of a ResNet call `conv1` and
    `bn1`.
    """
    children = dict(parent.named_children())
    if type(parent).forward is nn.Sequential.forward:
        names = list(children)
        candidates = list(zip(names, names[1:], strict=False))
    else:
        candidates = [(name, name.replace("conv", "bn")) for name in children if "conv" in name]
    for conv_name, norm_name in candidates:
        if isinstance(children[conv_name], nn.Conv2d) and isinstance(
            children.get(norm_name), nn.BatchNorm2d
        ):
            yield conv_name, norm_name
