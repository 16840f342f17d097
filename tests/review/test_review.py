"""Reviews of runs: who judges what, what is written, and what becomes of it."""

import csv
import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from raysal.annotate.tool.workplaces.find import Place, find_workplace
from raysal.annotate.tool.workplaces.review import ReviewPlace
from raysal.cli.main import app
from raysal.data.labels import labelled_ids, read_labels
from raysal.data.sets.corrections import CorrectionList
from raysal.errors import ConfigError, DataError, RunError
from raysal.experiment.check_corrections import check_corrections
from raysal.experiment.cost import NOTHING
from raysal.experiment.layout import RunLayout
from raysal.experiment.oracle import SimulatedOracle
from raysal.experiment.query import Ask
from raysal.progress import Silent
from raysal.report.build import build_report
from raysal.review.found import Review, read_found
from raysal.review.judges import judged, train_folds
from raysal.review.run import review_run
from tests.support.fabricate import make_run
from tests.support.labelling import served


def no_engine(config):
    raise AssertionError("nothing is to be trained")


def test_no_label_is_judged_by_a_model_that_was_trained_on_it(noisy, reviewed):
    layout = RunLayout(noisy.folder)
    initial, queried = (
        frozenset(labelled_ids(here.labels)) for here in (layout.initial, layout.round(0))
    )
    first, second, later = reviewed.judged
    assert (first.seen, second.seen, later.seen) == (False, False, False)
    assert first.ids | second.ids == initial
    assert not first.ids & second.ids
    for number, part in enumerate((first, second)):
        trained_on = labelled_ids(layout.review / "folds" / f"labels-2-{number}")
        assert part.ids | set(trained_on) == initial
        assert not part.ids & set(trained_on)
    # The images of a query were chosen by the model that judges their labels.
    assert (later.ids, later.model) == (queried, layout.round(0).model)


def test_without_folds_the_first_labels_are_said_to_be_known(noisy):
    initial, later = judged(RunLayout(noisy.folder))
    assert (initial.seen, initial.model.parent.name) == (True, "001")
    assert not later.seen


def test_wrong_labels_are_found(reviewed):
    """Better than chance."""
    review = reviewed.review
    assert review.suspects == len(reviewed.found) > 0
    chance = sum(image.wrong for image in images_of(reviewed)) / sum(
        image.pixels for image in images_of(reviewed)
    )
    assert review.pixel_precision is not None
    assert review.pixel_recall is not None
    assert review.pixel_precision > 1.5 * 100 * chance
    assert review.precision[review.suspects] == pytest.approx(
        100 * np.mean([(one.suspect.wrong or 0) > 0.5 for one in reviewed.found])
    )


def images_of(reviewed):
    from types import SimpleNamespace

    rows = pq.read_table(reviewed.folder / "images.parquet").to_pylist()
    return [SimpleNamespace(**row) for row in rows]


def test_the_lists(reviewed):
    rows = pq.read_table(reviewed.folder / "suspects.parquet").to_pylist()
    assert [row["rank"] for row in rows] == list(range(1, len(rows) + 1))
    probabilities = [row["probability"] for row in rows]
    assert probabilities == sorted(probabilities)
    assert {row["query"] for row in rows} <= {"initial", "round-000"}
    qualities = [image.quality for image in images_of(reviewed)]
    assert qualities == sorted(qualities)
    assert len(qualities) == 18
    names = reviewed.config.data.class_names
    assert read_found(reviewed.folder, names, 5) == reviewed.found[:5]


def test_labels_are_corrected_not_drawn_anew(noisy, reviewed, tmp_path):
    folder = tmp_path / "review"
    shutil.copytree(reviewed.folder, folder)
    place = find_workplace(Place(folder), Silent())
    assert isinstance(place, ReviewPlace)
    server = served(place)
    ann = server.person("Ann")
    listed = ann.queue()["images"]
    shown = list(dict.fromkeys(one.image_id for one in reviewed.found))
    assert [image["id"] for image in listed] == shown
    assert {image["state"] for image in listed} == {"draft"}
    image = server.images[0]
    here = {q.name: q for q in (RunLayout(noisy.folder).initial, RunLayout(noisy.folder).round(0))}
    (label,) = read_labels(here[image.query].labels, {image.image_id})
    draft = server.stored()
    assert draft is not None
    assert np.array_equal(draft.raster, label.label)  # The images of streets are of this size.
    ann.open()
    assert ann.finish(draft.raster).json()["state"] == "done"
    assert ann.queue()["images"][0]["state"] == "done"


