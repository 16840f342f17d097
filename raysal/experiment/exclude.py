"""Images that a round must not query."""

from __future__ import annotations

from raysal.data.labels import labelled_ids, partly_labelled
from raysal.experiment.answered import unusable_ids
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.layout import RunLayout
from raysal.experiment.record import Record


def excluded_from_query(
    config: ExperimentConfig, layout: RunLayout, round_index: int
) -> frozenset[str]:
    """Images that are labelled or have been set aside before a round, or that are measured on.

    With `rga.reselect_partial`, partly labelled images may be queried again.
    """
    folders = layout.label_folders(round_index)
    labelled = {image_id for folder in folders for image_id in labelled_ids(folder)}
    measured_on = {
        image_id
        for here in (layout.test, layout.val)
        if here.labels.exists()
        for image_id in labelled_ids(here.labels)
    }
    if config.rga is not None and config.rga.reselect_partial:
        labelled -= partly_labelled(folders)
    records = (Record.read(layout.round(index).record) for index in range(round_index))
    set_aside = {image_id for record in records for image_id in record.bad_images}
    set_aside |= unusable_ids(layout.all_queries(round_index))
    return frozenset(labelled | measured_on | set_aside)
