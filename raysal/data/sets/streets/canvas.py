"""Drawing tools of the street scenes: dealt random numbers, a camera, and a labelled canvas.

The canvas is one RGBA picture whose fourth channel holds the class id, so every stroke draws
image and label together and the two can never disagree about geometry.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

SKY, BUILDING, POLE, ROAD, SIDEWALK, TREE, SIGN, FENCE, CAR, PEDESTRIAN, BICYCLIST = range(11)
VOID = 255

NEAR = 1.0  # metres: nothing is drawn closer to the eye than this

RGB = tuple[float, float, float]
Point = tuple[float, float]
Point3 = tuple[float, float, float]  # x right, y up, z forward, in metres
Rect = tuple[float, float, float, float]  # left, bottom, right, top, as shares of a face
Floats = NDArray[np.float64]
T = TypeVar("T")


class Dice:
    """Deals random numbers from one block drawn up front, which makes a single draw cheap.

    A fork walks the same block from another place with another stride: every object of a scene
    owns one, so how much detail it draws never changes its neighbours.
    """

    __slots__ = ("_at", "_block", "_deck", "_stride")

    def __init__(self, block: Floats, deck: list[float], at: int = 0, stride: int = 1) -> None:
        self._block, self._deck, self._at, self._stride = block, deck, at, stride

    @classmethod
    def seeded(cls, *entropy: int) -> "Dice":
        generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(entropy)))
        block = generator.random(4096)
        return cls(block, block.tolist())

    def fork(self) -> "Dice":
        at, stride = int(self.unit() * 4096), 2 * int(self.unit() * 2048) + 1
        return Dice(self._block, self._deck, at, stride)

    def unit(self) -> float:
        self._at = (self._at + self._stride) & 4095
        return self._deck[self._at]

    def between(self, low: float, high: float) -> float:
        self._at = at = (self._at + self._stride) & 4095
        return low + (high - low) * self._deck[at]

    def whole(self, low: int, high: int) -> int:
        """An integer from low to high, both included."""
        return low + int((high - low + 1) * self.unit())

    def chance(self, share: float) -> bool:
        return self.unit() < share

    def pick(self, options: Sequence[T]) -> T:
        return options[int(len(options) * self.unit())]

    def array(self, count: int) -> Floats:
        steps = self._at + self._stride * np.arange(1, count + 1)
        self._at = int(self._at + self._stride * count) & 4095
        values: Floats = self._block[steps & 4095]
        return values

    def tint(self, colour: RGB, spread: float = 12.0) -> RGB:
        """The colour, a little lighter or darker and a little off its hue."""
        red, green, blue = colour
        shift, hue = spread * (2 * self.unit() - 1.33), spread / 1.5
        return (
            red + shift + hue * self.unit(),
            green + shift + hue * self.unit(),
            blue + shift + hue * self.unit(),
        )

    def vivid(self) -> RGB:
        """Any colour at all, as clothes and paint have."""
        return self.between(15, 235), self.between(15, 235), self.between(15, 235)


@dataclass(frozen=True)
class Camera:
    """A pinhole camera above a flat street that may bend sideways."""

    focal: float  # pixels, as the next two
    centre: float
    horizon: float
    eye: float  # metres above the road
    bend: float  # sideways drift of the street per squared metre of depth
    travel: float = 0.0  # metres driven since the scene's first frame

    def at(self, x: float, y: float, z: float) -> Point:
        depth = z - self.travel
        if depth < NEAR:
            depth = NEAR
        scale = self.focal / depth
        return (
            self.centre + scale * (x + self.bend * depth * depth),
            self.horizon + scale * (self.eye - y),
        )

    def many(self, points: Floats) -> Floats:
        """Project an array of shape (..., 3) to pixels of shape (..., 2)."""
        depth = np.maximum(points[..., 2] - self.travel, NEAR)
        scale = self.focal / depth
        pixels = np.empty((*depth.shape, 2))
        pixels[..., 0] = self.centre + scale * (points[..., 0] + self.bend * depth * depth)
        pixels[..., 1] = self.horizon + scale * (self.eye - points[..., 1])
        return pixels

    def depth(self, z: float) -> float:
        return max(z - self.travel, NEAR)

    def scale(self, z: float) -> float:
        """Pixels per metre at a depth."""
        return self.focal / self.depth(z)


class Air(Protocol):
    """What lies between the eye and a thing: it greys the far colours."""

    def seen(self, colour: RGB, depth: float, lit: float) -> tuple[int, int, int]: ...


def _within(corners: Sequence[Point3], u: float, v: float) -> Point3:
    """A point of a four-cornered face, at shares of its width and height."""
    (ax, ay, az), (bx, by, bz), (cx, cy, cz), (dx, dy, dz) = corners
    a, b, c, d = (1 - u) * (1 - v), u * (1 - v), u * v, (1 - u) * v
    return (
        a * ax + b * bx + c * cx + d * dx,
        a * ay + b * by + c * cy + d * dy,
        a * az + b * bz + c * cz + d * dz,
    )


class Canvas:
    """Paints coloured, labelled shapes given in metres; later strokes cover earlier ones."""

    def __init__(self, image: Image.Image, camera: Camera, air: Air, grain: int) -> None:
        self.image, self.camera, self.air = image, camera, air
        self.grain = grain  # canvas pixels per pixel of the finished picture
        self._draw = ImageDraw.Draw(image)

    def flat(
        self, points: Sequence[Point] | list[float], colour: RGB, cls: int, z: float, lit: float
    ) -> None:
        """A polygon given in pixels."""
        fill = (*self.air.seen(colour, self.camera.depth(z), lit), cls)
        self._draw.polygon(points, fill=fill)

    def face(self, corners: Sequence[Point3], colour: RGB, cls: int, lit: float = 1.0) -> None:
        """A flat polygon in space."""
        z = (corners[0][2] + corners[len(corners) // 2][2]) / 2
        self.flat([self.camera.at(*corner) for corner in corners], colour, cls, z, lit)

    def board(
        self, x: float, y: float, z: float, width: float, height: float, colour: RGB, cls: int,
        lit: float = 1.0,
    ) -> None:  # fmt: skip
        """An upright rectangle facing the eye, its foot's middle at (x, y, z)."""
        u, v = self.camera.at(x, y, z)
        scale = self.camera.scale(z)
        half, rise = max(scale * width, self.grain) / 2, max(scale * height, self.grain)
        points = [(u - half, v), (u + half - 1, v), (u + half - 1, v - rise), (u - half, v - rise)]
        self.flat(points, colour, cls, z, lit)

    def stroke(
        self, path: Sequence[Point], z: float, width: float, colour: RGB, cls: int, lit: float = 1.0
    ) -> None:
        """A line of some width through (x, y) points, all at one depth."""
        points = [self.camera.at(x, y, z) for x, y in path]
        fill = (*self.air.seen(colour, self.camera.depth(z), lit), cls)
        pixels = max(round(width * self.camera.scale(z)), 1)
        self._draw.line(points, fill=fill, width=pixels)

    def disc(
        self, x: float, y: float, z: float, radius: float, colour: RGB, cls: int, flat: float = 1.0
    ) -> None:
        """A round thing facing the eye; flat is its height over its width."""
        u, v = self.camera.at(x, y, z)
        across = max(radius * self.camera.scale(z), 0.5)
        box = (u - across, v - across * flat, u + across, v + across * flat)
        fill = (*self.air.seen(colour, self.camera.depth(z), 1.0), cls)
        self._draw.ellipse(box, fill=fill)

    def ring(
        self, x: float, y: float, z: float, radius: float, width: float, colour: RGB, cls: int
    ) -> None:
        """A hoop facing the eye, such as a bicycle's wheel."""
        u, v = self.camera.at(x, y, z)
        scale = self.camera.scale(z)
        across = max(radius * scale, 1.0)
        pixels = max(round(width * scale), 1)
        fill = (*self.air.seen(colour, self.camera.depth(z), 1.0), cls)
        self._draw.ellipse(
            (u - across, v - across, u + across, v + across), outline=fill, width=pixels
        )

    def decals(
        self,
        corners: Sequence[Point3],
        rects: Sequence[Rect] | Floats,
        colours: Sequence[RGB],
        cls: int,
        lit: float = 1.0,
    ) -> None:
        """Rectangles on a four-cornered face (bottom left, bottom right, top right, top left).

        Each takes the next of the colours in turn. What is out of sight is left out.
        """
        outline = [self.camera.at(*corner) for corner in corners]
        if not self._shows(outline, 4.0 * self.grain):
            return
        depth = self.camera.depth((corners[0][2] + corners[1][2]) / 2)
        fills = [(*self.air.seen(colour, depth, lit), cls) for colour in colours]
        if len(rects) > 8:
            flats, shown = self._mapped(corners, np.asarray(rects, dtype=np.float64))
            for index in shown:
                self._draw.polygon(flats[index], fill=fills[index % len(fills)])
            return
        for index, (left, low, right, high) in enumerate(rects):
            points = [
                self.camera.at(*_within(corners, u, v))
                for u, v in ((left, low), (right, low), (right, high), (left, high))
            ]
            self._draw.polygon(points, fill=fills[index % len(fills)])

    def shows(self, corners: Sequence[Point3]) -> bool:
        """Whether a thing that spans these corners can be seen at all."""
        return self._shows([self.camera.at(*corner) for corner in corners], 0.0)

    def _shows(self, outline: Sequence[Point], least: float) -> bool:
        """Whether a shape in pixels meets the picture and is no mere speck."""
        us, vs = zip(*outline, strict=True)
        left, right, top, bottom = min(us), max(us), min(vs), max(vs)
        width, height = self.image.size
        inside = right > 0 and bottom > 0 and left < width and top < height
        return bool(inside and right - left >= least and bottom - top >= least)

    def _mapped(
        self, corners: Sequence[Point3], rects: Floats
    ) -> tuple[list[list[float]], list[int]]:
        """Rectangles of a face in pixels, and the indices of those worth drawing."""
        a, b, c, d = np.asarray(corners, dtype=np.float64)
        u, v = rects[:, [0, 2, 2, 0], None], rects[:, [1, 1, 3, 3], None]
        pixels = self.camera.many((1 - v) * (a + u * (b - a)) + v * (d + u * (c - d)))
        low, high = pixels.min(axis=1), pixels.max(axis=1)
        shown = (high > 0) & (low < self.image.size) & (high - low > 0.6)
        return pixels.reshape(-1, 8).tolist(), np.flatnonzero(shown.all(axis=1)).tolist()

    def shapes(
        self, pixels: Floats, colours: Sequence[RGB], picks: Sequence[int], cls: int, z: float
    ) -> None:
        """Many polygons of as many corners each, in pixels, coloured by index."""
        depth = self.camera.depth(z)
        fills = [(*self.air.seen(colour, depth, 1.0), cls) for colour in colours]
        low, high = pixels.min(axis=1), pixels.max(axis=1)
        shown = ((high > 0) & (low < self.image.size)).all(axis=1)
        flats = pixels.reshape(len(pixels), -1).tolist()
        for index in np.flatnonzero(shown).tolist():
            self._draw.polygon(flats[index], fill=fills[picks[index]])

    def veil(
        self, corners: Sequence[Point3], colour: RGB, cls: int, opacity: float, lit: float = 1.0
    ) -> None:
        """A see-through polygon: it tints what is behind it and takes over its class."""
        points = [self.camera.at(*corner) for corner in corners]
        width, height = self.image.size
        left, top = (max(math.floor(min(p[i] for p in points)), 0) for i in (0, 1))
        right = min(math.ceil(max(p[0] for p in points)) + 1, width)
        bottom = min(math.ceil(max(p[1] for p in points)) + 1, height)
        if right <= left or bottom <= top:
            return
        size = (right - left, bottom - top)
        mask = Image.new("L", size, 0)
        ImageDraw.Draw(mask).polygon([(u - left, v - top) for u, v in points], fill=255)
        z = sum(corner[2] for corner in corners) / len(corners)
        tint = Image.new("RGB", size, self.air.seen(colour, self.camera.depth(z), lit))
        behind = self.image.crop((left, top, right, bottom)).convert("RGB")
        blend = Image.blend(behind, tint, opacity)
        blend.putalpha(Image.new("L", size, cls))
        self.image.paste(blend, (left, top), mask)

    def faces_eye(self, corners: Sequence[Point3]) -> bool:
        """Whether a face's outside (corners counter-clockwise) is turned to the eye."""
        points = [self.camera.at(*corner) for corner in corners]
        area = 0.0
        for (u0, v0), (u1, v1) in zip(points, [*points[1:], points[0]], strict=True):
            area += u0 * v1 - u1 * v0
        return area < 0
