"""What the report counts of regions: their classes, labels, ratings, and how good extension is."""

import csv
import io
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from raysal.errors import DataError
from raysal.report.build import build_report
from raysal.report.regions.classes import region_classes
from raysal.report.regions.coverage import class_rows
from raysal.report.regions.extension import checked
from raysal.report.regions.ratings import read_ratings
from raysal.report.regions.section import region_section
from raysal.report.runs.read import read_runs
from raysal.report.runs.series import group
from raysal.report.runs.truth import Truths
from tests.support.fabricate import edit_json, make_run, write_query
from tests.support.fabricate_regions import EXTENSION, PIXELS, make_region_run

REGION_FILES = {
    "coverage.csv",
    "coverage.png",
    "label_classes.csv",
    "calibration.csv",
    "region_classes.csv",
    "ratings.csv",
    "ratings.png",
}


def load(*folders):
    runs = read_runs(folders)
    return group(runs)


def section_of(*folders):
    return region_section(load(*folders), Truths())


def rows_of(table):
    return list(csv.DictReader(io.StringIO(table.csv())))


def test_whole_images_have_no_section_and_no_files(tmp_path):
    run = make_run(tmp_path / "a", [0.5, 0.6])
    assert section_of(run) is None
    report = build_report([run], tmp_path / "out")
    assert not {path.name for path in report.written} & REGION_FILES
    assert "Classes in regions" not in report.page.read_text()


def test_regions_have_tables_figures_and_their_place_on_the_page(tmp_path):
    report = build_report([make_region_run(tmp_path / "a")], tmp_path / "out", strips=0)
    assert {path.name for path in report.written} >= REGION_FILES
    page = report.page.read_text()
    for title in ("Annotated and extended", "Calibration of", "Classes in regions", "Ratings of"):
        assert title in page
    assert page.count("data:image/png;base64,") == 4
    assert report.notes == ()


def test_classes_in_regions_are_compared_with_their_images(tmp_path):
    (series,) = load(make_region_run(tmp_path / "a"))
    found = region_classes(series, Truths())
    road, car, pole = found.rows
    # Two regions hold the pole's 16 pixels, one is all road; a third of nothing is car.
    assert pole == ("pole", True, 100 * 32 / 2 / PIXELS, 100 * 32 / 192, pytest.approx(16))
    assert car[1:] == (False, 50, 0, 0)
    assert road[4] == pytest.approx((160 / 192) / (752 / PIXELS))
    assert (found.images, found.asked) == (2, 2)
    assert "contain 16.00 times as many pixels of rare classes (pole)" in found.words


def test_pixels_asked_for_twice_count_once(tmp_path):
    run = make_region_run(tmp_path / "a")
    query = run / "rounds" / "000" / "query"
    shutil.copytree(query, run / "rounds" / "001" / "query")
    (series,) = load(run)
    twice = region_classes(series, Truths())
    assert (sum(twice.inside), twice.images) == (2 * 192, 4)
    assert twice.times_chance(2) == pytest.approx(16)


def test_nothing_rare_is_said(tmp_path):
    run = make_region_run(tmp_path / "a")
    for mask in (tmp_path / "data" / "masks").iterdir():
        shutil.copy(tmp_path / "data" / "images" / "a.png", mask)
        from_zeros(mask)
    (series,) = load(run)
    assert region_classes(series, Truths()).words.startswith("No class has less than 2 %")


def from_zeros(path):
    import numpy as np

    from raysal.data.decode import encode_png

    path.write_bytes(encode_png(np.zeros((32, 48), np.uint8)))


def test_extended_labels_are_checked_where_the_model_was_trained_on_them(tmp_path):
    (run,) = read_runs([make_region_run(tmp_path / "a")])
    first, second = (checked(run, data, Truths()) for data in run.rounds)
    assert first is None
    assert (second.pixels, second.right) == ((20, 0, 0), (16, 0, 0))
    assert second.percent == second.class_percent(0) == 80
    assert second.class_percent(1) is None


