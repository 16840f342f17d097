"""Photographs whose masks are hidden, and a person who knows them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from raysal.annotate.asked import Asked
from raysal.annotate.of_run import asked_of
from raysal.data.answers import Answer
from raysal.data.decode import IGNORE, decode_mask, encode_png
from raysal.data.sets.streets.dataset import Streets
from raysal.experiment.config import ExperimentConfig
from tests.support.tiny_run import TINY

OWN_SIZE, SIZE = (70, 100), (48, 64)


@dataclass(frozen=True)
class Photographs:
    """A folder of photographs of streets, and a folder of their masks.

    Attributes:
        classes: names of the classes in the masks.
    """

    images: Path
    masks: Path
    classes: tuple[str, ...]

    def settings(self, **changes: Any) -> dict[str, Any]:
        """The `data` section; the photographs have no masks."""
        return {
            "name": "folder",
            "images": str(self.images),
            "classes": list(self.classes),
            "size": list(SIZE),
            **changes,
        }

    def mask(self, image_id: str) -> np.ndarray:
        """The class ids of a photograph at its own size."""
        return decode_mask((self.masks / f"{image_id}.png").read_bytes())

    def drawn(self, asked: Asked, image_id: str) -> np.ndarray:
        """What a person who makes no mistakes draws: the mask inside the asked regions."""
        truth = self.mask(image_id)
        drawn = np.full_like(truth, IGNORE)
        for row, col, height, width in asked.by_id[image_id].rectangles:
            where = slice(row, row + height), slice(col, col + width)
            drawn[where] = truth[where]
        return drawn

    def answer(
        self, run: Path, most: int | None = None, skip: Collection[str] = (), **about: Any
    ) -> list[str]:
        """Answer the first images that a run asks for; all by default. Returns their ids.

        Args:
            skip: images not to answer.
        """
        asked = asked_of(run)
        values = {"annotator": "Ann", "tool": "test", "seconds": 10.0, "clicks": 5, **about}
        images = [image for image in asked.images if image.image_id not in skip][:most]
        for image in images:
            drawn = self.drawn(asked, image.image_id)
            asked.store(image).save(Answer(image.image_id, drawn, **values))
        return [image.image_id for image in images]


def take_photographs(root: Path, images: int = 30) -> Photographs:
    """Draw the photographs into new folders below `root`."""
    streets = Streets(size=OWN_SIZE, train=images)
    found = Photographs(root / "photos", root / "masks", streets.class_names)
    for folder in (found.images, found.masks):
        folder.mkdir(parents=True)
    for item in streets.items("train"):
        (found.images / f"{item.image_id}.jpg").write_bytes(streets.image_bytes(item))
        (found.masks / f"{item.image_id}.png").write_bytes(encode_png(streets.raw_label(item)))
    return found


def asking(output: Path, photographs: Photographs, **changes: Any) -> ExperimentConfig:
    """A tiny experiment of two rounds that people label."""
    values: dict[str, Any] = {
        "name": "people",
        "oracle": "people",
        "train": {"epochs": 1, "checkpoint": "last"},
        "al": {"initial": 4, "budget": 2, "rounds": 2, "test": 3, "candidate_ratio": 1},
    }
    for key, change in changes.items():
        old = {**TINY, **values}.get(key) if key != "data" else None
        values[key] = {**old, **change} if isinstance(old, dict) else change
    data = photographs.settings(**values.pop("data", {}))
    return ExperimentConfig.model_validate({**TINY, **values, "output": str(output), "data": data})


def simulated(output: Path, photographs: Photographs, **changes: Any) -> ExperimentConfig:
    """The same experiment, with an annotator who looks into the masks."""
    data = {"masks": str(photographs.masks), "shares": [0, 0]}
    return asking(
        output, photographs, **{**changes, "name": "simulated", "oracle": "simulated", "data": data}
    )
