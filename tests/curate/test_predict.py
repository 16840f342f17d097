"""Predicting folders and pools: the files, resuming, growing, and what is refused."""

from __future__ import annotations

import io
import random
import shutil
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from raysal.curate.predict import Predictions, predict_images
from raysal.curate.prediction_folder import PredictionRecord
from raysal.data.decode import decode_mask, encode_jpeg, encode_png
from raysal.data.pool.outside import Permits
from raysal.data.pool.sources import Source, folder_sources
from raysal.data.pool.writer import write_pool
from raysal.engine.build import build_engine
from raysal.engine.config import EngineConfig
from raysal.engine.jobs import PartReport, PredictJob
from raysal.engine.local.engine import LocalEngine
from raysal.errors import DataError, PoolError, RaysalError, RunError
from raysal.inference.own_size import predict_own_size
from raysal.models.build import build_model
from raysal.models.checkpoint import FILE as MODEL_FILE
from raysal.models.checkpoint import load_model, save_model
from raysal.models.config import ModelConfig
from raysal.progress import Silent
from tests.support.content import Content
from tests.support.drivers import start
from tests.support.material import SIZE, Material

# On some processors the number of threads shows in the last digits.
LOCAL = EngineConfig(name="local", threads=1)
RAY = EngineConfig(name="ray", score_actors=2, threads=1)
IMAGES = 20
"""Readable ones, in three units."""


def photo(seed: int, size: tuple[int, int]) -> np.ndarray:
    small = np.random.default_rng(seed).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(small).resize(size[::-1], Image.Resampling.BICUBIC))


def make_photos(root: Path) -> None:
    for number in range(IMAGES - 1):
        path = root / f"town{number % 3}" / "deep" / f"{number:02d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode_png(photo(number, (40 + number, 90 - number))))
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(photo(99, (60, 100))).save(root / "turned.jpg", exif=exif)
    (root / "town1" / "broken.jpg").write_bytes(encode_jpeg(photo(1, SIZE))[:300])
    (root / "notes.txt").write_text("no image")


class Seen(Silent):
    """Counts engines, keeps lines, and can interrupt after some parts, as Ctrl-C does."""

    def __init__(self) -> None:
        self.engines, self.stop_after, self.predicted = 0, 10**9, 0
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)

    def engine(self) -> Any:
        self.engines += 1
        seen = self

        class Interrupting(LocalEngine):
            def over_pool(self, job: Any, on_part: Callable[[PartReport], None]) -> None:
                def count(report: PartReport) -> None:
                    seen.predicted += report.images
                    seen.stop_after -= 1
                    if seen.stop_after < 0:
                        raise KeyboardInterrupt
                    on_part(report)

                super().over_pool(job, count)

        return Interrupting(LOCAL)


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("original")
    make_photos(root)
    return root


@pytest.fixture
def photos(original: Path, tmp_path: Path) -> Path:
    shutil.copytree(original, tmp_path / "photos")
    return tmp_path / "photos"


@pytest.fixture
def predict(material: Material, photos: Path, tmp_path: Path, seen: Seen) -> Any:
    def call(images: Path | str = photos, **options: Any) -> Predictions:
        model, out = options.pop("model", material.shallow), options.pop("out", tmp_path / "out")
        return predict_images(model, str(images), out, seen.engine, seen, **options)

    return call


def files(out: Path) -> dict[str, bytes]:
    """What a user reads: masks, overlays and the table."""
    found = [*out.glob("masks/**/*.png"), *out.glob("overlays/**/*.jpg"), *out.glob("*.parquet")]
    return {str(path.relative_to(out)): Content(path.read_bytes()) for path in sorted(found)}


def masks(out: Path) -> set[str]:
    root = out / "masks"
    return {str(path.relative_to(root).with_suffix("")) for path in root.rglob("*.png")}


@pytest.fixture(scope="module")
def at_once(
    material: Material, original: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, bytes]:
    """What an uninterrupted prediction of all photos in process leaves."""
    out = tmp_path_factory.mktemp("at_once") / "out"
    result = predict_images(
        material.shallow, str(original), out, lambda: build_engine(LOCAL), Silent()
    )
    assert (result.images, result.new, len(result.bad)) == (IMAGES, IMAGES, 1)
    return files(out)


