"""The prediction and the map are those of the run; means of probabilities are of its pixels."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
import torch

from raysal.annotate.tool.prepare.cache import Cache, Entry
from raysal.annotate.tool.prepare.files import read_raster
from raysal.annotate.tool.prepare.guide import Guide, MapSource, model_hash
from raysal.annotate.tool.prepare.layers import layers_of, task_for
from raysal.annotate.tool.prepare.of_run import map_source
from raysal.annotate.tool.prepare.prediction import read_means
from raysal.annotate.tool.prepare.superpixels import GRAINS, superpixels
from raysal.annotate.tool.prepare.task import Tools
from raysal.annotate.tool.prepare.uncertainty import map_of
from raysal.config.seed import derive_seed
from raysal.data.decode import decode_image
from raysal.data.pixel_format import PixelFormat
from raysal.data.visible import visible_image
from raysal.engine.jobs import RegionJob
from raysal.engine.workers.region_map import RegionMap
from raysal.errors import CheckpointError
from raysal.inference.own_size import own_size_logits, predict_own_size
from raysal.inference.predict import predict, to_tensor
from raysal.inference.votes import vote_map
from raysal.models.checkpoint import LoadedModel, load_model
from raysal.storage.seal import hash_bytes
from tests.support.asked_images import image_file
from tests.support.channel_files import tiff
from tests.support.material import SIZE, Material
from tests.support.tiny_run import tiny

OWN = (70, 90)


@pytest.fixture(scope="module")
def loaded(material: Material) -> LoadedModel:
    """A model with every branch."""
    return load_model(material.model)


def prepared(tools: Tools, layer: str, guide: Guide, data: bytes) -> Entry:
    """One result for a picture of `OWN` size."""
    task = task_for(layer, guide, "train-000003", hash_bytes(data), data, OWN)  # type: ignore[arg-type]
    task.run(tools)
    entry = tools.cache.find(task.key)
    assert entry is not None
    return entry


def test_the_mask_is_that_of_raysal_predict_and_means_are_of_its_pixels(
    material: Material, loaded: LoadedModel, tmp_path: Path
) -> None:
    data = image_file(OWN)
    tools, guide = Tools(Cache(tmp_path), 1), Guide(material.model, "round 1", "fp32")
    entry = prepared(tools, "prediction", guide, data)
    expected = predict_own_size(loaded, data, "fp32")
    np.testing.assert_array_equal(read_raster(entry.file("prediction.gz"), OWN, "u1"), expected.ids)
    assert entry.about["confidence"] == pytest.approx(expected.confidence)
    strips = own_size_logits(loaded, decode_image(data, None), "fp32")
    probabilities = torch.cat([strip for _, _, strip in strips], 1).softmax(0).numpy()
    # The superpixels were made on the way.
    superpixels = prepared(tools, "superpixels", guide, data)
    for grain in GRAINS:
        ids = read_raster(superpixels.file(f"{grain}.gz"), OWN, "<u4")
        means = read_means(entry, grain)
        assert len(means) == ids.max() + 1
        for superpixel in (0, len(means) // 2, len(means) - 1):
            inside = probabilities[:, ids == superpixel].mean(1)
            np.testing.assert_allclose(means[superpixel], inside, atol=1e-4)
        np.testing.assert_allclose(means.sum(1), 1, atol=1e-4)


def test_superpixels_are_of_the_channels_that_are_shown(tmp_path: Path) -> None:
    """One band has an edge from top to bottom, the other from left to right."""
    bands = np.full((*OWN, 2), 500, np.uint16)
    bands[:, OWN[1] // 2 :, 0] = bands[OWN[0] // 2 :, :, 1] = 5000
    data, tools, maps = tiff(bands), Tools(Cache(tmp_path), 1), []
    for show in ((0,), (1,)):
        pixels = PixelFormat(channels=2, show=show)
        task = task_for("superpixels", Guide(), "a", hash_bytes(data), data, OWN, pixels=pixels)
        task.run(tools)
        entry = tools.cache.find(task.key)
        assert entry is not None
        found = read_raster(entry.file("coarse.gz"), OWN, "<u4")
        np.testing.assert_array_equal(
            found, superpixels(visible_image(data, OWN, pixels=pixels)).map("coarse")
        )
        maps.append(found)
    vertical, horizontal = (set(zip(*edges(ids), strict=True)) for ids in maps)
    assert {(row, OWN[1] // 2) for row in range(OWN[0])} <= vertical
    assert not {(row, OWN[1] // 2) for row in range(OWN[0])} <= horizontal


def edges(ids: np.ndarray) -> tuple[list[int], list[int]]:
    """Rows and columns of the pixels whose left neighbour is in another superpixel."""
    rows, cols = np.nonzero(ids[:, 1:] != ids[:, :-1])
    return rows.tolist(), (cols + 1).tolist()


def test_another_model_has_another_key(material: Material, tmp_path: Path) -> None:
    data = image_file(OWN)
    one = Guide(material.model)
    copy = tmp_path / "model.pt"
    copy.write_bytes((material.model / "model.pt").read_bytes())
    same, different = Guide(copy), Guide(tmp_path / "other.pt")
    (tmp_path / "other.pt").write_bytes(copy.read_bytes() + b"\x00")
    keys = [
        task_for("prediction", guide, "a", hash_bytes(data), data, OWN).key
        for guide in (one, same, different)
    ]
    assert keys[0] == keys[1] != keys[2]
    with pytest.raises(OSError, match=r"gone\.pt"):
        model_hash(tmp_path / "gone.pt")


def test_the_vote_map_is_the_one_that_regions_were_picked_from(
    material: Material, loaded: LoadedModel, tmp_path: Path
) -> None:
    config = tiny(
        tmp_path,
        rga={"passes": 4, "w": 16},
        model={"channel_dropout": 0.25},
        acquisition={"name": "panoptic"},
        seed=5,
    )
    assert config.rga is not None
    source = map_source(config, 3)
    assert source == MapSource("votes", 4, "hard", 5, 3)
    data = image_file(OWN)
    job = RegionJob(
        pool=material.pools["one shard"], model=material.model, out=str(tmp_path), size=SIZE,
        precision="fp32", seed=config.seed, round_index=3, units=None, regions=config.rga,
        images=frozenset(), label_folders=(),
    )  # fmt: skip
    picked_from = RegionMap(config.rga, job, loaded, torch.device("cpu"))
    expected = picked_from("a/b", decode_image(data, SIZE)).numpy()
    name, found = map_of(loaded, decode_image(data, None), "a/b", source, "fp32")
    assert name == "vote entropy"
    assert expected.max() > 0
    np.testing.assert_array_equal(found, expected)


def test_the_vote_map_is_of_the_same_dropout(
    material: Material, loaded: LoadedModel, tmp_path: Path
) -> None:
    acquisition = {"name": "mc_dropout", "count": 3, "dropout": "network"}
    source = map_source(tiny(tmp_path, acquisition=acquisition, seed=5), 1)
    assert source == MapSource("votes", 3, "soft", 5, 1, "network")
    picture = decode_image(image_file(OWN), SIZE)
    _, found = map_of(loaded, picture, "a/b", source, "fp32")
    seed = derive_seed(5, "votes", 1, "a/b")
    image = to_tensor([picture])[0]
    for dropped, same in (("network", True), ("channels", False)):
        expected = vote_map(loaded.model, image, seed, 3, "soft", "fp32", dropped)
        assert np.array_equal(found, expected.numpy().clip(min=0)) == same


def test_difficulty_where_the_model_knows_it_else_entropy(
    material: Material, loaded: LoadedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = image_file(OWN)
    picture = decode_image(data, None)
    source = map_source(tiny(tmp_path), 0)
    assert source.kind == "difficulty"
    seen = predict(loaded.fast, to_tensor([decode_image(data, SIZE)]), "fp32")
    assert seen.difficulty_BHW is not None
    name, found = map_of(loaded, picture, "a", source, "fp32")
    assert name == "difficulty"
    np.testing.assert_array_equal(found, seen.difficulty_BHW[0].numpy())
    guide = Guide(material.model, "round 0", "fp32", source)
    entry = prepared(Tools(Cache(tmp_path / "c"), 1), "map", guide, data)
    assert entry.about["size"] == list(SIZE)
    grey = read_raster(entry.file("map.gz"), SIZE, "u1")
    restored = entry.about["high"] * grey / 255
    np.testing.assert_allclose(restored, found, atol=entry.about["high"] / 255)
    assert grey.max() == 255

    monkeypatch.setattr(loaded.fast, "difficulty", None)
    name, found = map_of(loaded, picture, "a", source, "fp32")
    p = seen.probabilities_BCHW[0].numpy()
    assert name == "uncertainty (entropy)"
    np.testing.assert_allclose(found, -(p * np.log(p)).sum(0), atol=1e-4)


def test_strategies_show_the_map_they_score_by(tmp_path: Path) -> None:
    kinds = {
        name: map_source(tiny(tmp_path, acquisition={"name": name}, **more), 0)
        for name, more in {
            "margin": {},
            "confidence": {},
            "entropy": {},
            "bald": {"model": {"channel_dropout": 0.25}},
        }.items()
    }
    assert kinds["margin"].kind == "margin"
    assert kinds["confidence"].kind == "least_confidence"
    assert kinds["entropy"].kind == "entropy"
    assert (kinds["bald"].kind, kinds["bald"].vote) == ("votes", "bald")


def test_a_damaged_model_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "model.pt").write_bytes(b"nothing")
    tools, guide = Tools(Cache(tmp_path / "c"), 1), Guide(tmp_path / "model.pt", map=MapSource())
    assert layers_of(guide) == ("superpixels", "prediction", "map")
    assert layers_of(Guide()) == ("superpixels",)
    with pytest.raises(CheckpointError, match="damaged or not a checkpoint"):
        prepared(tools, "prediction", guide, image_file(OWN))


def test_files_are_gzip_as_a_browser_takes_them(material: Material, tmp_path: Path) -> None:
    tools, guide = Tools(Cache(tmp_path), 1), Guide(material.model, precision="fp32")
    entry = prepared(tools, "prediction", guide, image_file(OWN))
    assert len(gzip.decompress(entry.file("prediction.gz").read_bytes())) == OWN[0] * OWN[1]