def test_what_was_corrected_is_exported_and_used_by_a_new_run(noisy, reviewed, tmp_path):
    folder = tmp_path / "review"
    shutil.copytree(reviewed.folder, folder)
    server = served(find_workplace(Place(folder), Silent()))
    ann = server.person("Ann")
    for index in (0, 1):  # One is corrected, one is finished as it is.
        image, draft = server.images[index], server.stored(index)
        raster = draft.raster.copy()
        if index == 0:
            raster[10:20, 10:30] = (raster[10:20, 10:30] + 1) % 11
        ann.open(index)
        assert ann.finish(raster, index).json()["state"] == "done"
    out = tmp_path / "corrected"
    done = CliRunner().invoke(app, ["annotate", str(folder), "--export", str(out)])
    assert done.exit_code == 0, done.output
    said = " ".join(done.output.split())
    assert "2 masks in" in said
    assert "1 of them were corrected: a new run uses them with data.corrections=" in said
    (listed,) = CorrectionList.read(out).images
    image = server.images[0]
    assert (listed.image_id, listed.annotator) == (image.image_id, "Ann")
    assert 190 <= listed.pixels <= 200  # The annotator left some pixels of it unlabelled.
    data = noisy.data.model_copy(update={"corrections": str(out)})
    check_corrections(noisy.model_copy(update={"data": data}))
    ask = [Ask(image.image_id, 0, 0, *data.size, 0.0, NOTHING)]
    before, after = (
        next(SimulatedOracle(one, noisy.noise, noisy.seed).answer(ask)).label
        for one in (noisy.data, data)
    )
    assert int((before != after).sum()) == listed.pixels
    assert not (before != after)[20:].any()


def test_review_is_no_option_of_a_run_that_asks_for_nothing(noisy, reviewed):
    done = CliRunner().invoke(app, ["annotate", str(noisy.folder), "--review"])
    assert isinstance(done.exception, ConfigError)
    said = str(done.exception)
    assert "asks people for nothing" in said
    assert f"`raysal annotate {noisy.folder}/review` opens the labels" in said


def test_precision_is_in_the_report(noisy, reviewed, tmp_path):
    report = build_report([noisy.folder], tmp_path / "out", strips=0)
    page = report.page.read_text()
    assert "Label errors" in page
    assert "Precision [%]" in page
    with (tmp_path / "out" / "label_errors.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["first"]) for row in rows] == list(reviewed.review.precision)
    precision = [float(row["precision"]) for row in rows]
    assert precision == pytest.approx(list(reviewed.review.precision.values()), abs=1e-5)


def test_the_command_draws_and_says_what_was_not_unseen(noisy, tmp_path):
    out = tmp_path / "review"
    done = CliRunner().invoke(app, ["review", str(noisy.folder), "--out", str(out), "--top", "3"])
    assert done.exit_code == 0, done.output
    assert "judged by a model that was trained on them" in " ".join(done.output.split())
    pictures = sorted((out / "pictures").iterdir())
    assert pictures
    assert pictures[0].name.startswith("0001-")
    assert Review.read(out).shown == min(3, Review.read(out).suspects)


def test_what_is_there_is_kept(noisy, reviewed):
    with pytest.raises(RunError, match="choose an empty or new folder for the review"):
        review_run(noisy.folder, reviewed.folder, no_engine, Silent())


def test_folds_that_are_there_are_not_trained_again(noisy, reviewed):
    models = train_folds(
        noisy, RunLayout(noisy.folder), 2, reviewed.folder / "folds", no_engine, Silent()
    )
    assert [model.name for model in models] == ["model-2-0", "model-2-1"]


def test_more_folds_than_images(noisy, tmp_path):
    with pytest.raises(ConfigError, match="--folds 13: the run began with 12 images"):
        train_folds(noisy, RunLayout(noisy.folder), 13, tmp_path, no_engine, Silent())


def test_no_run(tmp_path):
    with pytest.raises(RunError, match="is not a run; give the folder that `raysal run` printed"):
        review_run(tmp_path, tmp_path / "out", no_engine, Silent())


def test_a_run_without_a_model(noisy, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    shutil.copy(noisy.folder / "config.yaml", run)
    with pytest.raises(RunError, match="has no trained model yet"):
        review_run(run, tmp_path / "out", no_engine, Silent())


def test_a_damaged_list_is_named(reviewed, tmp_path):
    shutil.copytree(reviewed.folder, tmp_path / "review")
    (tmp_path / "review" / "suspects.parquet").write_bytes(b"")
    with pytest.raises(DataError, match=r"suspects\.parquet is damaged: .*review again"):
        read_found(tmp_path / "review", reviewed.config.data.class_names, 5)


def test_a_report_without_a_review_does_not_mention_it(tmp_path):
    report = build_report([make_run(tmp_path / "a", [0.5])], tmp_path / "out")
    assert "Label errors" not in report.page.read_text()