def test_coverage_of_the_pool_by_annotators_and_extension(tmp_path):
    section = section_of(make_region_run(tmp_path / "a"))
    first, second = rows_of(section.tables["coverage"])
    assert (first["pool_pixels"], first["annotator_pixels"]) == (str(4 * PIXELS), "1000")
    assert first["extended_pixels"] == ""
    assert float(second["annotator_percent"]) == pytest.approx(100 * (PIXELS + 208) / 4 / PIXELS)
    assert float(second["extended_percent"]) == pytest.approx(100 * 20 / 4 / PIXELS, abs=1e-6)
    assert second["extended_precision"] == "80"


def test_without_a_pool_there_are_pixels_and_no_shares(tmp_path):
    run = make_region_run(tmp_path / "a")
    shutil.rmtree(run / "pool")
    row = rows_of(section_of(run).tables["coverage"])[1]
    assert (row["annotator_percent"], row["extended_pixels"]) == ("", "20")


def test_class_shares_of_annotators_and_extension_apart(tmp_path):
    (series,) = load(make_region_run(tmp_path / "a"))
    check = checked(series.runs[0], series.runs[0].rounds[1], Truths())
    road, car, pole = class_rows(series, 1, {("a", 1): check})
    assert (road.extended, car.extended, pole.extended) == (100, 0, 0)
    assert (road.right, car.right) == (80, None)
    assert pole.annotators == pytest.approx(100 * 48 / (PIXELS + 208))


def test_calibration_of_every_round(tmp_path):
    section = section_of(make_region_run(tmp_path / "a"))
    (row,) = rows_of(section.tables["calibration"])
    assert (row["round"], row["beta"], row["tau_sim"], row["extends"]) == (
        "0",
        "50",
        "0.950000",
        "yes",
    )
    assert (row["wanted_precision"], row["precision"], row["measured_precision"]) == (
        "95",
        "96",
        "80",
    )


def test_an_extension_that_is_off_says_so(tmp_path):
    off = {"thresholds": None, "against": "clean"}
    run = make_region_run(tmp_path / "a", extension=EXTENSION | off)
    section = section_of(run)
    (row,) = rows_of(section.tables["calibration"])
    assert (row["extends"], row["beta"], row["precision"]) == ("no", "", "96")
    assert row["against"] == "clean"
    page = build_report([run], tmp_path / "out", strips=0).page.read_text()
    assert ">off<" in page
    assert "against the masks of the data set without the annotator's noise (a)." in page


def test_what_annotators_refused_to_extend_is_shown(tmp_path):
    """Of 25 pixels to be extended as road, 5 are refused; and all 3 as pole."""
    run = make_region_run(tmp_path / "a", extension=EXTENSION | {"refused": [5, 0, 3]})
    section = section_of(run)
    (row,) = rows_of(section.tables["calibration"])
    assert row["refused_pixels"] == "8"
    assert [row.refused for row in section.labels[0].classes] == [20, None, 100]
    rows = [row for row in rows_of(section.tables["label_classes"]) if row["round"] == "1"]
    assert [row["refused_pixels"] for row in rows] == ["5", "0", "3"]
    page = build_report([run], tmp_path / "out", strips=0).page.read_text()
    assert "Refused [%]</th>" in page
    assert "Refused [pixels]</th>" in page
    other = make_region_run(tmp_path / "b")
    page = build_report([other], tmp_path / "out b", strips=0).page.read_text()
    assert "Refused" not in page


def test_without_extension_only_what_annotators_said_is_shown(tmp_path):
    run = make_region_run(tmp_path / "a", extension=None)
    page = build_report([run], tmp_path / "out", strips=0).page.read_text()
    assert "Annotated and extended labels</h2>" in page
    assert "hollow markers" not in page
    section = section_of(run)
    assert set(section.files) == {
        "coverage.csv",
        "region_classes.csv",
        "ratings.csv",
        "ratings.png",
    }
    assert not section.calibration


def test_ratings_mark_the_subset_and_what_was_asked_for(tmp_path):
    section = section_of(make_region_run(tmp_path / "a"))
    rows = [tuple(row.values())[3:] for row in rows_of(section.tables["ratings"])]
    assert rows == [
        ("a", "0.900000", "yes", "2"),
        ("b", "0.500000", "yes", "1"),
        ("c", "0.100000", "no", "0"),
    ]
    (_, ratings), *_ = section.ratings
    assert ratings.words == (
        "The panoptic subset is the best 2 of 3 candidates; the query contains 3 regions "
        "in 2 of them."
    )


