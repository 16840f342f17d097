"""Corrected labels (`data.corrections`) in the labels of a run, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from raysal.config.essence import essence
from raysal.data.decode import IGNORE, decode_mask, encode_png
from raysal.data.identity import changes, identify
from raysal.data.sets.corrections import BEFORE, MASKS, CorrectedImage, CorrectionList
from raysal.errors import DataError, RunError
from raysal.experiment.check_corrections import check_corrections
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.cost import NOTHING
from raysal.experiment.noise_config import NoiseConfig
from raysal.experiment.oracle import SimulatedOracle
from raysal.experiment.prepare import claim_folder
from raysal.experiment.query import Ask
from raysal.progress import Silent
from tests.support.fake_datasets import CLASSES, fake_folder
from tests.support.tiny_run import TINY


@pytest.fixture
def data(tmp_path):
    return fake_folder(tmp_path / "data")


def export(folder, item, change):
    """As the labelling tool writes it: the mask of an image after `change`, and before."""
    before = decode_mask(Path(item.label).read_bytes())
    after = before.copy()
    change(after)
    name = f"{item.image_id}.png"
    for kind, ids in ((MASKS, after), (BEFORE, before)):
        (folder / kind / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / kind / name).write_bytes(encode_png(ids))
    corrected = CorrectedImage(image_id=item.image_id, file=name, pixels=1, annotator="Ann")
    CorrectionList(source="a review", class_names=CLASSES, images=(corrected,)).write(folder)
    return folder


def square(ids):
    ids[4:8, 4:10] = (ids[4, 4] + 1) % len(CLASSES) if ids[4, 4] != IGNORE else 0


def corrected(data, folder):
    return data.model_copy(update={"corrections": str(folder)})


def experiment(data, tmp_path, **changes):
    values = {**TINY, "output": str(tmp_path / "runs"), "data": data.dump(), **changes}
    return ExperimentConfig.model_validate(values)


def labels(data, item, noise=None):
    oracle = SimulatedOracle(data, noise, 3)
    (label,) = oracle.answer([Ask(item.image_id, 0, 0, *data.size, 0.0, NOTHING)])
    return label.label


@pytest.mark.parametrize("noise", [None, NoiseConfig(rate=0.5, unit="segment")])
def test_an_answer_differs_exactly_where_it_was_corrected(data, tmp_path, noise):
    item, other = data.items("train")[:2]
    now = corrected(data, export(tmp_path / "c", item, square))
    before, after = labels(data, item, noise), labels(now, item, noise)
    wanted = now.corrected_by_id[item.image_id]
    at_working_size = wanted.put_on(np.full(data.size, 77, np.uint8)) != 77
    assert at_working_size.any()
    assert np.array_equal(after[at_working_size], wanted.put_on(before)[at_working_size])
    assert np.array_equal(after[~at_working_size], before[~at_working_size])
    assert np.array_equal(labels(now, other, noise), labels(data, other, noise))


def test_what_was_wiped_off_is_unknown_and_what_was_never_labelled_stays(data, tmp_path):
    item = data.items("train")[0]

    def wipe(ids):
        ids[6:9] = IGNORE

    now = corrected(data, export(tmp_path / "c", item, wipe))
    label = now.corrected_label(item)
    assert (label[6:9] == IGNORE).all()
    # The label of a region holds nothing outside of it: there, the mask of the data stays.
    for kind in (MASKS, BEFORE):
        path = tmp_path / "c" / kind / f"{item.image_id}.png"
        ids = decode_mask(path.read_bytes())
        ids[20:] = IGNORE
        path.write_bytes(encode_png(ids))
    fresh = corrected(data, tmp_path / "c")
    assert np.array_equal(fresh.corrected_label(item), label)


def test_a_plain_folder_of_maps_replaces_masks(data, tmp_path):
    item = data.items("train")[0]
    path = tmp_path / "maps" / f"{item.image_id}.png"
    path.parent.mkdir(parents=True)
    path.write_bytes(encode_png(np.ones(data.raw_label(item).shape, np.uint8)))
    now = corrected(data, tmp_path / "maps")
    check_corrections(experiment(now, tmp_path))
    assert (now.label(item) == 1).all()
    assert not (data.label(item) == 1).all()


def test_only_the_train_split_is_corrected(data, tmp_path):
    item, test = data.items("train")[0], data.items("test")[0]
    now = corrected(data, export(tmp_path / "c", item, square))
    assert now.correction(item) is not None
    assert now.correction(test) is None


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda f: (f / "corrections.json").unlink(), r"no file .*corrections\.json; export"),
        (lambda f: next(f.glob("masks/*/*")).unlink(), r"no file .*masks.*; export"),
        (lambda f: next(f.glob("before/*/*")).unlink(), r"no file .*before.*; export"),
        (lambda f: next(f.glob("masks/*/*")).write_bytes(b"x"), r"data\.corrections: .*png"),
        (lambda f: resave(f, np.zeros((3, 5), np.uint8)), r"is 3x5, but .* \(height x width\)"),
        (lambda f: resave(f, None), r"class id 99 is outside 0\.\."),
    ],
)
def test_damage_is_named(data, tmp_path, damage, message):
    folder = export(tmp_path / "c", data.items("train")[0], square)
    check_corrections(experiment(corrected(data, folder), tmp_path))
    damage(folder)
    with pytest.raises(DataError, match=message):
        check_corrections(experiment(corrected(data, folder), tmp_path))


def resave(folder, ids):
    path = next(folder.glob("masks/*/*"))
    if ids is None:
        ids = decode_mask(path.read_bytes())
        ids[0, 0] = 99
    path.write_bytes(encode_png(ids))


def test_maps_that_do_not_fit(data, tmp_path):
    item = data.items("train")[0]
    with pytest.raises(DataError, match=r"data\.corrections: no folder"):
        check_corrections(experiment(corrected(data, tmp_path / "none"), tmp_path))
    maps = tmp_path / "maps"
    maps.mkdir()
    with pytest.raises(DataError, match="it holds no map of class ids"):
        check_corrections(experiment(corrected(data, maps), tmp_path))
    (maps / "elsewhere.png").write_bytes(encode_png(np.zeros((4, 4), np.uint8)))
    with pytest.raises(DataError, match="'elsewhere', which is not in the train split of folder"):
        check_corrections(experiment(corrected(data, maps), tmp_path))
    (maps / "elsewhere.png").unlink()
    (maps / item.image_id).parent.mkdir()
    (maps / f"{item.image_id}.png").write_bytes(encode_png(np.zeros((4, 4), np.uint8)))
    with pytest.raises(DataError, match=r"is 4x4, its image \d+x\d+ \(height x width\)"):
        check_corrections(experiment(corrected(data, maps), tmp_path))
    other = export(tmp_path / "c", item, square)
    CorrectionList(source="", class_names=("a", "b"), images=()).write(other)
    with pytest.raises(DataError, match="has the classes a, b, the data "):
        check_corrections(experiment(corrected(data, other), tmp_path))


def test_labels_of_people_become_masks_first(data, tmp_path):
    folder = export(tmp_path / "c", data.items("train")[0], square)
    without = corrected(data, folder).model_copy(update={"masks": None, "lists": None})
    config = experiment(without, tmp_path, oracle="people")
    with pytest.raises(DataError, match=r"no mask to correct.*raysal annotate RUN --export"):
        check_corrections(config)


def test_corrections_are_part_of_what_a_run_is(data, tmp_path):
    item = data.items("train")[0]
    folder = export(tmp_path / "c", item, square)
    plain, now = (experiment(one, tmp_path) for one in (data, corrected(data, folder)))
    assert plain.fingerprint() != now.fingerprint()
    assert "data.corrections" not in plain.essence()
    # As for masks, the contents count, wherever they lie.
    assert essence(ExperimentConfig, now.dump())["data.corrections"] == "c"
    before, after = identify(data), identify(now.data)
    (change,) = changes(before, after)
    assert (change.split, change.what, change.ids) == ("train", "mask", (item.image_id,))
    export(folder, item, lambda ids: ids.fill(0))
    (change,) = changes(after, identify(corrected(data, folder)))
    assert (change.what, change.ids) == ("mask", (item.image_id,))


def test_a_run_that_was_begun_takes_none(data, tmp_path, monkeypatch):
    from raysal.experiment.layout import RunLayout

    folder = export(tmp_path / "c", data.items("train")[0], square)
    plain, now = (experiment(one, tmp_path) for one in (data, corrected(data, folder)))
    layout = RunLayout(plain.folder)
    layout.root.mkdir(parents=True)
    claim_folder(plain, layout, Silent())
    monkeypatch.setattr("raysal.experiment.prepare.has_finished_stage", lambda layout: True)
    with pytest.raises(RunError, match=r"data\.corrections: c\); give this run another name"):
        claim_folder(now, layout, Silent())
