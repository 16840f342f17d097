"""From a painted street scene to a photograph: surfaces, shadows, lamps, tone and sensor noise."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from raysal.data.sets.streets.camera import Camera
from raysal.data.sets.streets.classes import BUILDING, CAR, FENCE, ROAD, SIDEWALK, SKY, TREE
from raysal.data.sets.streets.dice import Dice
from raysal.data.sets.streets.light import Light
from raysal.data.sets.streets.texture import SIDE, noise_tile, stretched_noise
from raysal.data.sets.streets.types import Bytes, Pixels
from raysal.data.sets.streets.weather import LATE

TWO_BYTES_DEVIATION = 104
"""Standard deviation of the sum of two uniform bytes."""


def develop(
    picture: Image.Image,
    label: Bytes,
    shadow: Pixels,
    camera: Camera,
    light: Light,
    scene: Dice,
    generator: np.random.Generator,
) -> Bytes:
    """Turn flat paint into a photograph.

    Args:
        picture: RGB, (H, W).
        label: (H, W) class ids.
        shadow: (H, W) share of light that shadows take, where the pixel shows ground.
        scene: dice for what all frames of a clip share.
        generator: for the sensor noise, which is new in every frame.

    Returns:
        uint8 (H, W, 3) RGB.
    """
    height, width = label.shape
    radius = light.blur * height
    if radius > 0.2:
        picture = picture.filter(ImageFilter.GaussianBlur(radius))
    rgb = np.asarray(picture).astype(np.float32)
    tone = _rough_surfaces(label, scene)
    first = min(max(math.ceil(camera.horizon), 0), height - 1)
    ground = (label[first:] == ROAD) | (label[first:] == SIDEWALK)
    shade, texture = _ground_shade(camera, scene, shadow, first)
    tone[first:] = np.where(ground, shade, tone[first:])
    rgb *= tone[..., None]
    if light.wet > 0.05:
        _reflect(rgb, ground, texture, light.wet, first)
    glare = _sun_glare(light, scene, width, height, camera)
    if glare is not None:
        rgb += glare
    if light.kind in LATE:
        rgb += _lamp_glow(rgb, label)
    graded = Image.fromarray(np.clip(rgb, 0, 255).astype(np.uint8)).convert("RGB", _grade(light))
    return _with_noise(np.asarray(graded), light.noise, generator)


def _rough_surfaces(label: Bytes, dice: Dice) -> Pixels:
    """(H, W) factor on brightness that gives every class its texture, still without the ground."""
    height, width = label.shape
    rough = np.zeros(256, dtype=np.float32)
    rough[[BUILDING, FENCE, CAR]] = [dice.between(0.02, 0.07) for _ in range(3)]
    rough[TREE] = dice.between(0.06, 0.16)
    rough[SKY] = 0.004
    tall = min(128, 255 * height / width)
    wide = tall * width / height
    left, up = dice.between(0, 255 - wide), dice.between(0, 255 - tall)
    grain = stretched_noise((left, up, left + wide, up + tall), width, height)
    tone: Pixels = 1 + grain * rough[label]
    return tone


def _ground_shade(camera: Camera, dice: Dice, shadow: Pixels, first: int) -> tuple[Pixels, Pixels]:
    """Brightness of the ground and its texture, both (H - first, W): the rows from `first` down."""
    height, width = shadow.shape
    rows = np.arange(first, height, dtype=np.float32)[:, None] + np.float32(0.5)
    columns = np.arange(width, dtype=np.float32)[None, :] + np.float32(0.5)
    depth = np.float32(camera.focal * camera.eye) / np.maximum(rows - camera.horizon, 0.3)
    drift = np.float32(camera.bend) * depth * depth
    across = (columns - np.float32(camera.centre)) * (depth / np.float32(camera.focal)) - drift
    fine = np.float32(dice.between(26, 52))
    shift_x, shift_z = dice.whole(0, SIDE - 1), dice.whole(0, SIDE - 1)
    travel = np.float32(camera.travel)
    x = (across * fine).astype(np.int32) + shift_x
    z = ((np.minimum(depth, 90) + travel) * fine * np.float32(0.5)).astype(np.int32) + shift_z
    texture = noise_tile()[z & (SIDE - 1), x & (SIDE - 1)]
    rough = np.float32(dice.between(0.03, 0.15)) / (1 + depth / 20)
    return (1 + rough * texture) * (1 - shadow[first:]), texture


def _reflect(
    rgb: Pixels, ground: NDArray[np.bool_], texture: Pixels, wet: float, first: int
) -> None:
    """Mirror what stands above row `first` in the wet ground below it, smeared downwards."""
    height, width = rgb.shape[:2]
    small = Image.fromarray(np.clip(rgb, 0, 255).astype(np.uint8))
    small = small.resize((max(width // 3, 8), max(height // 16, 6)), Image.Resampling.BOX)
    soft = np.asarray(small.resize((width, height), Image.Resampling.BILINEAR), dtype=np.float32)
    rows = np.clip(2 * first - 1 - np.arange(first, height), 0, height - 1)
    share = np.clip(np.float32(wet) * (0.75 + 0.5 * texture), 0, 0.8) * ground
    below = rgb[first:]
    below += (soft[rows] - below * np.float32(0.9)) * share[..., None]


def _sun_glare(light: Light, dice: Dice, width: int, height: int, camera: Camera) -> Pixels | None:
    """(H, W, 3) light that a low sun ahead of the camera adds; None without such a sun."""
    if light.kind != "low sun" or math.cos(light.azimuth) < 0.3:
        return None
    u = camera.centre / width + 0.5 * math.sin(light.azimuth)
    v = camera.horizon / height - dice.between(0.05, 0.3)
    x = np.linspace(0, 1, 32, dtype=np.float32)[None, :] - np.float32(u)
    y = np.linspace(0, 1, 24, dtype=np.float32)[:, None] - np.float32(v)
    fall = np.float32(115) / (1 + 28 * (x * x + y * y))
    glare = np.asarray(Image.fromarray(fall).resize((width, height), Image.Resampling.BILINEAR))
    return glare[..., None] * np.asarray((1.0, 0.85, 0.55), dtype=np.float32)


def _lamp_glow(rgb: Pixels, label: Bytes) -> Pixels:
    """(H, W, 3) light that lamps and lit windows add to themselves and their surroundings."""
    height, width = label.shape
    excess = np.maximum(rgb - 212, 0) * (label != SKY)[..., None]
    spots = Image.fromarray(np.minimum(excess * 3.5, 255).astype(np.uint8))
    small = spots.resize((max(width // 8, 8), max(height // 8, 6)), Image.Resampling.BOX)
    halo = np.asarray(small.resize((width, height), Image.Resampling.BILINEAR), dtype=np.float32)
    light: Pixels = excess * np.float32(1.6) + halo * np.float32(0.8)
    return light


def _grade(light: Light) -> tuple[float, ...]:
    """Saturation, white balance and contrast as one 3 x 4 colour matrix, row by row."""
    rows: list[float] = []
    for channel, gain in enumerate(light.gain):
        level = gain * light.contrast
        shares = [level * (1 - light.saturation) / 3] * 3
        shares[channel] += level * light.saturation
        rows += [*shares, 110 * (1 - light.contrast)]
    return tuple(rows)


def _with_noise(picture: Bytes, deviation: float, generator: np.random.Generator) -> Bytes:
    """Add sensor noise of a standard deviation, in grey levels.

    The sum of two random bytes is close enough to a normal distribution, and in integers it is
    the same on every machine.
    """
    raw = np.frombuffer(generator.bytes(2 * picture.size), dtype=np.uint8)
    first, second = raw.reshape(2, *picture.shape)
    noise = first.astype(np.int16) + second - 255
    noise //= np.int16(max(round(TWO_BYTES_DEVIATION / max(deviation, 0.5)), 1))
    noise += picture
    noisy: Bytes = np.clip(noise, 0, 255).astype(np.uint8)
    return noisy