def test_what_is_left(
    at_once: dict[str, bytes], material: Material, original: Path, predict: Any, tmp_path: Path
) -> None:
    loaded = load_model(material.shallow)
    ids = {
        str(path.relative_to(original).with_suffix("")): path
        for path in original.rglob("*.[pj][np]g")
        if path.stem != "broken"
    }
    assert len(ids) == IMAGES
    table = pq.read_table(io.BytesIO(at_once["predictions.parquet"]))
    shares = [f"share_{name}" for name in material.dataset.class_names]
    expected = ["image_id", "height", "width", *shares, "confidence", "error", "content_hash"]
    assert table.column_names == expected
    rows = {row["image_id"]: row for row in table.to_pylist()}
    assert rows.keys() == {*ids, "town1/broken"}
    assert len(at_once) == 2 * IMAGES + 1
    for image_id, path in ids.items():
        found = predict_own_size(loaded, path.read_bytes())
        mask = decode_mask(at_once[f"masks/{image_id}.png"])
        assert np.array_equal(mask, found.ids)
        row = rows[image_id]
        assert (row["height"], row["width"]) == mask.shape
        assert [row[name] for name in shares] == list(found.shares)
        assert (row["confidence"], row["error"]) == (found.confidence, None)
        with Image.open(io.BytesIO(at_once[f"overlays/{image_id}.jpg"])) as overlay:
            assert overlay.size == mask.shape[::-1]
    assert decode_mask(at_once["masks/turned.png"]).shape == (100, 60)
    broken = rows["town1/broken"]
    assert "truncated or damaged" in broken["error"]
    assert {broken[name] for name in ("height", *shares, "confidence")} == {None}


@pytest.mark.usefixtures("ray_session")
def test_ray_leaves_the_same(material: Material, original: Path, tmp_path: Path) -> None:
    found = []
    for engine in (LOCAL, RAY):
        out = tmp_path / engine.name
        result = predict_images(
            material.model, str(original), out, partial(build_engine, engine), Silent()
        )
        assert (result.images, result.new) == (IMAGES, IMAGES)
        found.append(files(out))
    assert found[0] == found[1]


@pytest.mark.parametrize("embed", [True, False])
def test_a_pool_gives_the_same_as_its_folder(
    embed: bool, at_once: dict[str, bytes], predict: Any, photos: Path, tmp_path: Path
) -> None:
    pool = str(tmp_path / "pool")
    write_pool(folder_sources(str(photos), embed), pool, row_group_images=3)
    result = predict(pool)
    assert (result.images, result.bad[0][0]) == (IMAGES, "town1/broken")
    assert files(tmp_path / "out") == at_once
    assert not (tmp_path / "out" / "pool").exists()


def test_again_starts_nothing(
    predict: Any, material: Material, photos: Path, seen: Seen, tmp_path: Path
) -> None:
    first = predict()
    names = material.dataset.class_names
    assert (first.bad[0][0], [c.name for c in first.classes]) == ("town1/broken", list(names))
    assert sum(c.share for c in first.classes) == pytest.approx(1)
    assert max(c.images for c in first.classes) <= IMAGES
    assert 0 < first.confidence < 1
    record = PredictionRecord.read(first.folder.root)
    assert (record.images, record.finished) == (str(photos), True)
    assert (record.class_names, record.size) == (names, SIZE)
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "out").rglob("*") if p.is_file()}
    again = predict()
    assert (seen.engines, again.new, again.images) == (1, 0, IMAGES)
    assert (again.classes, again.bad) == (first.classes, first.bad)
    after = {p: p.stat().st_mtime_ns for p in (tmp_path / "out").rglob("*") if p.is_file()}
    assert {p.name for p in after if before.get(p) != after[p]} <= {".lock"}


