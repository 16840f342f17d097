"""A canvas on which image and label are drawn by the same strokes.

It is one RGBA image whose fourth channel holds the class id, so that image and label always agree.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from raysal.data.sets.streets.camera import Camera
from raysal.data.sets.streets.light import Light
from raysal.data.sets.streets.types import RGB, Floats, Point, Point3, Rect

MANY = 8
"""Above this number of rectangles, projecting them as one array is faster than one by one."""
SPECK_PIXELS = 4
"""A face smaller than this in the finished image gets no details."""
VISIBLE_PIXELS = 0.6
"""A detail smaller than this on the canvas is not drawn, if there are many."""


class Canvas:
    """Draws coloured, labelled shapes given in metres; later strokes cover earlier ones.

    Everywhere `cls` is the class id that the pixels get, and `lit` the brightness of the surface:
    1 leaves the colour as it is.

    Attributes:
        image: RGBA; A is the class id.
        grain: canvas pixels per pixel of the finished image.
    """

    def __init__(self, image: Image.Image, camera: Camera, light: Light, grain: int) -> None:
        self.image, self.camera, self.light, self.grain = image, camera, light, grain
        self._draw = ImageDraw.Draw(image)

    def flat(
        self, points: Sequence[Point] | list[float], colour: RGB, cls: int, z: float, lit: float
    ) -> None:
        """A polygon given in pixels, at depth `z` in metres."""
        fill = (*self.light.seen(colour, self.camera.depth(z), lit), cls)
        self._draw.polygon(points, fill=fill)

    def face(self, corners: Sequence[Point3], colour: RGB, cls: int, lit: float = 1.0) -> None:
        """A flat polygon in space."""
        z = (corners[0][2] + corners[len(corners) // 2][2]) / 2
        self.flat([self.camera.at(*corner) for corner in corners], colour, cls, z, lit)

    def board(
        self,
        x: float,
        y: float,
        z: float,
        width: float,
        height: float,
        colour: RGB,
        cls: int,
        lit: float = 1.0,
    ) -> None:
        """An upright rectangle that faces the camera; (x, y, z) is the middle of its lower edge."""
        u, v = self.camera.at(x, y, z)
        scale = self.camera.scale(z)
        half, rise = max(scale * width, self.grain) / 2, max(scale * height, self.grain)
        points = [(u - half, v), (u + half - 1, v), (u + half - 1, v - rise), (u - half, v - rise)]
        self.flat(points, colour, cls, z, lit)

    def stroke(
        self, path: Sequence[Point], z: float, width: float, colour: RGB, cls: int, lit: float = 1.0
    ) -> None:
        """A line `width` metres wide through (x, y) points, all at depth `z`."""
        points = [self.camera.at(x, y, z) for x, y in path]
        fill = (*self.light.seen(colour, self.camera.depth(z), lit), cls)
        pixels = max(round(width * self.camera.scale(z)), 1)
        self._draw.line(points, fill=fill, width=pixels)

    def disc(
        self, x: float, y: float, z: float, radius: float, colour: RGB, cls: int, flat: float = 1.0
    ) -> None:
        """An ellipse that faces the camera; `radius` is half its width, `flat` height by width."""
        u, v = self.camera.at(x, y, z)
        across = max(radius * self.camera.scale(z), 0.5)
        box = (u - across, v - across * flat, u + across, v + across * flat)
        fill = (*self.light.seen(colour, self.camera.depth(z), 1.0), cls)
        self._draw.ellipse(box, fill=fill)

    def ring(
        self, x: float, y: float, z: float, radius: float, width: float, colour: RGB, cls: int
    ) -> None:
        """A hoop that faces the camera, drawn with a line `width` metres wide."""
        u, v = self.camera.at(x, y, z)
        scale = self.camera.scale(z)
        across = max(radius * scale, 1.0)
        pixels = max(round(width * scale), 1)
        fill = (*self.light.seen(colour, self.camera.depth(z), 1.0), cls)
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
        """Rectangles on a face with four corners, none if the face is too small to tell.

        Args:
            corners: bottom left, bottom right, top right, top left.
            rects: (N, 4) as `Rect`.
            colours: each rectangle takes the next one, starting again after the last.
        """
        outline = [self.camera.at(*corner) for corner in corners]
        if not self._meets_image(outline, float(SPECK_PIXELS * self.grain)):
            return
        depth = self.camera.depth((corners[0][2] + corners[1][2]) / 2)
        fills = [(*self.light.seen(colour, depth, lit), cls) for colour in colours]
        if len(rects) > MANY:
            polygons, shown = self._projected(corners, np.asarray(rects, dtype=np.float64))
            for index in shown:
                self._draw.polygon(polygons[index], fill=fills[index % len(fills)])
            return
        for index, (left, low, right, high) in enumerate(rects):
            points = [
                self.camera.at(*_point_on(corners, u, v))
                for u, v in ((left, low), (right, low), (right, high), (left, high))
            ]
            self._draw.polygon(points, fill=fills[index % len(fills)])

    def shapes(
        self, pixels: Floats, colours: Sequence[RGB], picks: Sequence[int], cls: int, z: float
    ) -> None:
        """Many polygons with the same number of corners, all at depth `z`.

        Args:
            pixels: (N, corners, 2) in pixels.
            colours: palette.
            picks: N indices into `colours`.
        """
        depth = self.camera.depth(z)
        fills = [(*self.light.seen(colour, depth, 1.0), cls) for colour in colours]
        low, high = pixels.min(axis=1), pixels.max(axis=1)
        shown = ((high > 0) & (low < self.image.size)).all(axis=1)
        polygons = pixels.reshape(len(pixels), -1).tolist()
        for index in np.flatnonzero(shown).tolist():
            self._draw.polygon(polygons[index], fill=fills[picks[index]])

    def veil(
        self, corners: Sequence[Point3], colour: RGB, cls: int, opacity: float, lit: float = 1.0
    ) -> None:
        """A see-through polygon: it tints what is behind it and takes over its class.

        Args:
            opacity: 0 leaves what is behind as it is, 1 hides it.
        """
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
        tint = Image.new("RGB", size, self.light.seen(colour, self.camera.depth(z), lit))
        behind = self.image.crop((left, top, right, bottom)).convert("RGB")
        blend = Image.blend(behind, tint, opacity)
        blend.putalpha(Image.new("L", size, cls))
        self.image.paste(blend, (left, top), mask)

    def shows(self, corners: Sequence[Point3]) -> bool:
        """Whether any of an object that spans these corners may be in the image."""
        return self._meets_image([self.camera.at(*corner) for corner in corners], 0.0)

    def faces_camera(self, corners: Sequence[Point3]) -> bool:
        """Whether the outside of a face (corners counter-clockwise) is turned to the camera."""
        points = [self.camera.at(*corner) for corner in corners]
        area = 0.0
        for (u0, v0), (u1, v1) in zip(points, [*points[1:], points[0]], strict=True):
            area += u0 * v1 - u1 * v0
        return area < 0

    def _meets_image(self, outline: Sequence[Point], least: float) -> bool:
        """Whether a shape overlaps the image and is at least `least` pixels wide and high."""
        us, vs = zip(*outline, strict=True)
        left, right, top, bottom = min(us), max(us), min(vs), max(vs)
        width, height = self.image.size
        inside = right > 0 and bottom > 0 and left < width and top < height
        return bool(inside and right - left >= least and bottom - top >= least)

    def _projected(
        self, corners: Sequence[Point3], rects: Floats
    ) -> tuple[list[list[float]], list[int]]:
        """Rectangles of a face as eight numbers in pixels, and indices of those to draw."""
        a, b, c, d = np.asarray(corners, dtype=np.float64)
        u, v = rects[:, [0, 2, 2, 0], None], rects[:, [1, 1, 3, 3], None]
        pixels = self.camera.many((1 - v) * (a + u * (b - a)) + v * (d + u * (c - d)))
        low, high = pixels.min(axis=1), pixels.max(axis=1)
        shown = (high > 0) & (low < self.image.size) & (high - low > VISIBLE_PIXELS)
        return pixels.reshape(-1, 8).tolist(), np.flatnonzero(shown.all(axis=1)).tolist()


def _point_on(corners: Sequence[Point3], u: float, v: float) -> Point3:
    """The point of a face with four corners at shares u of its width and v of its height."""
    (ax, ay, az), (bx, by, bz), (cx, cy, cz), (dx, dy, dz) = corners
    a, b, c, d = (1 - u) * (1 - v), u * (1 - v), u * v, (1 - u) * v
    return (
        a * ax + b * bx + c * cx + d * dx,
        a * ay + b * by + c * cy + d * dy,
        a * az + b * bz + c * cz + d * dz,
    )
