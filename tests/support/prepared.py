"""What stands for the worker processes of the labelling tool."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np

from raysal.annotate.tool.prepare.preparation import Layer
from raysal.errors import DataError


class Prepared:
    """Stands for worker processes: what is there is what a test has put there.

    Attributes:
        begins: whether extending, once it is asked for, is under way.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.layers: dict[str, Layer] = {}
        self.wanted: list[tuple[str, list[str]]] = []
        self.drawn: list[np.ndarray] = []
        self.calibrating = self.begins = False

    def put(self, name: str, array: np.ndarray) -> None:
        (self.folder / f"{name}.gz").write_bytes(gzip.compress(array.tobytes()))

    def use(self, *_: Any) -> None:
        pass

    def want(self, key: str, following: list[str], person: str) -> None:
        self.wanted.append((key, following))

    def state(self, key: str) -> dict[str, Layer]:
        return self.layers

    def get(self, key: str, name: str) -> Path | None:
        path = self.folder / f"{name}.gz"
        return path if path.exists() else None

    def is_calibrating(self, key: str) -> bool:
        return self.calibrating

    def extend(self, key: str, raster: np.ndarray, version: int = 0) -> None:
        self.drawn.append(raster)
        if self.begins:
            self.layers["extended"] = Layer()

    def fill(self, key: str, grain: str, seeds: Any, rectangles: Any) -> Any:
        if seeds == [(9, 0)]:
            raise DataError("there is no superpixel 9")
        return None if seeds == [] else [(id_, 3) for id_, _ in seeds]
