"""Pools and scores on an S3 server are those on local disk, byte for byte."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pyarrow import fs

from raysal.acquisition.selection.score_parts import read_features, read_parts
from raysal.acquisition.strategies.difficulty import DifficultyScore
from raysal.acquisition.strategies.random import Random
from raysal.curate.score import PoolScores, score_pool
from raysal.curate.score_folder import FILE
from raysal.curate.select import select_query
from raysal.data.pool.parts import drop_failed_parts, finished_parts, read_rows
from raysal.data.pool.pool import Pool
from raysal.data.pool.reader import PoolReader
from raysal.data.pool.sources import dataset_sources
from raysal.data.pool.writer import write_pool
from raysal.engine.build import build_engine
from raysal.engine.config import EngineConfig
from raysal.engine.jobs import PartReport, PoolJob
from raysal.engine.local.engine import LocalEngine
from raysal.errors import CheckpointError, RaysalError, RunError
from raysal.experiment.query import read_query
from raysal.models.feature_config import FeatureConfig
from raysal.models.feature_encoder import ENCODER_FILE, load_encoder
from raysal.progress import Silent
from raysal.storage.uri import join, resolve, shown
from tests.support.content import Content
from tests.support.material import IMAGES, Material
from tests.support.s3_server import KEY, SECRET, S3Server, s3_server

LOCAL = EngineConfig(name="local", score_batch=4, threads=1)
RAY = EngineConfig(name="ray", score_batch=4, score_actors=2, threads=1)


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    with s3_server() as server:
        yield server


@pytest.fixture(scope="module")
def pool(server: S3Server, material: Material) -> Pool:
    """The pool of `material`, built on the server."""
    uri = server.uri("pools/streets")
    return write_pool(dataset_sources(material.dataset), uri, row_group_images=16)


def score(
    material: Material,
    pool: str,
    out: str,
    engine: EngineConfig = LOCAL,
    model: Path | None = None,
) -> PoolScores:
    return score_pool(
        model or material.shallow,
        pool,
        DifficultyScore(),
        out,
        lambda: build_engine(engine),
        Silent(),
        features="aspp",
    )


def contents(uri: str) -> dict[str, bytes]:
    """Content of the files in a folder, by name."""
    filesystem, path = resolve(uri)
    files = filesystem.get_file_info(fs.FileSelector(path))
    found: dict[str, bytes] = {}
    for file in files:
        if file.is_file and not file.base_name.startswith("."):
            with filesystem.open_input_stream(join(path, file.base_name)) as stream:
                found[file.base_name] = Content(stream.read())
    return found


@pytest.fixture(scope="module")
def on_disk(material: Material, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Scores computed from a local pool into a local folder."""
    out = str(tmp_path_factory.mktemp("disk") / "scores")
    assert score(material, material.pools["one shard"].uri, out).images == IMAGES
    return contents(out)


def test_the_pool_is_the_same(pool: Pool, material: Material) -> None:
    local = material.pools["one shard"]
    assert contents(pool.uri) == contents(local.uri)
    assert pool.fingerprint == local.fingerprint
    remote, here = (PoolReader(p.first(20)).read(p.units[0]) for p in (pool, local))
    assert [replace(row, folder=local.uri) for row in remote] == here


def test_an_encoder_for_vectors_is_on_the_server_while_it_is_used(
    server: S3Server, pool: Pool, material: Material
) -> None:
    seen: list[bool] = []
    vit = FeatureConfig(encoder="test_vit", weights="none", size=(48, 64))
    out = server.uri("scores/encoder")

    class Looks(LocalEngine):
        def over_pool(self, job: PoolJob, on_part: Callable[[PartReport], None]) -> None:
            seen.append(ENCODER_FILE in contents(out))
            super().over_pool(job, on_part)

    score_pool(
        material.shallow, pool.uri, Random(), out, lambda: Looks(LOCAL), Silent(), features=vit,
        limit=4,
    )  # fmt: skip
    assert seen == [True]
    assert ENCODER_FILE not in contents(out)
    assert read_features(out, sorted(finished_parts(out)))[1].shape == (4, 64)
    with pytest.raises(CheckpointError, match=r"no encoder at s3://bucket/scores/encoder/encoder"):
        load_encoder(out)


def test_scores_are_the_same(
    server: S3Server, pool: Pool, material: Material, on_disk: dict[str, bytes]
) -> None:
    out = server.uri("scores/local")
    result = score(material, pool.uri, out)
    assert (result.images, result.new, result.folder) == (
        IMAGES,
        IMAGES,
        "s3://bucket/scores/local",
    )
    there = contents(out)
    record = there.pop(FILE)
    assert there == {name: data for name, data in on_disk.items() if name != FILE}
    assert len(there) == 4, "three parts and their hashes"
    assert score(material, pool.uri, out).new == 0
    for secret in (KEY, SECRET, "endpoint"):
        assert secret.encode() not in record
    with pytest.raises(RunError, match="another pool") as caught:
        score(material, material.pools["one shard"].uri, out)
    assert SECRET not in str(caught.value)


