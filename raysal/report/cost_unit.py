"""Units of labelling cost."""

from __future__ import annotations

from enum import StrEnum


class CostUnit(StrEnum):
    """Units that the x axis of a learning curve can have."""

    images = "images"
    pixels = "pixels"
    regions = "regions"
    clicks = "clicks"
    seconds = "seconds"

    @property
    def words(self) -> str:
        """Its name on an axis and in sentences."""
        special = {CostUnit.clicks: "clicks of the annotator", CostUnit.seconds: "labelling time"}
        return special.get(self, f"labelled {self}")

    @property
    def sentence(self) -> str:
        """What the curve shows, in a sentence."""
        if self is CostUnit.seconds:
            return "mIoU against the time that it took to label what the model was trained on."
        if self is CostUnit.clicks:
            what = "clicks that it took to label what the model was trained on"
        else:
            what = f"{self.words} the model was trained on"
        return f"mIoU against the number of {what}."
