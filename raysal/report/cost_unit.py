"""Units of labelling cost."""

from __future__ import annotations

from enum import StrEnum


class CostUnit(StrEnum):
    """What the x axis of a learning curve may count."""

    images = "images"
    pixels = "pixels"
    regions = "regions"
    clicks = "clicks"

    @property
    def words(self) -> str:
        """Name on an axis and in a sentence."""
        return "clicks of the annotator" if self is CostUnit.clicks else f"labelled {self}"
