"""Shadows on the ground of a street, for buildings, trees, posts and vehicles."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from raysal.data.sets.streets.buildings import Building
from raysal.data.sets.streets.camera import Camera
from raysal.data.sets.streets.cars import Body
from raysal.data.sets.streets.light import Light
from raysal.data.sets.streets.plan import Street
from raysal.data.sets.streets.types import Ground, Pixels

DEEP_M = 12
"""How deep a building is for its shadow."""


def building_shadow(street: Street, light: Light, item: Building) -> None:
    """Shadows of the front, the near end and the roof."""
    x, back = item.side * item.front, item.side * (item.front + DEEP_M)
    near, far = item.near, item.far
    dx, dz = light.cast(item.height)
    street.cast([(x, near), (x, far), (x + dx, far + dz), (x + dx, near + dz)], 1.0)
    street.cast([(back, near), (x, near), (x + dx, near + dz), (back + dx, near + dz)], 1.0)
    roof = [(x + dx, near + dz), (x + dx, far + dz), (back + dx, far + dz), (back + dx, near + dz)]
    street.cast(roof, 1.0)


def tree_shadow(street: Street, light: Light, x: float, z: float, height: float) -> None:
    """Shadows of the crown and the trunk."""
    dx, dz = light.cast(height * 0.65)
    wide, deep = height * 0.3, height * 0.3 * max(light.reach, 0.6)
    crown: Ground = []
    for angle in (step * math.pi / 8 for step in range(16)):
        across = x + dx + wide * math.cos(angle) * (1 + 0.2 * math.sin(5 * angle))
        crown.append((across, z + dz + deep * math.sin(angle)))
    street.cast(crown, 0.8)
    post_shadow(street, light, x, z, height * 0.65, 0.4)


def post_shadow(
    street: Street, light: Light, x: float, z: float, height: float, width: float
) -> None:
    """The shadow of something upright and narrow, measured in metres."""
    dx, dz = light.cast(height)
    half = width / 2
    foot, tip = (x - half, x + half), (x + dx + half, x + dx - half)
    street.cast([(foot[0], z), (foot[1], z), (tip[0], z + dz), (tip[1], z + dz)], 0.8)


def car_shadow(
    street: Street, light: Light, x: float, z: float, body: Body, sideways: bool
) -> None:
    """Two shadows of a vehicle: one that the sky casts under it, one that the sun casts."""
    half, wide = body.length / 2, body.width / 2
    if sideways:
        half, wide = wide, half
    foot = [(-wide, -half), (wide, -half), (wide, half), (-wide, half)]
    street.cast([(x + a * 1.12, z + b * 1.06) for a, b in foot], 0.6, sky=True)
    dx, dz = light.cast(body.roof * 0.8)
    street.cast([(x + a + dx, z + b + dz) for a, b in foot], 1.0)


def shadow_map(camera: Camera, street: Street, light: Light, size: tuple[int, int]) -> Pixels:
    """(H, W) share of light that shadows take from each pixel where it shows ground."""
    height, width = size
    mask = Image.new("L", (width, height), 0)
    pen = ImageDraw.Draw(mask)
    for shadows, strength in ((street.sun_shadows, light.shadow), (street.sky_shadows, 1.0)):
        for ground, dark in shadows:
            pen.polygon([camera.at(x, 0, z) for x, z in ground], fill=int(255 * dark * strength))
    mask = mask.filter(ImageFilter.BoxBlur(height / 160))
    return np.asarray(mask, dtype=np.float32) / np.float32(255)
