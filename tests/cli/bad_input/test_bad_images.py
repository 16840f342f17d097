"""Unreadable images are named and set aside; too many of them stop the run."""

from __future__ import annotations

import shutil
from pathlib import Path

from raysal.acquisition.selection.score_parts import read_parts
from raysal.data.labels import labelled_ids
from raysal.data.pool.pool import Pool
from raysal.experiment.layout import RunLayout
from raysal.experiment.query import read_query
from raysal.experiment.record import Record
from tests.support.commands import Raysal, Setting
from tests.support.damage import cut, cut_in_pool
from tests.support.faults import disk_full_for


def asked(root: Path, rounds: int) -> set[str]:
    queries = RunLayout(root).query_folders(rounds)
    return {ask.image_id for folder in queries for ask in read_query(folder)}


def unscored(root: Path) -> list[str]:
    """Go back to the evaluation of round 0; returns the images that are unlabelled there."""
    for stage in ("scores", "query", "labels", "record"):
        shutil.rmtree(root / "rounds" / "000" / stage)
    shutil.rmtree(root / "rounds" / "001")
    ids = Pool.open(str(root / "pool")).ids()
    return sorted(set(ids) - set(labelled_ids(root / "initial" / "labels")))


def test_cut_before_the_pool_is_built(raysal: Raysal, setting: Setting) -> None:
    item = setting.data.items("train")[2]
    good = cut(Path(item.image))
    run = ("run", setting.config, "--no-report", "--set", "al.budget=50")
    line = raysal(*run).refused("1 of 8 images are unreadable", item.image_id)
    assert "data.max_bad_share = 0.01" in line
    out = raysal(*run, "--set", "data.max_bad_share=0.2").done("set aside", item.image_id)
    assert "only 4 unlabelled ones are left; taking them all" in out
    assert len(asked(setting.root, 1)) == 7
    assert item.image_id not in asked(setting.root, 1)
    assert Pool.open(str(setting.root / "pool")).bad[0][0] == item.image_id
    Path(item.image).write_bytes(good)


def test_cut_in_the_pool_before_scoring(raysal: Raysal, finished: Setting) -> None:
    left = unscored(finished.root)
    cut_in_pool(finished.root / "pool", left[0])
    stays = ["model", "metrics"]
    refused = raysal("run", finished.config).refused("1 of 5 scored images", left[0], "run again")
    assert "data.max_bad_share" in refused
    assert [s for s in stays if (finished.root / "rounds/000" / s).exists()] == stays
    share = ("--set", "data.max_bad_share=0.3", "--no-report")
    raysal("run", finished.config, *share).done("set aside 1 unreadable of 5", left[0])
    assert Record.read(finished.root / "rounds/000/record").bad_images == (left[0],)
    assert left[0] not in asked(finished.root, 1)
    assert len(asked(finished.root, 1)) == 5


def test_images_set_aside_are_not_queried_again(raysal: Raysal, setting: Setting) -> None:
    """It is not scored again, and the experiment ends when nothing else is left."""
    run = ["run", setting.config, "--no-report"]
    run += ["--set", "al.rounds=5", "--set", "data.max_bad_share=0.3"]
    with disk_full_for("last.pt"):  # There is a pool, but no model yet.
        raysal(*run).refused("no space left on the device")
    pool = Pool.open(str(setting.root / "pool"))
    left = sorted(set(pool.ids()) - set(labelled_ids(setting.root / "initial" / "labels")))
    cut_in_pool(setting.root / "pool", left[0])
    out = raysal(*run).done("stopped after round 2: all 8 images of the pool are labelled or set")
    assert out.count("set aside 1 unreadable") == 1
    assert "are left; taking them all" not in out
    scored = [
        [row.image_id for row in read_parts(str(setting.root / "rounds" / index / "scores"))]
        for index in ("000", "001")
    ]
    assert [left[0] in ids for ids in scored] == [True, False]
    assert [len(ids) for ids in scored] == [5, 2]
    assert not (setting.root / "rounds" / "003").exists()


def test_unreadable_test_images_count_too(raysal: Raysal, finished: Setting) -> None:
    shutil.rmtree(finished.root / "rounds")
    item = finished.data.items("test")[0]
    cut(Path(item.image))
    raysal("run", finished.config).refused("1 of 2 test images", item.image_id)
    share = ("--set", "data.max_bad_share=0.5", "--no-report")
    raysal("run", finished.config, *share).done("set aside 1 unreadable of 2 test", item.image_id)


def test_a_pool_of_paths_whose_images_changed(
    raysal: Raysal, finished: Setting, tmp_path: Path
) -> None:
    pool, out = tmp_path / "pool", tmp_path / "scores"
    raysal("pool", "build", finished.data.images, pool, "--no-embed").done("12 images")
    broken = finished.data.items("train")[0]
    good = cut(Path(broken.image))
    score = ("score", finished.root / "rounds/000/model", pool, "--out", out)
    score += ("--set", "engine.name=local")
    raysal(*score).refused(
        "1 of 12 images are unreadable", broken.image_id, "not the image that the pool was built"
    )
    raysal(*score, "--max-bad-share", 0.1).done(f"set aside '{broken.image_id}'", "11 images")
    # Too many again, then repaired: the failure leaves no trace.
    raysal(*score).refused(broken.image_id)
    Path(broken.image).write_bytes(good)
    assert "set aside" not in raysal(*score).done("scores of 12 images")


def test_building_a_pool(raysal: Raysal, setting: Setting, tmp_path: Path) -> None:
    cut(Path(setting.data.items("train")[0].image))
    build = ("pool", "build", setting.data.images, tmp_path / "pool")
    raysal(*build).refused("1 of 12 images are unreadable", "town0/000")
    raysal(*build, "--max-bad-share", 0.1).done("set aside 'town0/000'", "11 images")
    raysal(*build).refused("there is already a pool at", "remove it")
