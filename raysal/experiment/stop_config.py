"""Settings of when an experiment ends before its last round."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, PositiveInt, model_validator

from raysal.config.marks import added_later
from raysal.config.settings import Frozen


class StopConfig(Frozen):
    """Rules that end an experiment after a round, whichever holds first; at least one is given.

    mIoU is what each round is measured on: the test split, or the validation split without one. A
    run that ends because of its test mIoU ends where that happens to be high, so its last mIoU is a
    little too good; compare strategies over a fixed number of rounds.
    """

    miou: Annotated[float | None, added_later(None)] = Field(default=None, gt=0, le=1)
    """mIoU that is good enough, in [0, 1]: 0.6 is 60 %."""
    gain_below: Annotated[float | None, added_later(None)] = Field(default=None, gt=0, le=1)
    """End if the best mIoU of the last `rounds` rounds is less than this above the best one before
    them, in [0, 1]: 0.005 is half a point."""
    rounds: Annotated[PositiveInt | None, added_later(None)] = None
    """Number of rounds without the gain; null: 2."""
    budget: Annotated[PositiveInt | None, added_later(None)] = None
    """Labels in all, initial ones among them, in `al.budget_unit`; they are never exceeded: the
    query that could do so is not made."""

    @model_validator(mode="after")
    def _is_a_rule(self) -> StopConfig:
        if self.miou is None and self.gain_below is None and self.budget is None:
            raise ValueError("al.stop needs one of miou, gain_below, budget")
        if self.rounds is not None and self.gain_below is None:
            raise ValueError("al.stop.rounds counts rounds with a gain below al.stop.gain_below")
        return self
