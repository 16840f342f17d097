"""What is checked of data before a run changes anything on disk."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from raysal.data.sets.folder import Folder
from raysal.errors import ConfigError, DataError
from raysal.experiment.check import check_measured, check_splits
from raysal.experiment.config import ExperimentConfig
from tests.support.fake_datasets import fake_camvid, fake_folder


def folder(root: Path, **lists: Sequence[str]) -> Folder:
    """Twelve images in lists of these ids."""
    data = fake_folder(root, lists=False)
    for split, ids in lists.items():
        (root / f"{split}.txt").write_text("\n".join(ids))
    return data.model_copy(update={"lists": {split: str(root / f"{split}.txt") for split in lists}})


IDS = [f"town{number % 2}/{number:03d}" for number in range(12)]


@pytest.mark.parametrize(
    ("lists", "one", "other", "which"),
    [
        (
            {"train": IDS, "test": IDS[4:10]},
            "train",
            "test",
            "6 images are in both {}: 'town0/004', 'town0/006', 'town0/008' and 3 more;",
        ),
        (
            {"train": IDS[:6], "val": IDS[5:8], "test": IDS[8:]},
            "train",
            "val",
            "1 image is in both {}: 'town1/005';",
        ),
        (
            {"train": IDS[:6], "val": IDS[6:], "test": IDS[10:]},
            "val",
            "test",
            "2 images are in both {}: 'town0/010', 'town1/011';",
        ),
    ],
)
def test_ids_in_two_splits_are_refused(
    lists: dict[str, list[str]], one: str, other: str, which: str, tmp_path: Path
) -> None:
    both = f"the {one} split ({tmp_path}/{one}.txt) and the {other} split ({tmp_path}/{other}.txt)"
    with pytest.raises(DataError) as caught:
        check_splits(folder(tmp_path, **lists))
    assert str(caught.value) == (
        f"folder: {which.format(both)} an image may belong to one split only, so take it out of "
        "one of them"
    )


def test_disjoint_splits_are_accepted(tmp_path: Path) -> None:
    check_splits(folder(tmp_path, train=IDS[:6], val=IDS[6:8], test=IDS[8:]))
    check_splits(fake_folder(tmp_path / "hash", lists=False))


def test_an_id_twice_in_one_list_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="'town0/000' is in the train split twice"):
        check_splits(folder(tmp_path, train=[*IDS[:6], IDS[0]], test=IDS[8:]))


def measured(tmp_path: Path, *, test: Sequence[str] = (), **changes: Any) -> None:
    data = folder(tmp_path, train=[i for i in IDS if i not in test], test=test)
    values = {"name": "r", "data": data.dump(), "acquisition": {"name": "random"}, **changes}
    check_measured(ExperimentConfig.model_validate(values), check_splits(data))


def test_something_to_evaluate_on_is_needed(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"neither a test nor a val split .* al\.test"):
        measured(tmp_path / "a")
    measured(tmp_path / "b", al={"val": 2})
    measured(tmp_path / "c", oracle="people")


def test_images_to_evaluate_on_are_not_drawn_if_the_data_have_some(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"al\.test = 3 draws .* of 2 images; remove al\.test"):
        measured(tmp_path, test=IDS[:2], al={"test": 3})


def test_not_all_images_are_drawn_to_evaluate_on(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"draw {len(IDS)} images, but folder has {len(IDS)}"):
        measured(tmp_path, al={"test": len(IDS) - 1, "val": 1})


def test_the_lists_of_camvid_are_named(tmp_path: Path) -> None:
    data = fake_camvid(tmp_path)
    item = data.items("train")[0]
    shutil.copy(item.image, tmp_path / "val")
    shutil.copy(item.label, tmp_path / "valannot")
    listing = tmp_path / "val.txt"
    listing.write_text(f"{listing.read_text()}{Path(item.image).name}\n")
    with pytest.raises(DataError) as caught:
        check_splits(data)
    assert f"the train split ({tmp_path}/train.txt) and the val split ({listing}): " in str(
        caught.value
    )
    assert f"'{item.image_id}'" in str(caught.value)
