"""Training augmentation: random scale and crop, flip, colour jitter (DEAL), blur (CPRAL)."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from raysal.data.decode import IGNORE
from raysal.training.augment_config import AugmentConfig

# The kernel covers three deviations of at most 1 pixel on each side. A deviation of 0 would
# cause a division by 0.
BLUR_KERNEL, MIN_SIGMA = 7, 1e-3


def augment(
    image: np.ndarray, label: np.ndarray, config: AugmentConfig, seed: int
) -> tuple[Tensor, Tensor]:
    """One random view of a labelled image, determined by `seed`.

    Args:
        image: uint8 (H, W, 3) RGB, or float32 (H, W, D) in 0..1.
        label: uint8 (H, W).

    Returns:
        Image (D, h, w) of the same type and label uint8 (h, w), where (h, w) is the size of the
        crop. Pixels outside the original image are black, and their label is unknown (255).
    """
    # Imports torch's compiler, which an engine that only scores does not need.
    from torchvision.transforms import InterpolationMode
    from torchvision.transforms.v2 import functional as tv

    rng = np.random.default_rng(seed)
    height, width = label.shape
    crop = (height, width) if config.crop == "full" else (min(height, width),) * 2
    x = torch.from_numpy(image.copy()).permute(2, 0, 1)
    y = torch.from_numpy(label.copy()).unsqueeze(0)

    scale = rng.uniform(*config.scale)
    size = [max(1, round(height * scale)), max(1, round(width * scale))]
    if size != [height, width]:
        x = tv.resize(x, size, InterpolationMode.BILINEAR, antialias=True)
        # Plain NEAREST shifts the label by half a pixel against the image.
        y = tv.resize(y, size, InterpolationMode.NEAREST_EXACT)
    missing = [max(0, want - have) for want, have in zip(crop, size, strict=True)]
    if any(missing):
        around = config.padding == "around"
        top, left = (missing[0] // 2, missing[1] // 2) if around else (0, 0)
        padding = [left, top, missing[1] - left, missing[0] - top]
        x = tv.pad(x, padding, fill=0)
        y = tv.pad(y, padding, fill=IGNORE)
    row = int(rng.integers(0, x.shape[-2] - crop[0] + 1))
    col = int(rng.integers(0, x.shape[-1] - crop[1] + 1))
    x, y = tv.crop(x, row, col, *crop), tv.crop(y, row, col, *crop)

    if rng.random() < config.flip:
        x, y = tv.horizontal_flip(x), tv.horizontal_flip(y)
    if config.jitter > 0:
        jitter = _jitter if x.shape[0] == 3 else _jitter_channels
        x = jitter(x, config.jitter, config.jitter_order == "random", rng)
    if config.blur > 0 and rng.random() < config.blur:
        x = tv.gaussian_blur(x, BLUR_KERNEL, max(rng.uniform(), MIN_SIGMA))
    return x.contiguous(), y.squeeze(0).contiguous()


def _jitter(x: Tensor, strength: float, shuffle: bool, rng: np.random.Generator) -> Tensor:
    from torchvision.transforms.v2 import functional as tv

    steps = [tv.adjust_brightness, tv.adjust_contrast, tv.adjust_saturation]
    for index in rng.permutation(len(steps)) if shuffle else range(len(steps)):
        x = steps[index](x, float(rng.uniform(1 - strength, 1 + strength)))
    return x


def _jitter_channels(
    x_DHW: Tensor, strength: float, shuffle: bool, rng: np.random.Generator
) -> Tensor:
    """Brightness and contrast, one factor for all channels: float32 in 0..1.

    Contrast is about the mean of each channel, which may differ much. There is no saturation,
    which has a meaning for colours only.
    """
    for step in rng.permutation(2) if shuffle else range(2):
        factor = float(rng.uniform(1 - strength, 1 + strength))
        around = x_DHW.mean((1, 2), keepdim=True) if step else 0.0
        x_DHW = ((x_DHW - around) * factor + around).clamp(0, 1)
    return x_DHW
