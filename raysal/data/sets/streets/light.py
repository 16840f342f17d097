"""Light and weather of the street scenes: sky, haze, shadows, and the camera's own faults."""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from raysal.data.sets.streets.canvas import (
    BUILDING,
    CAR,
    FENCE,
    RGB,
    ROAD,
    SIDEWALK,
    SKY,
    TREE,
    Camera,
    Dice,
)

Pixels = NDArray[np.float32]
Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Light:
    """One scene's light. It is also the air that things are seen through."""

    kind: str
    zenith: RGB
    skyline: RGB
    clouds: float
    haze: float  # share of colour lost per metre, to begin with
    mist: RGB
    ambient: float
    direct: float
    azimuth: float  # of the sun: 0 is ahead, growing to the right
    reach: float  # length of a shadow over its thing's height
    shadow: float  # how dark cast shadows are
    gain: RGB
    contrast: float
    colour: float  # saturation
    wet: float
    lamps: bool
    noise: float
    blur: float

    def seen(self, colour: RGB, depth: float, lit: float) -> tuple[int, int, int]:
        clear = math.exp(-self.haze * depth)
        veil, clear = 1.0 - clear, clear * lit
        (red, green, blue), (r, g, b) = colour, self.mist
        red, green, blue = clear * red + veil * r, clear * green + veil * g, clear * blue + veil * b
        return (
            255 if red > 255 else int(red) if red > 0 else 0,
            255 if green > 255 else int(green) if green > 0 else 0,
            255 if blue > 255 else int(blue) if blue > 0 else 0,
        )

    def on(self, normal_x: float, normal_z: float) -> float:
        """Brightness of an upright wall facing along a ground direction."""
        facing = normal_x * math.sin(self.azimuth) + normal_z * math.cos(self.azimuth)
        return self.ambient + self.direct * max(0.0, facing)

    def cast(self, height: float) -> tuple[float, float]:
        """Where on the ground the shadow of a point at a height falls, from its foot."""
        length = height * self.reach
        return -length * math.sin(self.azimuth), -length * math.cos(self.azimuth)


@dataclass(frozen=True)
class Weather:
    """What is typical of a kind of weather; scenes vary it."""

    zenith: RGB
    skyline: RGB
    clouds: float
    haze: float
    ambient: float
    direct: float
    reach: float
    shadow: float
    gain: RGB
    contrast: float
    colour: float
    wet: float
    noise: float


WEATHERS: dict[str, Weather] = {
    "noon": Weather((88, 138, 212), (202, 220, 238), 0.7, 0.0012, 0.62, 0.50, 0.6, 0.52,
                    (1.06, 1.04, 1.0), 1.12, 1.12, 0.0, 5.0),
    "bright": Weather((206, 216, 228), (242, 244, 246), 0.2, 0.002, 0.72, 0.28, 0.6, 0.28,
                      (1.04, 1.03, 1.0), 1.15, 1.0, 0.0, 5.0),
    "overcast": Weather((182, 187, 193), (220, 222, 224), 0.25, 0.002, 0.82, 0.1, 0.3, 0.12,
                        (0.94, 0.96, 1.0), 0.95, 0.85, 0.0, 6.0),
    "low sun": Weather((128, 156, 200), (246, 222, 176), 0.5, 0.004, 0.52, 0.62, 2.4, 0.48,
                       (1.09, 0.97, 0.83), 1.12, 1.05, 0.0, 6.0),
    "dusk": Weather((72, 80, 124), (206, 156, 138), 0.5, 0.003, 0.8, 0.12, 0.5, 0.15,
                    (0.70, 0.65, 0.72), 1.05, 0.9, 0.0, 9.0),
    "evening": Weather((50, 68, 118), (150, 164, 190), 0.3, 0.003, 0.8, 0.08, 0.5, 0.12,
                       (0.60, 0.64, 0.75), 1.05, 0.85, 0.0, 10.0),
    "rain": Weather((128, 133, 140), (172, 175, 180), 0.35, 0.006, 0.78, 0.05, 0.3, 0.1,
                    (0.72, 0.74, 0.78), 0.98, 0.8, 0.45, 8.0),
    "fog": Weather((200, 203, 206), (208, 210, 212), 0.05, 0.022, 0.85, 0.02, 0.3, 0.08,
                   (0.92, 0.93, 0.95), 0.88, 0.75, 0.1, 6.0),
}  # fmt: skip
COMMON = (
    *("noon",) * 6, *("bright",) * 4, *("overcast",) * 6, *("low sun",) * 3, "dusk", "evening",
    *("rain",) * 3, *("fog",) * 2,
)  # fmt: skip
LATE = ("dusk", "evening")


