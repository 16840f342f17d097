"""Images that a round must not query."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from raysal.data.labels import ANNOTATOR, NONE, LabelledImage, write_labels
from raysal.experiment.cost import Cost
from raysal.experiment.exclude import excluded_from_query
from raysal.experiment.layout import RunLayout
from raysal.experiment.record import Record
from tests.support.labels import whole_image
from tests.support.tiny_run import tiny

REGIONS = {"model": {"channel_dropout": 0.25}, "rga": {"w": 16, "subset": "all"}}
COST = Cost(1.0, 3072, 1)


def record(index: int, bad: tuple[str, ...]) -> Record:
    return Record(
        round=index,
        name="tiny",
        seed=0,
        strategy="DS",
        fingerprint="0",
        labelled=COST,
        queried=COST,
        class_pixels=(1,),
        miou=None,
        bad_images=bad,
    )


@pytest.fixture
def layout(tmp_path: Path) -> RunLayout:
    """Labels: `whole` in the initial set, half of `half` in round 0, its other half in round 1.

    `bad` is set aside in round 0.
    """
    layout = RunLayout(tmp_path)
    label = np.zeros((4, 6), np.uint8)
    upper = np.full((4, 6), NONE, np.uint8)
    upper[:2] = ANNOTATOR
    for folder, labelled in (
        (layout.initial.labels, whole_image("whole", label)),
        (layout.round(0).labels, LabelledImage("half", label, upper)),
        (layout.round(1).labels, LabelledImage("half", label, upper[::-1].copy())),
    ):
        folder.mkdir(parents=True)
        write_labels(folder, [labelled])
    for index, bad in enumerate([("bad",), ()]):
        layout.round(index).record.mkdir()
        record(index, bad).write(layout.round(index).record)
    return layout


@pytest.mark.parametrize(("changes", "excluded"), [
    ({}, [{"whole"}, {"whole", "half", "bad"}, {"whole", "half", "bad"}]),
    # A partly labelled image may be queried again until nothing of it is left.
    ({"reselect_partial": True}, [{"whole"}, {"whole", "bad"}, {"whole", "half", "bad"}]),
])  # fmt: skip
def test_labelled_and_bad_images_are_excluded(
    layout: RunLayout, changes: dict[str, Any], excluded: list[set[str]]
) -> None:
    config = tiny(layout.root, **{**REGIONS, "rga": {**REGIONS["rga"], **changes}})
    assert [excluded_from_query(config, layout, index) for index in range(3)] == excluded
