"""The light of a street scene, and the air that things are seen through."""

from __future__ import annotations

import math
from dataclasses import dataclass

from raysal.data.sets.streets.dice import Dice
from raysal.data.sets.streets.types import RGB
from raysal.data.sets.streets.weather import LATE, LIKELY, WEATHERS


@dataclass(frozen=True)
class Light:
    """Light, air and sensor of one scene.

    Attributes:
        kind: kind of weather, a key of `WEATHERS`.
        zenith: colour of the sky at the top of the image.
        skyline: colour of the sky at the horizon, and of the mist that hides what is far.
        clouds: how strongly clouds show, about 0 to 1.
        haze: share of an object's colour that the air takes per metre, at small depths.
        ambient: brightness of a surface that the sun does not reach.
        direct: what the sun adds to a surface that faces it.
        azimuth: of the sun in radians: 0 is straight ahead, growing to the right.
        reach: length of a shadow divided by the height of what casts it.
        shadow: darkness of shadows that the sun casts, 0 to 1.
        gain: white balance and exposure of the camera, per channel.
        contrast: 1 changes nothing.
        saturation: 1 changes nothing, 0 gives grey.
        wet: how much of the ground is a mirror, 0 to 1.
        lamps: whether lamps are on and windows lit.
        noise: standard deviation of the sensor noise, in grey levels.
        blur: radius of the lens blur as a share of the image height.
    """

    kind: str
    zenith: RGB
    skyline: RGB
    clouds: float
    haze: float
    ambient: float
    direct: float
    azimuth: float
    reach: float
    shadow: float
    gain: RGB
    contrast: float
    saturation: float
    wet: float
    lamps: bool
    noise: float
    blur: float

    def seen(self, colour: RGB, depth: float, lit: float) -> tuple[int, int, int]:
        """A colour of brightness `lit` as the camera sees it through `depth` metres of air."""
        clear = math.exp(-self.haze * depth)
        veil, clear = 1.0 - clear, clear * lit
        (red, green, blue), (r, g, b) = colour, self.skyline
        red, green, blue = clear * red + veil * r, clear * green + veil * g, clear * blue + veil * b
        # Called for every polygon: spelt out because min and max cost more.
        return (
            255 if red > 255 else int(red) if red > 0 else 0,
            255 if green > 255 else int(green) if green > 0 else 0,
            255 if blue > 255 else int(blue) if blue > 0 else 0,
        )

    def on(self, normal_x: float, normal_z: float) -> float:
        """Brightness of an upright wall whose unit normal is (normal_x, normal_z)."""
        facing = normal_x * math.sin(self.azimuth) + normal_z * math.cos(self.azimuth)
        return self.ambient + self.direct * max(0.0, facing)

    def cast(self, height: float) -> tuple[float, float]:
        """(dx, dz) in metres from a point's foot to where its shadow falls on the ground."""
        length = height * self.reach
        return -length * math.sin(self.azimuth), -length * math.cos(self.azimuth)


def draw_light(dice: Dice) -> Light:
    """Choose the weather and vary it: no two scenes share a white balance or a sun."""
    kind = dice.pick(LIKELY)
    usual = WEATHERS[kind]
    exposure, warm = dice.between(0.84, 1.15), dice.between(-0.07, 0.07)
    skyline = dice.tint(usual.skyline, 14)
    red, green, blue = usual.gain
    return Light(
        kind=kind,
        zenith=dice.tint(usual.zenith, 18),
        skyline=skyline,
        clouds=usual.clouds * dice.between(0.2, 1.4),
        haze=usual.haze * dice.between(0.6, 1.5),
        ambient=usual.ambient,
        direct=usual.direct,
        azimuth=dice.between(-math.pi, math.pi),
        reach=usual.reach * dice.between(0.7, 1.5),
        shadow=usual.shadow * dice.between(0.7, 1.2),
        gain=(red * exposure * (1 + warm), green * exposure, blue * exposure * (1 - warm)),
        contrast=usual.contrast * dice.between(0.9, 1.1),
        saturation=usual.saturation * dice.between(0.75, 1.15),
        wet=usual.wet * dice.between(0.6, 1.2),
        lamps=kind in LATE or (kind in ("rain", "fog") and dice.chance(0.5)),
        noise=usual.noise * dice.between(0.4, 1.3),
        blur=dice.between(0.0, 0.003) if dice.chance(0.8) else dice.between(0.003, 0.006),
    )
