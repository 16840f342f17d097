"""Strips of images with regions: which, the truth of the whole image, and the labels that came."""

import io
import shutil
from dataclasses import replace
from unittest import mock

import numpy as np
import pytest
from PIL import Image

from raysal.report.build import build_report
from raysal.report.draw.pictures import dimmed, hatched
from raysal.report.runs.read import read_runs
from raysal.report.strips import region_figure
from raysal.report.strips.read import read_strips, wrong_share
from raysal.report.strips.region_figure import region_strip_figure
from tests.support.fabricate import SIZE
from tests.support.fabricate_regions import ASKED, make_region_run, truth


@pytest.fixture(scope="module")
def run(tmp_path_factory, checkpoints):
    folder = make_region_run(tmp_path_factory.mktemp("runs") / "a")
    add_model(folder, checkpoints)
    return folder


@pytest.fixture(scope="module")
def strips(run):
    return {strip.image_id: strip for strip in read_strips(read_runs([run])[0], 2)}


def add_model(folder, checkpoints):
    (folder / "rounds" / "000" / "model").mkdir()
    shutil.copy(checkpoints / "none.pt", folder / "rounds" / "000" / "model" / "model.pt")


def test_the_best_region_then_the_most_regions(strips):
    assert list(strips) == ["b", "a"]
    assert strips["b"].score == ASKED[0][3]
    assert strips["a"].regions == ((0, 0, 8, 8), (16, 16, 8, 8))
    assert strips["a"].labels.scores == (7, 5)


def test_the_truth_is_of_the_whole_image(strips):
    strip = strips["a"]
    assert strip.labels.truth_whole
    assert (strip.truth == truth()).all()
    assert strip.wrong_share == pytest.approx((strip.prediction != truth()).mean())


def test_labels_are_apart_from_extended_ones(strips):
    labels = strips["a"].labels
    assert labels.delivered.sum() == 128
    assert (labels.label[labels.delivered] == truth()[labels.delivered]).all()
    assert (labels.label[~labels.delivered] == 255).all()
    assert (labels.extended != 255).sum() == 20
    assert wrong_share(labels.extended, strips["a"].truth) == pytest.approx(4 / 20)
    assert (strips["b"].labels.extended == 255).all()


def test_without_the_data_the_truth_is_what_was_labelled(tmp_path, checkpoints):
    folder = make_region_run(tmp_path / "a", extension=None)
    add_model(folder, checkpoints)
    shutil.rmtree(tmp_path / "data")
    first = next(read_strips(read_runs([folder])[0], 1))
    assert not first.labels.truth_whole
    assert (first.truth != 255).sum() == 64
    assert first.labels.extended is None
    assert first.truth_is_label
    assert len(region_strip_figure(first)) > 0


def test_without_masks_there_is_no_panel_of_the_truth(strips):
    strip = strips["a"]
    unmasked = replace(strip, truth_is_label=True, labels=replace(strip.labels, truth_whole=False))
    shown = [titles(one) for one in (strip, unmasked)]
    assert "Ground truth" in shown[0]
    assert "Ground truth" not in shown[1]
    assert len(shown[0]) == len(shown[1]) + 1
    assert any(title.startswith("Not as labelled") for title in shown[1])


def titles(strip):
    with mock.patch.object(region_figure, "show", wraps=region_figure.show) as show:
        region_strip_figure(strip)
    return [call.args[1] for call in show.call_args_list]


def test_panels_stand_in_rows_of_three(strips):
    strip = strips["a"]
    without = replace(strip, labels=replace(strip.labels, extended=None))
    seventh = replace(strip, difficulty=np.zeros(SIZE, np.float32))
    heights = [
        Image.open(io.BytesIO(region_strip_figure(s))).height for s in (without, strip, seventh)
    ]
    assert heights[0] == heights[1] < heights[2]


def test_scores_of_any_size_are_drawn(strips):
    strip = strips["a"]
    scored = replace(strip.labels, scores=(None, 1.5e9))
    assert region_strip_figure(replace(strip, labels=scored, score=None))


def test_what_is_not_labelled_is_pale_and_grey():
    image = np.zeros((*SIZE, 3), np.uint8)
    image[..., 0] = 200
    pale = dimmed(image)
    assert pale.shape == image.shape
    assert (pale[..., 0] == pale[..., 1]).all()
    assert pale.min() > image.mean()
    assert 0 < (hatched(pale) != pale).any(-1).mean() < 0.5


def test_they_are_drawn_into_the_report(run, tmp_path):
    report = build_report([run], tmp_path / "out")
    drawn = {path.name for path in report.written if path.parent.name == "strips"}
    assert drawn == {"a-a.png", "a-b.png"}
    assert "orange extended labels are wrong" in report.page.read_text()