@pytest.mark.parametrize("parts", [0, 2])
def test_interrupted_and_run_again(
    parts: int, at_once: dict[str, bytes], predict: Any, seen: Seen, tmp_path: Path
) -> None:
    seen.stop_after = parts
    with pytest.raises(KeyboardInterrupt):
        predict()
    assert not (tmp_path / "out" / "predictions.parquet").exists()
    done = min((parts + 1) * 8, IMAGES)
    assert len(masks(tmp_path / "out")) == done
    seen.stop_after = 10**9
    assert predict().new == IMAGES - done
    assert seen.predicted == IMAGES
    assert files(tmp_path / "out") == at_once


def test_interrupted_while_the_list_is_made(
    at_once: dict[str, bytes], predict: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*args: Any, **more: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("raysal.data.pool.writer.footer_hash", stop)
        with pytest.raises(KeyboardInterrupt):
            predict()
    assert predict().new == IMAGES
    assert files(tmp_path / "out") == at_once


def test_a_folder_that_has_changed(predict: Any, seen: Seen, photos: Path, tmp_path: Path) -> None:
    """Units are made anew, so that a neighbour or two may be predicted again."""
    predict()
    (photos / "turned.jpg").unlink()
    (photos / "zebra.png").write_bytes(encode_png(photo(7, (30, 31))))
    (photos / "town2" / "deep" / "17.png").write_bytes(encode_png(photo(8, (32, 33))))
    (photos / "town1" / "broken.jpg").write_bytes(encode_jpeg(photo(1, SIZE)))
    seen.predicted = 0
    result = predict()
    assert (result.images, result.bad) == (IMAGES + 1, [])
    assert 3 <= seen.predicted <= 6
    fresh = predict(out=tmp_path / "fresh")
    assert fresh.images == IMAGES + 1
    expected = files(tmp_path / "fresh")
    there = files(tmp_path / "out")
    assert expected.items() <= there.items()
    assert set(there) - set(expected) == {"masks/turned.png", "overlays/turned.jpg"}


def test_overlays_can_be_added(
    at_once: dict[str, bytes], predict: Any, seen: Seen, tmp_path: Path
) -> None:
    predict(overlay=False)
    assert not (tmp_path / "out" / "overlays").exists()
    assert predict(overlay=False).new == 0
    assert predict().new == IMAGES
    assert files(tmp_path / "out") == at_once
    assert predict(overlay=False).new == 0


def test_what_was_lost_is_made_again(
    at_once: dict[str, bytes], predict: Any, seen: Seen, tmp_path: Path
) -> None:
    predict()
    out = tmp_path / "out"
    (out / "masks" / "town0" / "deep" / "00.png").unlink()
    assert predict().new == 8
    (out / "overlays" / "turned.jpg").unlink()
    assert predict().new == IMAGES - 16
    (out / "predictions.parquet").unlink()
    shutil.rmtree(out / "pool")
    assert predict().new == 0
    assert files(out) == at_once


def test_a_mask_that_was_corrected_is_not_overwritten(predict: Any, tmp_path: Path) -> None:
    predict()
    mask = tmp_path / "out" / "masks" / "town0" / "deep" / "00.png"
    mask.write_bytes(encode_png(np.ones((40, 90), np.uint8)))
    assert predict().new == 0
    (tmp_path / "out" / "masks" / "town0" / "deep" / "03.png").unlink()
    with pytest.raises(RunError, match=r"00.png would be overwritten, but is not a mask of raysal"):
        predict()
    assert np.all(decode_mask(mask.read_bytes()) == 1)


def test_unreadable_images_of_a_pool_are_tried_again(
    predict: Any, photos: Path, tmp_path: Path
) -> None:
    lost = photos / "town0" / "deep" / "03.png"
    write_pool(folder_sources(str(photos), embed=False), str(tmp_path / "pool"))
    data = lost.read_bytes()
    lost.unlink()
    first = predict(tmp_path / "pool")
    assert (first.images, len(first.bad)) == (IMAGES - 1, 2)
    lost.write_bytes(data)
    again = predict(tmp_path / "pool")
    assert (again.images, again.bad[0][0], len(again.bad)) == (IMAGES, "town1/broken", 1)


def other_model(folder: Path, material: Material, names: tuple[str, ...]) -> Path:
    folder.mkdir()
    model = build_model(ModelConfig(weights="none").resolved(frozenset()), len(names), seed=4)
    palette = material.dataset.palette[: len(names)]
    save_model(folder / MODEL_FILE, model, names, palette, SIZE)
    return folder


def test_a_folder_is_for_one_model_and_its_images(
    predict: Any, material: Material, photos: Path, tmp_path: Path
) -> None:
    predict()
    before = files(tmp_path / "out")
    other = other_model(tmp_path / "other", material, material.dataset.class_names)
    with pytest.raises(RunError, match=r"holds the predictions of another model .* into another"):
        predict(model=other)
    with pytest.raises(RunError, match=r"holds the predictions for .*photos; predict into another"):
        predict(photos / "town0")
    with pytest.raises(RunError, match="of precision auto"):
        predict(precision="fp32")
    record = tmp_path / "out" / PredictionRecord.file
    record.write_text(record.read_text().replace("photos", "phetos"))
    with pytest.raises(DataError, match=r"prediction.json is damaged: .* into another folder"):
        predict()
    assert files(tmp_path / "out") == before


@pytest.mark.parametrize("name", ["notes.txt", "predictions.parquet", "masks/a.png", ".lock"])
def test_files_of_others(name: str, predict: Any, tmp_path: Path) -> None:
    file = tmp_path / "out" / name
    file.parent.mkdir(parents=True)
    file.write_text("mine")
    with pytest.raises(RunError, match="out' holds files that raysal did not make there"):
        predict()
    assert file.read_text() == "mine"
    assert sum(p.is_file() for p in (tmp_path / "out").rglob("*")) == 1


def test_rows_that_have_changed(at_once: dict[str, bytes], predict: Any, tmp_path: Path) -> None:
    predict()
    table = tmp_path / "out" / "predictions.parquet"
    pq.write_table(pq.read_table(table), table)
    with pytest.raises(RunError, match=r"predictions.parquet is damaged, or was changed: move"):
        predict()
    table.rename(tmp_path / "mine.parquet")
    predict()
    first, second, _ = sorted((tmp_path / "out" / "parts").glob("part-*"))
    first.write_bytes(second.read_bytes())
    with pytest.raises(RunError, match=r"is damaged: its content has changed; .* 'raysal predict'"):
        predict()
    (tmp_path / "out" / "parts" / "parts.json").unlink()
    pq.write_table(pq.read_table(second).drop_columns(["share_sky"]), first)
    with pytest.raises(DataError, match=r"is damaged: it has other columns; remove this file"):
        predict()
    first.unlink()
    assert predict().new == 8
    assert files(tmp_path / "out") == at_once


def test_the_limit_for_images(at_once: dict[str, bytes], predict: Any, tmp_path: Path) -> None:
    small = Permits(max_megapixels=0.004)
    result = predict(permits=small)
    assert 1 <= result.images < IMAGES
    assert any("more than the limit of 0.004" in reason for _, reason in result.bad)
    assert predict().images == IMAGES
    assert {n: d for n, d in files(tmp_path / "out").items() if n in at_once} == at_once


def test_rows_of_the_table_go_together(
    predict: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("raysal.curate.prediction_folder.GROUP_ROWS", 5)
    predict(overlay=False)
    table = pq.ParquetFile(tmp_path / "out" / "predictions.parquet")
    groups = [table.metadata.row_group(i).num_rows for i in range(table.num_row_groups)]
    assert groups == [5, 5, 5, 5, 1]
    assert len(set(table.read().column("image_id").to_pylist())) == IMAGES + 1


def pool_of(ids: list[str], where: Path) -> str:
    data = encode_png(photo(0, SIZE))
    write_pool([Source(i, lambda: data) for i in ids], str(where))
    return str(where)


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (["a", "../x"], r"image id '../x' cannot name a file below a folder"),
        (["/x"], "image id '/x' cannot name a file"),
        (["a", "b", "a"], "image id 'a' occurs twice"),
        (["a", "a.png/b"], "file of image 'a' would have the name of a folder"),
    ],
)
def test_ids_of_a_stranger(ids: list[str], message: str, predict: Any, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=message):
        predict(pool_of(ids, tmp_path / "pool"))
    assert not (tmp_path / "out" / "masks").exists()
    assert not (tmp_path / "x.png").exists()


