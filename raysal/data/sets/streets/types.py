"""Types that the street scenes share.

In space, x points right, y up and z forward, in metres; the road lies at y = 0 and the camera of
a scene's first frame stands at x = z = 0. On the image, u points right and v down, in pixels.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RGB = tuple[float, float, float]
"""Red, green, blue in 0..255."""
Point = tuple[float, float]
"""(u, v) in pixels, or (x, y) in metres where the depth is given apart."""
Point3 = tuple[float, float, float]
"""(x, y, z) in metres."""
Rect = tuple[float, float, float, float]
"""Left, bottom, right, top, as shares of the width and height of a face."""
Ground = list[tuple[float, float]]
"""Corners (x, z) of a polygon on the ground, in metres."""
Floats = NDArray[np.float64]
Pixels = NDArray[np.float32]
Bytes = NDArray[np.uint8]
