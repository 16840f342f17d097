"""Label stores that do not belong to the run."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from raysal.data.decode import decode_mask, encode_png
from raysal.data.labels import FILE, SCHEMA, LabelledImage, read_labels, write_labels
from tests.support.commands import Raysal, Setting
from tests.support.damage import reseal_stage


def another_id(labelled: LabelledImage) -> LabelledImage:
    return replace(labelled, image_id=f"elsewhere/{labelled.image_id}")


def another_class(labelled: LabelledImage) -> LabelledImage:
    return replace(labelled, label=np.full_like(labelled.label, 14))


def another_size(labelled: LabelledImage) -> LabelledImage:
    return replace(labelled, label=labelled.label[:-2], source=labelled.source[:-2])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (another_id, ["has no image 'elsewhere/", "another pool or data set"]),
        (another_class, ["holds class 14", "3 classes", "to another data set"]),
        (another_size, ["the working size is"]),
    ],
)
def test_labels_of_another_data_set(
    change: object, words: list[str], raysal: Raysal, finished: Setting
) -> None:
    folder = finished.root / "initial" / "labels"
    labels = list(read_labels(folder))
    shutil.rmtree(finished.root / "rounds")
    write_labels(folder, [change(labelled) for labelled in labels])  # type: ignore[operator]
    reseal_stage(folder)
    raysal("run", finished.config).refused(*words)
    assert not (finished.root / "rounds/000/model").exists()


def test_a_source_map_of_the_wrong_shape(raysal: Raysal, finished: Setting) -> None:
    folder = finished.root / "initial" / "labels"
    shutil.rmtree(finished.root / "rounds")
    cut_source_maps(folder / FILE)
    reseal_stage(folder)
    raysal("run", finished.config).refused("the source map of", "its label map")


def cut_source_maps(path: Path) -> None:
    """Take a row off every source map of a label store."""
    rows = pq.read_table(path).to_pylist()
    for row in rows:
        row["source"] = encode_png(decode_mask(row["source"])[:-1])
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), path)
