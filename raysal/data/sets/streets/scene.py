"""Street scenes as seen from a car, drawn with their labels from a seed alone.

A scene is laid out in metres in front of a pinhole camera and painted from far to near, so that
image and label always agree, at any size. About one image in five continues the clip of the image
before it: the same street, a little farther on.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from raysal.data.sets.streets.backdrop import draw_backdrop
from raysal.data.sets.streets.camera import Camera
from raysal.data.sets.streets.canvas import Canvas
from raysal.data.sets.streets.classes import CAR, FENCE, TREE, VOID
from raysal.data.sets.streets.develop import develop
from raysal.data.sets.streets.dice import Dice
from raysal.data.sets.streets.furnish import furnish
from raysal.data.sets.streets.ground import draw_ground
from raysal.data.sets.streets.light import Light, draw_light
from raysal.data.sets.streets.plan import Street, plan_street
from raysal.data.sets.streets.shadows import shadow_map
from raysal.data.sets.streets.sky import draw_sky
from raysal.data.sets.streets.types import RGB, Bytes

CONTINUES = 0.2
"""Share of images that continue the clip of the image before."""
FINE_BELOW_PIXELS = 500
"""Images no higher than this are drawn at twice their size and averaged down."""
BONNETS: tuple[RGB, ...] = ((30, 32, 36), (120, 122, 126), (60, 70, 90), (150, 40, 40))
_CLIP, _SCENE, _SENSOR = 1, 2, 3  # uses of the seed


def draw_scene(seed: int, index: int, size: tuple[int, int]) -> tuple[Bytes, Bytes]:
    """Draw one street scene.

    The same seed and index give the same scene at any size, and the same pixels on any machine.

    Args:
        size: (height, width) in pixels.

    Returns:
        The image, uint8 (H, W, 3) RGB, and its label, uint8 (H, W): class ids 0..10 and 255.
    """
    start = _clip_start(seed, index)
    frame = index - start
    dice = Dice.seeded(seed, start, _SCENE)
    generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, index, _SENSOR])))
    light = draw_light(dice.fork())
    street = plan_street(dice)
    camera = _aim(dice.fork(), size, frame)
    canvas = _paint(camera, street, light, dice, size, frame)
    label, picture = _split(canvas)
    shadow = shadow_map(camera, street, light, size)
    image = develop(picture, label, shadow, camera, light, dice.fork(), generator)
    if dice.chance(0.1):
        _blank_edges(label, dice.pick((TREE, CAR, FENCE)))
    return image, label


def _clip_start(seed: int, index: int) -> int:
    """Index of the first image of the clip that image `index` belongs to."""
    while index > 0:
        word = int(np.random.SeedSequence([seed, index, _CLIP]).generate_state(1)[0])
        if word >= CONTINUES * 2**32:
            break
        index -= 1
    return index


def _aim(dice: Dice, size: tuple[int, int], frame: int) -> Camera:
    """The camera of a scene, driven on to frame number `frame` of its clip."""
    height, width = size
    return Camera(
        focal=dice.between(1.0, 1.25) * height,
        centre=width / 2 + dice.between(-0.2, 0.2) * height,
        horizon=dice.between(0.45, 0.57) * height,
        eye=dice.between(1.3, 1.75),
        bend=dice.between(-0.0012, 0.0012) if dice.chance(0.6) else 0.0,
        travel=dice.between(0.4, 1.0) * frame,
    )


def _paint(
    camera: Camera, street: Street, light: Light, dice: Dice, size: tuple[int, int], frame: int
) -> Canvas:
    """Draw the scene in flat colours, from the sky to the bonnet of the camera's own car."""
    height, width = size
    fine = 2 if height <= FINE_BELOW_PIXELS else 1
    sky = Image.fromarray(draw_sky(light, dice.fork(), size, round(camera.horizon)))
    image = sky.resize((width * fine, height * fine), Image.Resampling.NEAREST)
    image.putalpha(0)
    canvas = Canvas(image, camera.enlarged(fine), light, fine)
    furnish(street, light, dice.fork(), frame)
    draw_ground(canvas, street, dice.fork())
    draw_backdrop(canvas, street, dice.fork())
    for _, draw in sorted(street.things, key=lambda thing: -thing[0]):
        draw(canvas)
    if dice.chance(0.22):
        _bonnet(canvas, dice.fork())
    return canvas


def _bonnet(canvas: Canvas, dice: Dice) -> None:
    """The bonnet of the camera's own car, which belongs to no class."""
    width, height = canvas.image.size
    paint = dice.tint(dice.pick(BONNETS), 10)
    rise, lean = dice.between(0.04, 0.12) * height, dice.between(-0.1, 0.1)
    points = [
        (width * (step / 12), height - rise * (1 - (step / 6 - 1 + lean) ** 2 * 0.8))
        for step in range(13)
    ]
    canvas.flat([(0, height), *points, (width, height)], paint, VOID, 0.0, 1.0)
    shine = [(u, v + rise * 0.25) for u, v in points]
    tone = (paint[0] * 0.5 + 90, paint[1] * 0.5 + 92, paint[2] * 0.5 + 96)
    canvas.flat([*shine, *[(u, v + rise * 0.12) for u, v in reversed(shine)]], tone, VOID, 0.0, 1.0)


def _split(canvas: Canvas) -> tuple[Bytes, Image.Image]:
    """The label, and the painted image averaged down to the same size."""
    fine = canvas.grain
    label = np.asarray(canvas.image.getchannel("A"))[fine // 2 :: fine, fine // 2 :: fine].copy()
    picture = canvas.image.convert("RGB")
    return label, picture.reduce(fine) if fine > 1 else picture


def _blank_edges(label: Bytes, cls: int) -> None:
    """Mark a thin outline of a class as void, as some hand-drawn labels do."""
    inside = label == cls
    edge = np.zeros_like(inside)
    edge[:, 1:] |= inside[:, 1:] != inside[:, :-1]
    edge[1:] |= inside[1:] != inside[:-1]
    for _ in range(1, round(label.shape[0] / 160)):
        edge[:, 1:] |= edge[:, :-1]
        edge[1:] |= edge[:-1]
    label[edge] = VOID
