"""Runs measured on other images are not compared."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from raysal.errors import RunError
from raysal.report.build import build_report
from raysal.report.runs.measured_on import check_same_images, measured_on_others
from raysal.report.runs.read import RunData, read_runs
from tests.support.fabricate import edit_json, make_run

OTHER = [[100, 0, 0], [0, 90, 10], [0, 0, 101]]


def run(
    root: Path,
    name: str,
    *images: int,
    contents: Sequence[str | None] = (),
    size: Sequence[int] = (32, 48),
    **settings: object,
) -> Path:
    """A run whose rounds were measured on so many images."""
    folder = make_run(
        root / name,
        [0.5] * len(images),
        seed=ord(name[0]),
        config={"data": {"name": "folder", "size": list(size)}},
        **settings,
    )
    for index, count in enumerate(images):
        file = folder / "rounds" / f"{index:03d}" / "metrics" / "metrics.json"
        edit_json(file, images=count)
        if contents:
            edit_json(file, split_contents=contents[index])
    return folder


def refusal(*folders: Path) -> str:
    with pytest.raises(RunError) as caught:
        check_same_images(read_runs(folders))
    return str(caught.value)


def names(runs: Sequence[tuple[RunData, RunData]]) -> list[tuple[str, str]]:
    return [(one.name, other.name) for one, other in runs]


def test_other_test_images_are_refused_and_counted(tmp_path: Path) -> None:
    a = run(tmp_path, "a", 10, 10, contents=["x", "x"])
    b = run(tmp_path, "b", 2, 2, contents=["y", "y"])
    assert refusal(a, b) == (
        "b was measured on 2 test images, not on the 10 of a, so their mIoU cannot be compared; "
        "report them separately"
    )
    c = run(tmp_path, "c", 10, contents=["z"])
    assert refusal(a, c) == (
        "c was measured on 10 test images that are not those of a, so their mIoU cannot be "
        "compared; report them separately"
    )
    d = run(tmp_path, "d", 1, contents=["w"])
    assert refusal(a, d, b, c).startswith(
        "d was measured on 1 test image, not on the 10 of a (2 more likewise), so their"
    )


def test_the_same_test_images_are_compared(tmp_path: Path) -> None:
    a = run(tmp_path, "a", 10, 10, contents=["x", "x"])
    # One of them could not be read in the other run, and the working size is another.
    b = run(tmp_path, "b", 9, contents=["x"], size=(64, 96), confusion=OTHER)
    check_same_images(read_runs([a, b]))
    assert measured_on_others(read_runs([a, b])) == ()


def test_runs_of_earlier_versions_are_compared_by_images_and_pixels(tmp_path: Path) -> None:
    a, b = run(tmp_path, "a", 10), run(tmp_path, "b", 10)
    check_same_images(read_runs([a, b]))
    assert "c was measured on 9 test images, not on the 10 of a" in refusal(
        a, b, run(tmp_path, "c", 9)
    )
    other = run(tmp_path, "d", 10, confusion=OTHER)
    assert "d was measured on 10 test images that are not those of a" in refusal(a, other)
    # At another size the pixels are others, and without a size they may be.
    check_same_images(read_runs([a, run(tmp_path, "e", 10, size=(64, 96), confusion=OTHER)]))
    unknown = make_run(tmp_path / "f", [0.5], seed=1, config={"data": {"name": "folder"}})
    edit_json(unknown / "rounds" / "000" / "metrics" / "metrics.json", images=10)
    check_same_images(read_runs([a, unknown]))


def test_images_that_could_not_be_read_count_as_images_of_the_split(tmp_path: Path) -> None:
    a, b = run(tmp_path, "a", 10), run(tmp_path, "b", 9, confusion=OTHER)
    file = b / "rounds" / "000" / "metrics" / "metrics.json"
    edit_json(file, bad_images=[{"image_id": "i", "reason": "truncated"}])
    check_same_images(read_runs([a, b]))


def test_an_earlier_version_does_not_hide_that_two_others_differ(tmp_path: Path) -> None:
    old = run(tmp_path, "a", 10)
    one = run(tmp_path, "b", 10, contents=["x"])
    other = run(tmp_path, "c", 10, contents=["y"])
    runs = read_runs([old, one, other])
    assert names(measured_on_others(runs)) == [("b", "c")]
    assert "c was measured on 10 test images that are not those of b" in refusal(old, one, other)


def test_a_run_whose_list_was_edited_between_rounds_is_refused(tmp_path: Path) -> None:
    a = run(tmp_path, "a", 9, 2, 2)
    assert refusal(a) == (
        "round 1 of a was measured on 2 test images, not on the 9 of round 0, so their mIoU "
        "cannot be compared; begin the run again under another name"
    )
    # Begun by an earlier version, then continued.
    check_same_images(read_runs([run(tmp_path, "b", 9, 9, contents=[None, "x"])]))
    b = run(tmp_path, "c", 9, 2, contents=[None, "x"])
    assert "round 0 of c was measured on 9 test images, not on the 2 of round 1" in refusal(b)
    d = run(tmp_path, "d", 9, 9, contents=["x", "y"])
    assert "round 1 of d was measured on 9 test images that are not those of round 0" in refusal(d)


def test_no_report_is_written_of_them(tmp_path: Path) -> None:
    a, b = run(tmp_path, "a", 10, contents=["x"]), run(tmp_path, "b", 2, contents=["y"])
    with pytest.raises(RunError, match="2 test images, not on the 10 of a"):
        build_report([a, b], tmp_path / "out", strips=0)
    assert not (tmp_path / "out").exists()
    build_report([a], tmp_path / "out", strips=0)
    assert (tmp_path / "out" / "report.html").exists()
