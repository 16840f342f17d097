"""The class of every pixel of an image at its own size, by a network that sees another size.

The network sees the picture upright and resized to the size that it was trained with. Its logits
are resized to the picture's own size, and the class of a pixel is the one with the largest logit.
Logits are resized rather than probabilities, bilinearly, because the network itself does so from a
quarter of its input to its input. The centres of pixels stay where they are (`align_corners` off),
because that is how the picture was reduced. A picture that has the network's size gets exactly the
classes that an evaluation counts.

Images go through the network one at a time. What a batch holds besides would change the last
digits and thus, rarely, a class; so on a CPU a mask depends on the model and the image alone.

Axes in names: C classes, h w size of the network's input, H W own size of the picture.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from raysal.data.decode import decode_image, resize_image
from raysal.data.opening import MAX_MEGAPIXELS
from raysal.data.scene import Scene
from raysal.errors import DataError
from raysal.inference.precision import Precision
from raysal.inference.predict import predict_logits, to_tensor
from raysal.inference.scenes import scene_logits, scene_of
from raysal.models.checkpoint import LoadedModel

STRIP = 1 << 22
"""Logits at the own size that are in memory at a time."""


@dataclass(frozen=True)
class OwnSizePrediction:
    """What a model sees in an image.

    Attributes:
        ids: uint8 (H, W) class ids at the image's own size, as it is shown (upright).
        shares: (C,) share of the pixels in each class, in [0, 1].
        confidence: mean over the pixels of the probability of their class, in [0, 1].
    """

    ids: np.ndarray
    shares: tuple[float, ...]
    confidence: float


def predict_own_size(
    loaded: LoadedModel,
    data: bytes,
    precision: Precision = "auto",
    max_megapixels: float = MAX_MEGAPIXELS,
) -> OwnSizePrediction:
    """The prediction for one encoded image, on the device of the model.

    The same mask as that of `raysal predict`. Besides the decoded picture and its ids, it needs
    little memory, whatever the size of the image.

    Args:
        loaded: from `load_model`, in eval mode.
        data: an image file.
        max_megapixels: larger images are refused.

    Raises:
        DataError: the image cannot be read, or the network's output is not a finite number.
    """
    if loaded.scene is not None:
        scene = Scene(data, loaded.working_size, loaded.pixels, max_megapixels)
        return predict_picture(loaded, scene, precision)
    return predict_picture(
        loaded, decode_image(data, None, max_megapixels, loaded.pixels), precision
    )


@torch.inference_mode()
def predict_picture(
    loaded: LoadedModel,
    picture: np.ndarray | Scene,
    precision: Precision = "auto",
    also: Callable[[slice, slice, Tensor], None] | None = None,
) -> OwnSizePrediction:
    """As `predict_own_size`, for an image at its own size, decoded with `loaded.pixels`.

    Args:
        picture: (H, W, D); or a scene at the model's working size, if the model reads tiles.
        also: called with the parts of `own_size_logits`, for what else is made of them; it must
            not change them.
    """
    size = picture.own_size if isinstance(picture, Scene) else picture.shape[:2]
    ids_HW = np.empty(size, np.uint8)
    counts_C = np.zeros(len(loaded.class_names), np.int64)
    probability = 0.0
    for rows, cols, logits_CRW in own_size_logits(loaded, picture, precision):
        top_RW, index_RW = logits_CRW.max(0)
        ids_HW[rows, cols] = index_RW.to(torch.uint8).cpu().numpy()
        # Per part, because numpy counts copies of 8 bytes per pixel.
        counts_C += np.bincount(ids_HW[rows, cols].reshape(-1), minlength=len(counts_C))
        if also is not None:
            also(rows, cols, logits_CRW)
        # Softmax of the largest logit.
        of_top_RW = (logits_CRW - top_RW).exp_().sum(0).reciprocal_()
        probability += float(of_top_RW.sum(dtype=torch.float64))
    if not math.isfinite(probability):
        raise DataError("the network's output is not a finite number")
    return OwnSizePrediction(
        ids_HW, tuple((counts_C / ids_HW.size).tolist()), probability / ids_HW.size
    )


@torch.inference_mode()
def own_size_logits(
    loaded: LoadedModel, picture: np.ndarray | Scene, precision: Precision = "auto"
) -> Iterator[tuple[slice, slice, Tensor]]:
    """Logits at the picture's own size, in strips from top to bottom; of a model that reads tiles,
    see `scene_logits`.

    Args:
        picture: as for `predict_picture`.

    Yields:
        Rows and columns of a part, and their logits, float32 (C, rows, columns).
    """
    if loaded.scene is not None:
        scene = picture if isinstance(picture, Scene) else scene_of(loaded, picture)
        yield from scene_logits(loaded, scene, precision)
        return
    assert isinstance(picture, np.ndarray)
    device, size = loaded.model.device, (picture.shape[0], picture.shape[1])
    seen_hwD = resize_image(picture, loaded.size)
    logits_Chw = predict_logits(loaded.fast, to_tensor([seen_hwD]).to(device), precision)[0]
    for rows, strip_CRW in enlarge(logits_Chw, size):
        yield rows, slice(0, size[1]), strip_CRW


def enlarge(
    logits_Chw: Tensor, size: tuple[int, int], most: int = STRIP
) -> Iterator[tuple[slice, Tensor]]:
    """Resize maps bilinearly to (height, width), in strips from top to bottom.

    A row does not depend on the strip that it is in.

    Args:
        most: numbers in a strip, except that it has one row at least.

    Yields:
        The rows of a strip, and their values (C, rows, width).
    """
    height, width = size
    classes, h, _ = logits_Chw.shape
    place_H = ((torch.arange(height, dtype=torch.float64) + 0.5) * (h / height) - 0.5).clamp(
        0, h - 1
    )
    logits_Chw = logits_Chw.contiguous()  # Channels first, in which the maximum is found faster.
    above_H = place_H.long()
    below_H = (above_H + 1).clamp(max=h - 1)
    part_H1 = (place_H - above_H).to(logits_Chw).unsqueeze(1)
    at_once = max(1, most // (classes * width))
    for start in range(0, height, at_once):
        rows = slice(start, min(start + at_once, height))
        above_CRw, below_CRw = logits_Chw[:, above_H[rows]], logits_Chw[:, below_H[rows]]
        strip_CRw = torch.lerp(above_CRw, below_CRw, part_H1[rows])
        # The rows stay as they are.
        strip_1CRW = F.interpolate(
            strip_CRw.unsqueeze(0), (strip_CRw.shape[1], width), mode="bilinear"
        )
        yield rows, strip_1CRW[0]