def refusals(root: Path) -> Iterator[tuple[str, type[RaysalError], str]]:
    (root / "empty").mkdir()
    (root / "empty" / "photo.heic").write_text("x")
    (root / "broken").mkdir()
    (root / "broken" / "a.jpg").write_text("x")
    (root / "file.jpg").write_text("x")
    yield "absent", DataError, "'.*absent' does not exist; give a folder of images, or a pool"
    yield "file.jpg", DataError, "'.*file.jpg' is a file; give a folder"
    yield "empty", DataError, "no image in '.*empty'"
    yield "broken", PoolError, "no readable image"


def test_images_that_are_not_there(predict: Any, seen: Seen, tmp_path: Path) -> None:
    for name, kind, message in refusals(tmp_path):
        with pytest.raises(kind, match=message) as caught:
            predict(tmp_path / name)
        assert "\n" not in str(caught.value)
    assert seen.engines == 0
    assert any("1 .heic" in line for line in seen.lines)


def test_the_predictions_are_not_put_among_the_images(predict: Any, photos: Path) -> None:
    for out in (photos, photos / "out"):
        with pytest.raises(RaysalError, match=r"lies in the folder of images|did not make there"):
            predict(out=out)
    assert not (photos / "out").exists()


def test_two_classes_of_one_name(predict: Any, material: Material, tmp_path: Path) -> None:
    model = other_model(tmp_path / "other", material, ("a", "b", "a"))
    with pytest.raises(RaysalError, match="two of its classes are called 'a'"):
        predict(model=model)


