"""Strips of queried images, from a real checkpoint and a real pool."""

import html
import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from raysal.data.decode import encode_png
from raysal.data.labels import LabelledImage, write_labels
from raysal.data.pool.sources import Source
from raysal.data.pool.writer import write_pool
from raysal.errors import CheckpointError, DataError
from raysal.report.build import build_report
from raysal.report.draw.pictures import colour
from raysal.report.runs.asked import asked_round
from raysal.report.runs.read import read_runs
from raysal.report.strips.figure import (
    error_picture,
    error_title,
    legend_entries,
    strip_figure,
)
from raysal.report.strips.read import missing_for_strips, read_strips
from tests.support.fabricate import CLASSES, PALETTE, SIZE, make_run, write_answered, write_query
from tests.support.labels import whole_image

IDS = ("seq/01 a.png", "seq_01 a.png", "z")


def make_asked_run(folder, checkpoint, labels, rows):
    """A run of two rounds, of which the first asked for `rows` and got `labels`."""
    run = make_run(folder, [0.5, 0.6])
    images = {n: encode_png(np.full((*SIZE, 3), 60 * k, np.uint8)) for k, n in enumerate(IDS)}
    write_pool(
        [Source(name, lambda data=data: data) for name, data in images.items()],
        str(run / "pool"),
    )
    asked = run / "rounds" / "000"
    (asked / "model").mkdir()
    (asked / "model" / "model.pt").write_bytes(checkpoint.read_bytes())
    write_query(asked, rows)
    (asked / "labels").mkdir()
    write_labels(asked / "labels", labels)
    return run


def whole(name, score=1.0):
    row = {"image_id": name, "row": 0, "col": 0, "height": SIZE[0], "width": SIZE[1]}
    return row | {"score": score}


def truth(value=0):
    return np.full(SIZE, value, np.uint8)


@pytest.fixture
def run(tmp_path, checkpoints):
    labels = [whole_image(name, truth(1)) for name in IDS]
    rows = [whole(name, 1 - k / 10) for k, name in enumerate(reversed(IDS))]
    return make_asked_run(tmp_path / "a", checkpoints / "late.pt", labels, rows)


@pytest.fixture(scope="module")
def strips(tmp_path_factory, checkpoints):
    """Two strips of a run that asked for three whole images."""
    labels = [whole_image(name, truth(1)) for name in IDS]
    rows = [whole(name, 1 - k / 10) for k, name in enumerate(reversed(IDS))]
    folder = tmp_path_factory.mktemp("runs") / "a"
    run = make_asked_run(folder, checkpoints / "late.pt", labels, rows)
    return list(read_strips(read_runs([run])[0], 2))


def test_the_first_of_the_query_are_drawn_in_its_order(strips):
    assert [strip.image_id for strip in strips] == ["z", "seq_01 a.png"]
    assert [strip.score for strip in strips] == [1, 0.9]
    assert all(strip.image.shape == (*SIZE, 3) for strip in strips)
    assert (strips[0].image == 120).all()


def test_difficulty_is_there_with_the_branch_only(strips, run, checkpoints):
    with_branch = strips[0]
    (run / "rounds" / "000" / "model" / "model.pt").write_bytes(
        (checkpoints / "none.pt").read_bytes()
    )
    without = next(read_strips(read_runs([run])[0], 1))
    assert with_branch.difficulty.shape == SIZE
    assert 0 <= with_branch.difficulty.min() <= with_branch.difficulty.max() <= 1
    assert without.difficulty is None
    widths = [Image.open(io.BytesIO(strip_figure(s))).width for s in (with_branch, without)]
    assert widths[0] > widths[1]


def test_errors_count_known_pixels_only(tmp_path, checkpoints):
    run = make_asked_run(
        tmp_path / "a", checkpoints / "none.pt", [whole_image("z", truth(255))], [whole("z")]
    )
    strip = next(read_strips(read_runs([run])[0], 1))
    assert strip.wrong_share is None
    known = strip.prediction.copy()
    known[:8] = (known[:8] + 1) % len(CLASSES)
    known[24:] = 255
    asked = run / "rounds" / "000" / "labels"
    write_labels(asked, [whole_image("z", known)])
    strip = next(read_strips(read_runs([run])[0], 1))
    assert strip.wrong_share == pytest.approx(8 / 24)
    tones = error_picture(strip)
    assert len({tuple(tones[row, 0]) for row in (0, 10, 30)}) == 3
    assert tuple(tones[30, 0]) == (189, 189, 189)


def test_regions_asked_for_are_shown_and_the_rest_is_unknown(tmp_path, checkpoints):
    label, source = truth(255), truth(0)
    label[4:12, 8:16], source[4:12, 8:16] = 2, 1
    box = {"row": 4, "col": 8, "height": 8, "width": 8}
    rows = [whole("z") | box, whole(IDS[0]) | box, whole("z") | box | {"row": 20}]
    labels = [LabelledImage("z", label, source)]
    run = make_asked_run(tmp_path / "a", checkpoints / "none.pt", labels, rows)
    first, second = read_strips(read_runs([run])[0], 2)
    assert first.regions == ((4, 8, 8, 8), (20, 8, 8, 8))
    assert (first.truth != 255).sum() == 64
    assert second.image_id == IDS[0]
    assert (second.truth == 255).all()