def draw_light(dice: Dice) -> Light:
    """Choose the weather and vary it: no two scenes share a white balance or a sun."""
    kind = dice.pick(COMMON)
    usual = WEATHERS[kind]
    exposure, warm = dice.between(0.84, 1.15), dice.between(-0.07, 0.07)
    skyline = dice.tint(usual.skyline, 14)
    red, green, blue = usual.gain
    late = kind in LATE
    return Light(
        kind=kind,
        zenith=dice.tint(usual.zenith, 18),
        skyline=skyline,
        clouds=usual.clouds * dice.between(0.2, 1.4),
        haze=usual.haze * dice.between(0.6, 1.5),
        mist=skyline,
        ambient=usual.ambient,
        direct=usual.direct,
        azimuth=dice.between(-math.pi, math.pi),
        reach=usual.reach * dice.between(0.7, 1.5),
        shadow=usual.shadow * dice.between(0.7, 1.2),
        gain=(red * exposure * (1 + warm), green * exposure, blue * exposure * (1 - warm)),
        contrast=usual.contrast * dice.between(0.9, 1.1),
        colour=usual.colour * dice.between(0.75, 1.15),
        wet=usual.wet * dice.between(0.6, 1.2),
        lamps=late or (kind in ("rain", "fog") and dice.chance(0.5)),
        noise=usual.noise * dice.between(0.4, 1.3),
        blur=dice.between(0.0, 0.003) if dice.chance(0.8) else dice.between(0.003, 0.006),
    )


@cache
def _tile() -> Pixels:
    """A square of cloudy noise around zero, the raw stuff of every texture."""
    generator = np.random.Generator(np.random.PCG64(7))
    total = np.zeros((256, 256), dtype=np.float32)
    for cells, weight in ((4, 0.5), (16, 0.5), (64, 0.7), (128, 0.7), (256, 0.6)):
        octave = Image.fromarray(generator.random((cells, cells), dtype=np.float32) * 2 - 1)
        wide = octave.resize((256, 256), Image.Resampling.BICUBIC)
        total += np.float32(weight) * np.asarray(wide)
    return total / np.float32(1.2)


def _stretched(box: tuple[float, float, float, float], width: int, height: int) -> Pixels:
    """A part of the tile, resized."""
    tile = Image.fromarray(_tile())
    return np.asarray(tile.resize((width, height), Image.Resampling.BILINEAR, box=box))


def sky(light: Light, dice: Dice, width: int, height: int, horizon: int) -> Bytes:
    """The sky with its clouds, for a whole picture (below the horizon: the mist)."""
    fall = np.linspace(0, 1, max(horizon, 2), dtype=np.float32)[: max(horizon, 1), None, None]
    top, low = (np.asarray(c, dtype=np.float32) for c in (light.zenith, light.skyline))
    left, up = dice.between(0, 120), dice.between(0, 120)
    flat = dice.between(0.35, 0.8)
    cloud = _stretched((left, up, left + 60, up + 60 * flat), width, len(fall))
    share = np.clip((cloud + np.float32(dice.between(-0.5, 0.5))) * light.clouds, 0, 0.9)
    share = share[..., None] * (1 - fall * fall * np.float32(0.6))
    white = np.minimum(low + 24, 250)
    rows = top + (low - top) * np.sqrt(fall)
    picture = np.empty((height, width, 3), dtype=np.uint8)
    picture[len(fall) :] = np.clip(low, 0, 255).astype(np.uint8)
    picture[: len(fall)] = np.clip(rows + (white - rows) * share, 0, 255).astype(np.uint8)
    return picture


def _ground_shade(camera: Camera, dice: Dice, shadow: Pixels, first: int) -> tuple[Pixels, Pixels]:
    """Brightness of the ground and its raw texture, for the rows from first down."""
    height, width = shadow.shape
    rows = np.arange(first, height, dtype=np.float32)[:, None] + np.float32(0.5)
    columns = np.arange(width, dtype=np.float32)[None, :] + np.float32(0.5)
    depth = np.float32(camera.focal * camera.eye) / np.maximum(rows - camera.horizon, 0.3)
    drift = np.float32(camera.bend) * depth * depth
    across = (columns - np.float32(camera.centre)) * (depth / np.float32(camera.focal)) - drift
    fine = np.float32(dice.between(26, 52))
    shift_x, shift_z = dice.whole(0, 255), dice.whole(0, 255)
    travel = np.float32(camera.travel)
    x = (across * fine).astype(np.int32) + shift_x
    z = ((np.minimum(depth, 90) + travel) * fine * np.float32(0.5)).astype(np.int32) + shift_z
    texture = _tile()[z & 255, x & 255]
    rough = np.float32(dice.between(0.03, 0.15)) / (1 + depth / 20)
    return (1 + rough * texture) * (1 - shadow[first:]), texture


