"""When an experiment ends, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from raysal.acquisition.selection.region_parts import read_regions
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.cost import NOTHING
from raysal.experiment.layout import RunLayout
from raysal.experiment.record import Record


@dataclass(frozen=True)
class Stop:
    """Why an experiment ended before its last round."""

    reason: str


def is_over(records: Sequence[Record], rounds: int) -> bool:
    """Whether nothing is left to do: all rounds are recorded, or the last one queried nothing."""
    if not records:
        return False
    return len(records) >= rounds or records[-1].queried in (None, NOTHING)


def early_stop(
    records: Sequence[Record], config: ExperimentConfig, layout: RunLayout, images: int
) -> Stop | None:
    """Why the experiment ended before its last round; None if it did not.

    Args:
        records: of all rounds, in order.
        images: number of images in the pool.
    """
    last = records[-1]
    if last.round == config.al.rounds - 1:
        return None
    if last.stop is not None:
        return Stop(last.stop)
    if last.queried is None:
        set_aside = " or set aside" if any(record.bad_images for record in records) else ""
        return Stop(f"all {images} images of the pool are labelled{set_aside}")
    if config.rga is None or any(read_regions(str(layout.round(last.round).regions))):
        what = "image" if config.rga is None else "region"
        budget = f"{config.al.budget} {config.al.budget_unit}"
        return Stop(f"al.budget = {budget} does not pay for the best {what}")
    return Stop("all passes agree on every image, so there is no region to query")