def test_a_whole_image_has_no_box(strips):
    assert all(strip.regions == () for strip in strips)


def test_strips_are_of_the_last_round_that_asked(run):
    write_query(run / "rounds" / "001", [whole("z")])
    data = asked_round(read_runs([run])[0])
    assert data is not None
    assert data.index == 1


def test_files_have_safe_and_different_names(run, tmp_path):
    report = build_report([run], tmp_path / "out")
    drawn = [path for path in report.written if path.parent == tmp_path / "out" / "strips"]
    assert len(drawn) == len(IDS)
    assert len({path.name for path in drawn}) == len(IDS)
    assert all("/" not in path.name and " " not in path.name for path in drawn)
    assert all(path.name.startswith("a-") for path in drawn)
    text = report.page.read_text()
    assert text.count("data:image/png;base64,") == 2 + len(IDS)


def test_strips_are_of_the_run_with_the_lowest_seed(run, tmp_path):
    other = make_run(tmp_path / "b", [0.5, 0.6], seed=1)
    report = build_report([other, run], tmp_path / "out", strips=1)
    drawn = [path.name for path in report.written if path.parent.name == "strips"]
    assert drawn == ["a-z.png"]


@pytest.mark.parametrize(
    ("gone", "why"),
    [
        ("pool/pool.json", None),
        ("rounds/000/model/model.pt", "its model of round 0"),
        ("rounds/000/labels/labels.parquet", "its labels of round 0"),
        ("rounds/000/query/query.parquet", "no round has a query that was answered"),
    ],
)
def test_what_is_gone_is_said(run, tmp_path, gone, why):
    (run / gone).unlink()
    found = missing_for_strips(read_runs([run])[0])
    if why is None:
        assert found is None
        return
    assert why in found
    report = build_report([run], tmp_path / "out")
    assert any(why in note for note in report.notes)


def test_a_damaged_query_is_named(run):
    (run / "rounds" / "000" / "query" / "query.parquet").write_bytes(b"PAR1")
    with pytest.raises(DataError, match=r"query\.parquet is damaged"):
        list(read_strips(read_runs([run])[0], 1))


def test_a_damaged_model_is_named(run):
    (run / "rounds" / "000" / "model" / "model.pt").write_bytes(b"no model")
    with pytest.raises(CheckpointError, match=r"model\.pt"):
        list(read_strips(read_runs([run])[0], 1))


def test_what_people_drew_is_not_called_the_truth(run, tmp_path):
    answers = [{"image_id": name, "state": "labelled"} for name in IDS]
    answers[0]["state"] = "known"
    write_answered(run / "rounds" / "000", *answers)
    found = {strip.image_id: strip for strip in read_strips(read_runs([run])[0], 3)}
    assert [found[name].truth_is_label for name in IDS] == [False, True, True]
    drawn, masked = found["z"], found[IDS[0]]
    assert legend_entries(drawn)[-1][0] == "no label"
    assert legend_entries(masked)[-1][0] == "no ground truth"
    assert error_title(drawn).startswith("Not as labelled (")
    assert error_title(masked).startswith("Errors (")
    assert error_title(replace(drawn, truth=truth(255))) == "Errors (no labels)"
    page = html.unescape(build_report([run], tmp_path / "out").page.read_text())
    assert "image, annotator's labels, prediction and errors of z" in page
    assert f"image, ground truth, prediction and errors of {IDS[0]}" in page
    assert "what annotators drew is taken for the truth" in page


def test_images_that_nobody_labelled_are_not_drawn(run, tmp_path):
    states = ("given back", "labelled", "unusable")
    answers = [{"image_id": i, "state": s} for i, s in zip(IDS, states, strict=True)]
    write_answered(run / "rounds" / "000", *answers)
    (strip,) = read_strips(read_runs([run])[0], 3)
    assert strip.image_id == IDS[1]
    write_answered(run / "rounds" / "000", *({**row, "state": "unusable"} for row in answers))
    report = build_report([run], tmp_path / "out")
    assert "no image of the query of round 0 was labelled" in report.notes[-1]
    assert not (tmp_path / "out" / "strips").exists()


def test_the_legend_names_every_class_even_one_with_an_underscore(strips):
    strip = replace(strips[0], class_names=("_road_", "car", "_"))
    names = [name for name, _ in legend_entries(strip)]
    assert names[:3] == ["road_", "car", "(no name)"]
    assert not any(name.startswith("_") for name in names)


def test_class_colours_leave_white_for_what_has_no_label():
    picture = colour(np.array([[0, 2, 255]], np.uint8), PALETTE)
    assert picture[0].tolist() == [list(PALETTE[0]), list(PALETTE[2]), [255, 255, 255]]