def _reflect(
    rgb: Pixels, ground: NDArray[np.bool_], texture: Pixels, wet: float, first: int
) -> None:
    """Mirror what stands above the horizon in the wet ground, smeared downwards."""
    height, width = rgb.shape[:2]
    small = Image.fromarray(np.clip(rgb, 0, 255).astype(np.uint8))
    small = small.resize((max(width // 3, 8), max(height // 16, 6)), Image.Resampling.BOX)
    soft = np.asarray(small.resize((width, height), Image.Resampling.BILINEAR), dtype=np.float32)
    rows = np.clip(2 * first - 1 - np.arange(first, height), 0, height - 1)
    share = np.clip(np.float32(wet) * (0.75 + 0.5 * texture), 0, 0.8) * ground
    below = rgb[first:]
    below += (soft[rows] - below * np.float32(0.9)) * share[..., None]


def develop(
    picture: Image.Image,
    label: Bytes,
    shadow: Pixels,
    camera: Camera,
    light: Light,
    scene: Dice,
    generator: np.random.Generator,
) -> Bytes:
    """Turn flat paint into a photograph: ground, grain, tone, blur and sensor noise."""
    height, width = label.shape
    radius = light.blur * height
    if radius > 0.2:
        picture = picture.filter(ImageFilter.GaussianBlur(radius))
    rgb = np.asarray(picture).astype(np.float32)
    rough = np.zeros(256, dtype=np.float32)
    rough[[BUILDING, FENCE, CAR]] = [scene.between(0.02, 0.07) for _ in range(3)]
    rough[TREE] = scene.between(0.06, 0.16)
    rough[SKY] = 0.004
    tall = min(128, 255 * height / width)
    wide = tall * width / height
    left, up = scene.between(0, 255 - wide), scene.between(0, 255 - tall)
    grain = _stretched((left, up, left + wide, up + tall), width, height)
    tone = 1 + grain * rough[label]
    first = min(max(math.ceil(camera.horizon), 0), height - 1)
    ground = (label[first:] == ROAD) | (label[first:] == SIDEWALK)
    shade, texture = _ground_shade(camera, scene, shadow, first)
    tone[first:] = np.where(ground, shade, tone[first:])
    rgb *= tone[..., None]
    if light.wet > 0.05:
        _reflect(rgb, ground, texture, light.wet, first)
    glow = _glow(light, scene, width, height, camera)
    if glow is not None:
        rgb += glow
    if light.kind in LATE:
        rgb += _bloom(rgb, label)
    graded = Image.fromarray(np.clip(rgb, 0, 255).astype(np.uint8)).convert("RGB", _grade(light))
    return _speckled(np.asarray(graded), light.noise, generator)


def _grade(light: Light) -> tuple[float, ...]:
    """Saturation, white balance and contrast as one colour matrix."""
    rows: list[float] = []
    for channel, gain in enumerate(light.gain):
        level = gain * light.contrast
        shares = [level * (1 - light.colour) / 3] * 3
        shares[channel] += level * light.colour
        rows += [*shares, 110 * (1 - light.contrast)]
    return tuple(rows)


def _speckled(picture: Bytes, deviation: float, generator: np.random.Generator) -> Bytes:
    """Add sensor noise: the sum of two bytes is bell enough, and the same on every machine."""
    raw = np.frombuffer(generator.bytes(2 * picture.size), dtype=np.uint8)
    first, second = raw.reshape(2, *picture.shape)
    bell = first.astype(np.int16) + second - 255  # standard deviation 104
    bell //= np.int16(max(round(104 / max(deviation, 0.5)), 1))
    bell += picture
    noisy: Bytes = np.clip(bell, 0, 255).astype(np.uint8)
    return noisy


def _bloom(rgb: Pixels, label: Bytes) -> Pixels:
    """Lamps and lit windows outshine the dark, and shine on what is about them."""
    height, width = label.shape
    excess = np.maximum(rgb - 212, 0) * (label != SKY)[..., None]
    spots = Image.fromarray(np.minimum(excess * 3.5, 255).astype(np.uint8))
    small = spots.resize((max(width // 8, 8), max(height // 8, 6)), Image.Resampling.BOX)
    halo = np.asarray(small.resize((width, height), Image.Resampling.BILINEAR), dtype=np.float32)
    light: Pixels = excess * np.float32(1.6) + halo * np.float32(0.8)
    return light


def _glow(light: Light, dice: Dice, width: int, height: int, camera: Camera) -> Pixels | None:
    """The bloom of a low sun that stands ahead."""
    if light.kind != "low sun" or math.cos(light.azimuth) < 0.3:
        return None
    u = camera.centre / width + 0.5 * math.sin(light.azimuth)
    v = camera.horizon / height - dice.between(0.05, 0.3)
    x = np.linspace(0, 1, 32, dtype=np.float32)[None, :] - np.float32(u)
    y = np.linspace(0, 1, 24, dtype=np.float32)[:, None] - np.float32(v)
    fall = np.float32(115) / (1 + 28 * (x * x + y * y))
    bloom = np.asarray(Image.fromarray(fall).resize((width, height), Image.Resampling.BILINEAR))
    return bloom[..., None] * np.asarray((1.0, 0.85, 0.55), dtype=np.float32)