def test_files_are_written_behind_the_network(
    at_once: dict[str, bytes], material: Material, photos: Path, tmp_path: Path, predict: Any
) -> None:
    """As on a GPU, where pictures are decoded in threads ahead of it."""
    import torch

    from raysal.data.pool.pool import Pool
    from raysal.engine.workers.predict import Predictor

    predict(overlay=False)
    pool, out = Pool.open(str(tmp_path / "out" / "pool")), tmp_path / "threads"
    (out / "parts").mkdir(parents=True)
    job = PredictJob(
        pool=pool, model=material.shallow, out=str(out / "parts"), size=SIZE, precision="auto",
        seed=0, round_index=0, units=None, masks=out / "masks", overlays=out / "overlays",
    )  # fmt: skip
    reports = list(Predictor(job, 16, torch.device("cpu"), 2).work(pool.units))
    assert [report.images for report in reports] == [8, 8, IMAGES - 16]
    expected = {name: data for name, data in at_once.items() if not name.endswith(".parquet")}
    assert files(out) == expected


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize(("engine", "kills"), [("local", 5), ("ray", 1)])
def test_killed_at_any_moment(engine: str, kills: int, material: Material, tmp_path: Path) -> None:
    """After kill -9, some times, the end is that of an uninterrupted prediction."""
    photos, out, calm = (tmp_path / name for name in ("photos", "out", "calm"))
    for number in range(48):
        path = photos / f"town{number % 3}" / f"{number:02d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode_jpeg(photo(number, (300, 400))))
    predict_images(material.model, str(photos), calm, lambda: build_engine(LOCAL), Silent())
    command = ["predict", material.model, photos, "--out", out]
    command += ["--set", f"engine.name={engine}", "--set", "engine.threads=1"]
    chance, written = random.Random(engine), dict[Path, int]()
    for _ in range(kills):
        driver = start(command, tmp_path / "log")
        aim = min(len(masks(out)) + chance.randint(1, 9), 46)
        while len(masks(out)) < aim:
            assert driver.status(0.005) is None, driver.output.read_text()
        time.sleep(chance.uniform(0, 0.05))
        driver.kill()
        parts = {p: p.stat().st_ino for p in (out / "parts").glob("part-*")}
        assert written.items() <= parts.items(), "a part that was there was made again"
        written = parts
    assert len(written) < 6
    assert start(command, tmp_path / "log").ended(200)
    assert files(out) == files(calm)
    assert not [path for path in out.rglob("*.tmp") if path.is_file()]
