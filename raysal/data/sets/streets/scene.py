"""Street scenes as seen from a car, drawn with their class labels from a seed alone.

A scene stands in metres before a pinhole camera and is painted from far to near, so a picture
and its label always agree, whatever the size. About one picture in five continues the clip of
the one before it: the same street, a little further on.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from raysal.data.sets.streets.canvas import CAR, FENCE, TREE, VOID, Camera, Canvas, Dice
from raysal.data.sets.streets.furnish import furnish
from raysal.data.sets.streets.ground import draw_backdrop, draw_ground
from raysal.data.sets.streets.light import Light, develop, draw_light, sky
from raysal.data.sets.streets.plan import Street, plan_street

Bytes = NDArray[np.uint8]

CONTINUES = 0.2  # share of pictures that continue the clip of the one before
_CLIP, _SCENE, _SENSOR = 1, 2, 3  # uses of the seed


def clip_start(seed: int, index: int) -> int:
    """The index of the first picture in the clip that a picture belongs to."""
    while index > 0:
        word = int(np.random.SeedSequence([seed, index, _CLIP]).generate_state(1)[0])
        if word >= CONTINUES * 2**32:
            break
        index -= 1
    return index


def draw_scene(seed: int, index: int, size: tuple[int, int]) -> tuple[Bytes, Bytes]:
    """Draw one street scene.

    Returns the image, uint8 (H, W, 3) RGB, and the label, uint8 (H, W) with class ids 0 to 10
    and 255 for void. Both depend on seed, index and size (height, width) alone, and the same
    scene comes out at every size.
    """
    height, width = size
    start = clip_start(seed, index)
    step = index - start
    dice = Dice.seeded(seed, start, _SCENE)
    generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, index, _SENSOR])))
    light = draw_light(dice.fork())
    street = plan_street(dice)

    camera = _aim(dice.fork(), height, width, step)
    fine = 2 if height <= 500 else 1
    horizon = round(camera.horizon)
    above = sky(light, dice.fork(), width, height, horizon)
    opened = Image.fromarray(above).resize((width * fine, height * fine), Image.Resampling.NEAREST)
    opened.putalpha(0)
    canvas = Canvas(opened, _enlarged(camera, fine), light, fine)

    furnish(street, light, dice.fork(), step)
    draw_ground(canvas, street, dice.fork())
    draw_backdrop(canvas, street, dice.fork())
    for _, draw in sorted(street.things, key=lambda thing: -thing[0]):
        draw(canvas, light)
    if dice.chance(0.22):
        _bonnet(canvas, dice.fork())

    label = np.asarray(canvas.image.getchannel("A"))[fine // 2 :: fine, fine // 2 :: fine].copy()
    picture = canvas.image.convert("RGB")
    picture = picture.reduce(fine) if fine > 1 else picture
    shadow = _shadow_map(camera, street, light, height, width)
    image = develop(picture, label, shadow, camera, light, dice.fork(), generator)
    if dice.chance(0.1):
        _blank_edges(label, dice.pick((TREE, CAR, FENCE)))
    return image, label


def _bonnet(canvas: Canvas, dice: Dice) -> None:
    """The bonnet of the camera's own car, which belongs to no class."""
    width, height = canvas.image.size
    paint = dice.tint(dice.pick(((30, 32, 36), (120, 122, 126), (60, 70, 90), (150, 40, 40))), 10)
    rise, lean = dice.between(0.04, 0.12) * height, dice.between(-0.1, 0.1)
    points = [
        (width * (step / 12), height - rise * (1 - (step / 6 - 1 + lean) ** 2 * 0.8))
        for step in range(13)
    ]
    canvas.flat([(0, height), *points, (width, height)], paint, VOID, 0.0, 1.0)
    shine = [(u, v + rise * 0.25) for u, v in points]
    tone = (paint[0] * 0.5 + 90, paint[1] * 0.5 + 92, paint[2] * 0.5 + 96)
    canvas.flat([*shine, *[(u, v + rise * 0.12) for u, v in reversed(shine)]], tone, VOID, 0.0, 1.0)


def _aim(dice: Dice, height: int, width: int, step: int) -> Camera:
    """The camera of a scene, driven on by the steps since its first frame."""
    return Camera(
        focal=dice.between(1.0, 1.25) * height,
        centre=width / 2 + dice.between(-0.2, 0.2) * height,
        horizon=dice.between(0.45, 0.57) * height,
        eye=dice.between(1.3, 1.75),
        bend=dice.between(-0.0012, 0.0012) if dice.chance(0.6) else 0.0,
        travel=dice.between(0.4, 1.0) * step,
    )


def _enlarged(camera: Camera, factor: int) -> Camera:
    return Camera(
        camera.focal * factor, camera.centre * factor, camera.horizon * factor, camera.eye,
        camera.bend, camera.travel,
    )  # fmt: skip


def _shadow_map(
    camera: Camera, street: Street, light: Light, height: int, width: int
) -> NDArray[np.float32]:
    """The share of light that shadows take from each pixel, were it ground."""
    mask = Image.new("L", (width, height), 0)
    pen = ImageDraw.Draw(mask)
    for shadows, strength in ((street.sun_shadows, light.shadow), (street.sky_shadows, 1.0)):
        for ground, dark in shadows:
            pen.polygon([camera.at(x, 0, z) for x, z in ground], fill=int(255 * dark * strength))
    mask = mask.filter(ImageFilter.BoxBlur(height / 160))
    return np.asarray(mask, dtype=np.float32) / np.float32(255)


def _blank_edges(label: Bytes, cls: int) -> None:
    """Mark a thin outline of a class void, as hand-drawn labels do now and then."""
    inside = label == cls
    edge = np.zeros_like(inside)
    edge[:, 1:] |= inside[:, 1:] != inside[:, :-1]
    edge[1:] |= inside[1:] != inside[:-1]
    for _ in range(1, round(label.shape[0] / 160)):
        edge[:, 1:] |= edge[:, :-1]
        edge[1:] |= edge[:-1]
    label[edge] = VOID