@pytest.mark.slow
@pytest.mark.usefixtures("ray_session")
def test_scores_are_the_same_through_ray(
    server: S3Server, pool: Pool, material: Material, tmp_path: Path
) -> None:
    """Workers find the server through the URI."""
    out, disk = server.uri("scores/ray"), str(tmp_path / "scores")
    assert score(material, pool.uri, out, RAY, material.model).new == IMAGES
    score(material, material.pools["one shard"].uri, disk, model=material.model)
    ours = {row.image_id: row for row in read_parts(out)}
    theirs = {row.image_id: row for row in read_parts(disk)}
    assert [*ours] == [*theirs]
    for image_id, row in theirs.items():
        assert ours[image_id].content_hash == row.content_hash
        assert ours[image_id].score == pytest.approx(row.score, abs=1e-6)


def test_interrupted_and_resumed(
    server: S3Server, pool: Pool, material: Material, on_disk: dict[str, bytes]
) -> None:
    out = server.uri("scores/resumed")
    first = score_pool(
        material.shallow,
        pool.uri,
        DifficultyScore(),
        out,
        lambda: build_engine(LOCAL),
        Silent(),
        features="aspp",
        limit=16,
    )
    assert first.new == 16
    filesystem, path = resolve(out)
    assert score(material, pool.uri, out).new == IMAGES - 16
    filesystem.delete_file(join(path, sorted(finished_parts(out))[1]))
    assert score(material, pool.uri, out).new == 16
    parts = {name: data for name, data in contents(out).items() if name != FILE}
    assert parts == {name: data for name, data in on_disk.items() if name != FILE}


@pytest.mark.slow
def test_parts_are_read_in_order_of_name(server: S3Server, on_disk: dict[str, bytes]) -> None:
    """With more parts than are read at once."""
    uri = server.uri("many")
    filesystem, path = resolve(uri)
    data = next(data for name, data in on_disk.items() if name.endswith(".parquet"))
    names = [f"part-{n:05d}.parquet" for n in range(40)]
    for name in reversed(names):
        with filesystem.open_output_stream(join(path, name)) as stream:
            stream.write(data)
    once = [row["image_id"] for row in read_rows(uri)][:16]
    assert [row.image_id for row in read_parts(uri)] == once * 40
    assert finished_parts(uri) == set(names)
    drop_failed_parts(uri)
    assert finished_parts(uri) == set(names)


def test_select_from_the_server(
    server: S3Server, pool: Pool, material: Material, tmp_path: Path
) -> None:
    out = server.uri("scores/select")
    score(material, pool.uri, out)
    score(material, material.pools["one shard"].uri, str(tmp_path / "scores"))
    asks = []
    for name, folders in (
        ("s3", [out]),
        ("disk", [str(tmp_path / "scores")]),
        ("both", [out, str(tmp_path / "scores")]),
    ):
        select_query(folders, 7, "images", tmp_path / name, Silent())
        asks.append(read_query(tmp_path / name))
    assert asks[0] == asks[1] == asks[2]
    assert SECRET not in (tmp_path / "s3" / "selection.json").read_text()


@pytest.mark.parametrize("what", ["bucket", "pool", "server", "secret"])
def test_errors_show_no_secret(what: str, server: S3Server, tmp_path: Path) -> None:
    """A wrong bucket, a missing pool, no server, a secret with a slash not written as %2F."""
    uri = {
        "bucket": server.uri("x").replace("@bucket", "@other"),
        "pool": server.uri("nothing"),
        "server": f"s3://{KEY}:{SECRET}@bucket/x?scheme=http&endpoint_override=127.0.0.1:9",
        "secret": server.uri("x").replace(SECRET, "a-secret/key"),
    }[what]
    with pytest.raises(RaysalError) as caught:
        Pool.open(uri)
    line = str(caught.value)
    assert "\n" not in line
    assert "s3://" in line
    for secret in (KEY, SECRET, "a-secret"):
        assert secret not in line


@pytest.mark.slow
def test_from_the_command_line(
    server: S3Server, pool: Pool, material: Material, tmp_path: Path
) -> None:
    """If the environment says how to reach the server, the URI need not."""
    plain, out = shown(pool.uri), shown(server.uri("scores/command"))
    command = [
        sys.executable, "-m", "raysal.cli.main", "score", str(material.model), plain, "--out", out,
        "--set", "engine.name=local", "--limit", "5",
    ]  # fmt: skip
    ended = subprocess.run(
        command,
        env={**os.environ, **server.environment()},
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert f"scores of 5 images: {out}" in ended.stdout
    assert len(list(read_parts(server.uri("scores/command")))) == 5
    assert SECRET not in ended.stdout + ended.stderr
