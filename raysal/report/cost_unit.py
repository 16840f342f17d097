"""Units of labelling cost."""

from __future__ import annotations

from enum import StrEnum


class CostUnit(StrEnum):
    """Units that the x axis of a learning curve can have."""

    images = "images"
    pixels = "pixels"
    regions = "regions"
    clicks = "clicks"

    @property
    def words(self) -> str:
        """Its name on an axis and in sentences."""
        return "clicks of the annotator" if self is CostUnit.clicks else f"labelled {self}"
