"""Predictions of scenes, whose tiles go through the network, at the scene's own size.

The core of each tile is what is kept of it. Where the working size is not the scene's own, logits
are resized within each tile, bilinearly, as `raysal.inference.own_size` does: the overlap has the
values next to the core.

Axes in names: C classes, h w size of a tile, H W of a map, R Q rows and columns of a part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from raysal.data.scene import Scene
from raysal.data.tiles import Tiling
from raysal.inference.precision import Precision
from raysal.inference.predict import predict_logits, to_tensor
from raysal.models.checkpoint import LoadedModel

PART = 1 << 22
"""Logits at the own size that are in memory at a time."""


def scene_of(loaded: LoadedModel, picture_HWD: np.ndarray) -> Scene:
    """A decoded picture as the scene that a model reads."""
    return Scene(picture_HWD, loaded.working_size, loaded.pixels)


@torch.inference_mode()
def scene_logits(
    loaded: LoadedModel, scene: Scene, precision: Precision = "auto"
) -> Iterator[tuple[slice, slice, Tensor]]:
    """Logits at the scene's own size, core after core in row-major order.

    Args:
        scene: at the working size of the model.

    Yields:
        Rows and columns of a part, and their logits, float32 (C, rows, columns).
    """
    assert loaded.scene is not None
    device = loaded.model.device
    for tile, image_hwD in scene.tiles(loaded.scene.tile.of(scene.size)):
        logits_Chw = predict_logits(loaded.fast, to_tensor([image_hwD]).to(device), precision)[0]
        top, left, bottom, right = tile.core
        rows = own_span(top, bottom, scene.size[0], scene.own_size[0])
        cols = own_span(left, right, scene.size[1], scene.own_size[1])
        if scene.size == scene.own_size:
            yield rows, cols, logits_Chw[:, *tile.in_tile]
            continue
        at_once = max(1, PART // (len(logits_Chw) * max(1, cols.stop - cols.start)))
        for start in range(rows.start, rows.stop, at_once):
            part = slice(start, min(start + at_once, rows.stop))
            yield part, cols, _resized(logits_Chw, (tile.row, tile.col), part, cols, scene)


def own_span(start: int, stop: int, seen: int, own: int) -> slice:
    """The pixels of an axis of `own` pixels whose centres lie from `start` to `stop` of `seen`."""
    first, last = (-((seen - 2 * place * own) // (2 * seen)) for place in (start, stop))
    return slice(first, last)


def _resized(
    logits_Chw: Tensor, origin: tuple[int, int], rows: slice, cols: slice, scene: Scene
) -> Tensor:
    """(C, R, Q) the logits of a tile at pixels of the scene's own size."""
    (above_R, below_R, down_R), (before_Q, behind_Q, across_Q) = (
        _neighbours(part, start, length, seen, own, logits_Chw.device)
        for part, start, length, seen, own in zip(
            (rows, cols), origin, logits_Chw.shape[1:], scene.size, scene.own_size, strict=True
        )
    )
    strip_CRw = torch.lerp(logits_Chw[:, above_R], logits_Chw[:, below_R], down_R[:, None])
    return torch.lerp(strip_CRw[:, :, before_Q], strip_CRw[:, :, behind_Q], across_Q)


def _neighbours(
    part: slice, start: int, length: int, seen: int, own: int, device: torch.device
) -> tuple[Tensor, Tensor, Tensor]:
    """For each pixel, the two places in a tile that it lies between, and how far from the first."""
    centre = (torch.arange(part.start, part.stop, dtype=torch.float64) + 0.5) * (seen / own) - 0.5
    place = (centre - start).clamp(0, length - 1)
    first = place.long()
    second = (first + 1).clamp(max=length - 1)
    return first.to(device), second.to(device), (place - first).float().to(device)


def scene_map(scene: Scene, tiling: Tiling, map_of: Callable[[np.ndarray], Tensor]) -> Tensor:
    """float32 (H, W) on the CPU: a map of the scene, put together from the cores of its tiles.

    Args:
        map_of: gives the map (h, w) of a tile.
    """
    map_HW = torch.empty(tiling.size, dtype=torch.float32)
    for tile, image_hwD in scene.tiles(tiling):
        map_HW[tile.in_scene] = map_of(image_hwD)[tile.in_tile].float().cpu()
    return map_HW


def reduced_map(map_HW: Tensor, most: int = 2048) -> Tensor:
    """A map whose long side has at most `most` pixels, for people to look at: means of cells."""
    step = -(-max(map_HW.shape) // most)
    return F.avg_pool2d(map_HW[None], step, ceil_mode=True)[0]