def test_without_a_subset_no_image_is_rated(tmp_path):
    (series,) = load(make_region_run(tmp_path / "a", subset="all"))
    assert read_ratings(series) is None


def test_who_asks_for_whole_images_is_named_beside_those_who_ask_for_regions(tmp_path):
    images = make_run(tmp_path / "e", [0.5, 0.6], config={"data": {"name": "folder"}})
    report = build_report([make_region_run(tmp_path / "a"), images], tmp_path / "out", strips=0)
    assert "DS (entropy) queries whole images, so it has no panoptic" in report.page.read_text()


def test_without_the_data_the_report_says_what_is_missing(tmp_path):
    run = make_region_run(tmp_path / "a")
    shutil.rmtree(tmp_path / "data")
    report = build_report([run], tmp_path / "out", strips=0)
    (note,) = report.notes
    assert note.startswith("No ground truth for a except the annotators' labels: data.images: no f")
    names = {path.name for path in report.written}
    assert "region_classes.csv" not in names
    assert "coverage.png" in names


def test_without_masks_the_sections_say_that_they_need_them(tmp_path):
    run = make_region_run(tmp_path / "a")
    shutil.rmtree(tmp_path / "data" / "masks")
    config = (run / "config.yaml").read_text()
    assert "masks:" in config
    lines = [line for line in config.splitlines() if not line.startswith("  masks:")]
    (run / "config.yaml").write_text("\n".join(lines))
    report = build_report([run], tmp_path / "out", strips=0)
    assert report.notes == ()
    page = report.page.read_text()
    assert "Whether extended labels are right is not known: it takes masks of whole" in page
    assert "compared with the rest of their images, is not known: it takes masks" in page
    assert "Right [%]" not in page
    assert "Measured [%]" not in page
    section = section_of(run)
    assert [one.unmasked for one in section.labels] == [True]
    assert rows_of(section.tables["coverage"])[1]["images_checked"] == "0"
    assert not section.sampled
    assert not section_of(make_region_run(tmp_path / "b", seed=1)).labels[0].unmasked


def test_images_drawn_to_measure_on_are_no_part_of_the_pool(tmp_path):
    run = make_region_run(tmp_path / "a")
    box = {"row": 0, "col": 0, "height": 32, "width": 48, "score": None}
    write_query(run / "test", [{"image_id": "c", **box}])
    query = run / "test" / "query" / "query.parquet"
    table = pq.read_table(query).to_pylist()
    costs = {"cost_images": 1.0, "cost_pixels": PIXELS, "cost_seconds": None}
    pq.write_table(pa.Table.from_pylist([{**row, **costs} for row in table]), query)
    section = section_of(run)
    assert rows_of(section.tables["coverage"])[0]["pool_pixels"] == str(3 * PIXELS)
    assert section.held_out
    page = build_report([run], tmp_path / "out", strips=0).page.read_text()
    assert "drawn by lot to measure on are not counted" in page


def test_damaged_scores_are_named(tmp_path):
    run = make_region_run(tmp_path / "a")
    (run / "rounds" / "000" / "scores" / "part-x.parquet").write_bytes(b"PAR1")
    with pytest.raises(DataError, match=r"000/scores is damaged"):
        section_of(run)


def test_extended_pixels_of_another_number_of_classes(tmp_path):
    run = make_region_run(tmp_path / "a")
    edit_json(run / "rounds" / "001" / "record" / "record.json", extended_pixels=[1])
    with pytest.raises(DataError, match="differ in the number of classes"):
        read_runs([run])


def test_seeds_and_strategies_share_the_page(tmp_path):
    runs = [
        make_region_run(tmp_path / "a"),
        make_region_run(tmp_path / "b", seed=1),
        make_region_run(tmp_path / "c", strategy="Region-only w/o CLE", extension=None),
    ]
    section = section_of(*runs)
    assert [len(rows_of(section.tables[name])) for name in ("coverage", "calibration")] == [6, 2]
    assert [one.label for one in section.labels] == ["CPRAL", "Region-only w/o CLE"]
    assert [len(one.classes) for one in section.labels] == [3, 0]
    assert section.labels[0].rows[1].right.n == 2
    assert build_report(runs, tmp_path / "out", strips=0).page.is_file()
