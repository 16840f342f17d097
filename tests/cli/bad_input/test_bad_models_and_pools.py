"""Checkpoints and pools of another kind."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from raysal.data.pool.layout import MANIFEST
from raysal.models.build import build_model
from raysal.models.checkpoint import FILE, save_model
from raysal.models.config import ModelConfig
from tests.support.commands import Raysal, Setting
from tests.support.damage import reseal_stage, without_hashes

LOCAL = ("--set", "engine.name=local")
PLAIN = ModelConfig(weights="none").resolved(frozenset())


def save(folder: Path, classes: int) -> Path:
    folder.mkdir(exist_ok=True)
    names = [f"class-{c}" for c in range(classes)]
    colours = [(c, c, c) for c in range(classes)]
    save_model(folder / FILE, build_model(PLAIN, classes, 0), names, colours, (32, 48))
    return folder


def test_a_model_without_what_the_strategy_reads(
    raysal: Raysal, finished: Setting, tmp_path: Path
) -> None:
    model, pool = save(tmp_path / "model", 3), finished.root / "pool"
    score = ("score", model, pool, *LOCAL, "--out", tmp_path / "scores")
    for strategy in ("ds", "de"):
        raysal(*score, "--acquisition", strategy).refused(
            f"'{strategy}' reads difficulty", "model.difficulty.branch=late"
        )
    assert not (tmp_path / "scores").exists()
    raysal(*score, "--acquisition", "entropy").done("scores of 8 images")
    raysal(*score, "--acquisition", "margin").refused("another strategy", "another folder")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, ["no checkpoint at"]),
        (b"", ["damaged or not a checkpoint"]),
        (b"PK\x03\x04 no model", ["damaged or not a checkpoint"]),
    ],
    ids=["absent", "empty", "garbage"],
)
def test_no_model(
    content: bytes | None, words: list[str], raysal: Raysal, finished: Setting, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / FILE).write_bytes(content)
    raysal("score", tmp_path / FILE, finished.root / "pool", *LOCAL).refused(FILE, *words)


def test_a_model_of_other_software(raysal: Raysal, finished: Setting, tmp_path: Path) -> None:
    torch.save({"conv1.weight": torch.zeros(1)}, tmp_path / "other.pth")
    raysal("score", tmp_path / "other.pth", finished.root / "pool", *LOCAL).refused(
        "other.pth is not a raysal model", "give the model folder of a round"
    )


def test_a_model_of_another_number_of_classes(raysal: Raysal, finished: Setting) -> None:
    here = finished.root / "rounds" / "001"
    shutil.rmtree(here / "metrics")
    shutil.rmtree(here / "record")
    save(here / "model", 5)
    reseal_stage(here / "model")
    raysal("run", finished.config).refused("5 classes", "folder has 3")


@pytest.mark.parametrize("kind", ["absent", "incomplete", "empty", "version"])
def test_pools(kind: str, raysal: Raysal, finished: Setting, tmp_path: Path) -> None:
    pool = tmp_path / "pool"
    words = {
        "absent": ["no complete pool", "raysal pool build"],
        "incomplete": ["no complete pool", "raysal pool build"],
        "empty": ["contains no image"],
        "version": ["format version 9", "build it again"],
    }[kind]
    if kind != "absent":
        shutil.copytree(finished.root / "pool", pool)
        manifest = json.loads((pool / MANIFEST).read_text())
        del manifest["check"]
        if kind == "incomplete":
            (pool / MANIFEST).unlink()
        elif kind == "empty":
            (pool / MANIFEST).write_text(json.dumps(manifest | {"images": 0, "shards": []}))
        else:
            (pool / MANIFEST).write_text(json.dumps(manifest | {"version": 9}))
    raysal("score", finished.root / "rounds/000/model", pool, *LOCAL).refused(str(pool), *words)
    raysal("pool", "show", pool, "--sheet", tmp_path / "s.png").refused(str(pool), *words)


@pytest.mark.slow
def test_a_pool_that_names_files_outside_of_it(
    raysal: Raysal, finished: Setting, tmp_path: Path
) -> None:
    files = tmp_path / "files"
    shutil.copytree(finished.data.images, files)
    raysal("pool", "build", files, tmp_path / "pool", "--no-embed").done()
    shard = tmp_path / "pool" / "part-00000.parquet"
    table = pq.read_table(shard)
    moved = []
    for place in map(Path, table.column("uri").to_pylist()):
        moved.append(str(place.rename(place.with_suffix(".bin"))))
    index = table.schema.get_field_index("uri")
    pq.write_table(table.set_column(index, "uri", pa.array(moved)), shard)
    without_hashes(tmp_path / "pool")
    score = ("score", finished.root / "rounds/000/model", tmp_path / "pool", *LOCAL)
    out = ("--out", tmp_path / "scores")
    outside = ("--allow-outside", tmp_path / "x", "--allow-outside", files)
    raysal(*score, *out).refused("images are unreadable", "--allow-outside")
    raysal(*score, *out, *outside, "--max-megapixels", 0.001).refused("0.001", "--max-megapixels")
    raysal(*score, *out, *outside).done()
    start = ("select", tmp_path / "pool", "--start", "typical", "--budget", 2, *LOCAL)
    start += ("--set", "model.weights=none", "--set", "size=[32,48]", "--out", tmp_path / "query")
    raysal(*start).refused("images are unreadable", "--allow-outside")
    raysal(*start, *outside, "--max-megapixels", 0.001).refused("0.001", "--max-megapixels")
    raysal(*start, *outside).done("2 images chosen")
    raysal("select", tmp_path / "scores", "--budget", 2, *outside).refused("are for --start")
    show = ("pool", "show", tmp_path / "pool", "--sheet", tmp_path / "s.png")
    raysal(*show).done()
    refused = (tmp_path / "s.png").stat().st_size
    raysal(*show, *outside).done()
    assert (tmp_path / "s.png").stat().st_size > 2 * refused


def test_a_pool_of_an_empty_folder(raysal: Raysal, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    raysal("pool", "build", tmp_path / "empty", tmp_path / "pool").refused("no readable image")
    raysal("pool", "build", tmp_path / "absent", tmp_path / "pool").refused("no folder", "absent")


def test_settings_of_scoring(raysal: Raysal, finished: Setting) -> None:
    score = ("score", finished.root / "rounds/000/model", finished.root / "pool", *LOCAL)
    raysal(*score, "--acquisition", "dss").refused("unknown 'dss'", "did you mean 'ds'?")
    raysal(*score, "--set", "levels=3").refused("levels")
    raysal(*score, "--set", "engine.nam=x").refused("unknown key 'nam'", "did you mean 'name'?")
    raysal(*score, "--set", "engine=local").refused("--set engine")
