"""The camera of a street scene: from metres to pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from raysal.data.sets.streets.types import Floats, Point

NEAR_M = 1.0
"""Nothing is drawn closer to the camera than this."""


@dataclass(frozen=True)
class Camera:
    """A pinhole camera above a flat street that may bend sideways.

    Attributes:
        focal: focal length in pixels.
        centre: column of the vanishing point in pixels.
        horizon: row of the horizon in pixels.
        eye: metres above the road.
        bend: sideways drift of the street in metres per square metre of depth.
        travel: metres driven since the first frame of the scene.
    """

    focal: float
    centre: float
    horizon: float
    eye: float
    bend: float
    travel: float = 0.0

    def at(self, x: float, y: float, z: float) -> Point:
        """(u, v) in pixels of a point in metres."""
        depth = z - self.travel
        if depth < NEAR_M:
            depth = NEAR_M
        scale = self.focal / depth
        return (
            self.centre + scale * (x + self.bend * depth * depth),
            self.horizon + scale * (self.eye - y),
        )

    def many(self, points: Floats) -> Floats:
        """Points (..., 3) in metres to (..., 2) in pixels."""
        depth = np.maximum(points[..., 2] - self.travel, NEAR_M)
        scale = self.focal / depth
        pixels = np.empty((*depth.shape, 2))
        pixels[..., 0] = self.centre + scale * (points[..., 0] + self.bend * depth * depth)
        pixels[..., 1] = self.horizon + scale * (self.eye - points[..., 1])
        return pixels

    def depth(self, z: float) -> float:
        """Metres from the camera to what stands at `z`."""
        return max(z - self.travel, NEAR_M)

    def scale(self, z: float) -> float:
        """Pixels per metre at `z`."""
        return self.focal / self.depth(z)

    def enlarged(self, factor: int) -> Camera:
        """The same view on an image `factor` times as wide and as high."""
        return Camera(
            self.focal * factor,
            self.centre * factor,
            self.horizon * factor,
            self.eye,
            self.bend,
            self.travel,
        )
