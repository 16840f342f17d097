"""What is prepared, in which order, and what happens to what cannot be."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from raysal.annotate.tool.prepare import preparation as module
from raysal.annotate.tool.prepare.cache import key_of
from raysal.annotate.tool.prepare.guide import Guide, MapSource
from raysal.annotate.tool.prepare.jobs import Layer
from raysal.annotate.tool.prepare.preparation import Preparation
from raysal.annotate.tool.prepare.task import Task
from tests.annotate.tool.prepare.tasks import Held, NoteTask
from tests.support.asked_images import asked_image

SIZE = (48, 64)
PATIENCE_S = 60


@pytest.fixture
def preparation(tmp_path: Path) -> Iterator[Preparation]:
    """With one worker process."""
    made = Preparation(tmp_path / "cache")
    yield made
    made.close()


@pytest.fixture
def held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Preparation, Held]]:
    """A preparation whose workers are held."""
    monkeypatch.setattr(module, "Workers", Held)
    made = Preparation(tmp_path / "cache")
    assert isinstance(made._workers, Held)
    yield made, made._workers
    made.close()


def eventually(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    end_s = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end_s
        time.sleep(0.01)


def settled(preparation: Preparation, key: str) -> Layer:
    """The superpixels of an image, when they are there or never will be."""
    eventually(lambda: preparation.state(key)["superpixels"].state != "pending")
    return preparation.state(key)["superpixels"]


def test_superpixels_are_computed_by_a_worker_and_found_again(
    preparation: Preparation, tmp_path: Path
) -> None:
    images = {"k1": asked_image("1", SIZE), "k2": asked_image("2", SIZE, data=b"no image")}
    preparation.use(images, {})
    assert preparation.state("k1")["superpixels"] == Layer("pending")
    assert preparation.get("k1", "fine") is None
    preparation.want("k1", ["k2"])
    found = settled(preparation, "k1")
    assert found.state == "ready"
    place = preparation.get("k1", "fine")
    assert place is not None
    ids = np.frombuffer(gzip.decompress(place.read_bytes()), "<u4").reshape(SIZE)
    assert ids.max() + 1 == found.about["grains"]["fine"]["count"]
    bad = settled(preparation, "k2")
    assert bad.state == "failed"
    assert "not a readable image" in bad.why
    assert preparation.state("unknown") == {}

    again = Preparation(tmp_path / "cache")
    try:
        again.use(images, {})
        again.want("k1")
        assert settled(again, "k1").about == found.about
        assert again._workers._pool is None  # Nothing was computed.
    finally:
        again.close()


def test_the_open_image_comes_first_then_those_after_it(held: tuple[Preparation, Held]) -> None:
    preparation, workers = held
    images = {f"k{i}": asked_image(str(i), (4, 4 + i), data=_picture(4, 4 + i)) for i in range(6)}
    preparation.use(images, {})
    preparation.want("k0", ["k1", "k2"])
    eventually(lambda: len(workers.given) == 1)
    preparation.want("k3", ["k4"], "Bo")  # Somebody else, later.
    widths = []
    for _ in range(5):
        eventually(lambda: len(workers.given) == 1)
        widths.append(workers.run().size[1] - 4)
    assert widths == [0, 3, 4, 1, 2]
    assert preparation.state("k5")["superpixels"].state == "pending"
    assert not workers.given


def test_dropout_passes_hold_up_nothing_else(
    held: tuple[Preparation, Held], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    preparation, workers = held
    slow = preparation._slow
    assert isinstance(slow, Held)

    def task(layer: str, guide: object, image_id: str, picture: str, *rest: object) -> Task:
        return NoteTask(key_of(layer, picture), b"", (1, 1))

    monkeypatch.setattr(module, "task_for", task)
    guide = Guide(tmp_path, map=MapSource("votes"))
    images = {f"k{i}": asked_image(str(i), (4, 4 + i), data=_picture(4, 4 + i)) for i in range(2)}
    preparation.use(images, {"initial": guide})
    preparation.want("k0", ["k1"])
    eventually(lambda: len(slow.given) == len(workers.given) == 1)
    for _ in range(4):
        eventually(lambda: len(workers.given) == 1)
        workers.run()
    states = {key: preparation.state(key) for key in images}
    assert {states[key]["prediction"].state for key in images} == {"ready"}
    assert {states[key]["map"].state for key in images} == {"pending"}
    for _ in range(2):
        eventually(lambda: len(slow.given) == 1)
        slow.run()
    assert preparation.state("k1")["map"].state == "ready"
    assert not slow.given
    assert not workers.given


def test_images_that_were_skipped_come_last(held: tuple[Preparation, Held]) -> None:
    preparation, workers = held
    images = {f"k{i}": asked_image(str(i), (4, 4 + i), data=_picture(4, 4 + i)) for i in range(6)}
    preparation.use(images, {})
    for skipped in range(4):  # The first task is given at once.
        preparation.want(f"k{skipped}", [f"k{skipped + 1}"])
        if skipped == 0:
            eventually(lambda: len(workers.given) == 1)
    widths = []
    for _ in range(5):
        eventually(lambda: len(workers.given) == 1)
        widths.append(workers.run().size[1] - 4)
    assert widths == [0, 3, 4, 2, 1]


def test_what_is_no_longer_asked_is_not_computed(held: tuple[Preparation, Held]) -> None:
    preparation, workers = held
    images = {f"k{i}": asked_image(str(i), (4, 4 + i), data=_picture(4, 4 + i)) for i in range(3)}
    preparation.use(images, {})
    preparation.want("k0", ["k1", "k2"])
    eventually(lambda: len(workers.given) == 1)
    preparation.use({"k2": images["k2"]}, {})
    assert preparation.state("k0") == {}
    workers.run()
    eventually(lambda: len(workers.given) == 1)
    assert workers.run().size == (4, 6)
    assert settled(preparation, "k2").state == "ready"
    assert not workers.given


def test_a_lost_result_is_computed_again(held: tuple[Preparation, Held]) -> None:
    preparation, workers = held
    preparation.use({"k": asked_image("1", SIZE)}, {})
    preparation.want("k")
    eventually(lambda: len(workers.given) == 1)
    workers.run()
    settled(preparation, "k")
    place = preparation.get("k", "fine")
    assert place is not None
    content = place.read_bytes()
    place.write_bytes(b"")
    assert preparation.get("k", "fine") is None
    assert preparation.state("k")["superpixels"].state == "pending"
    eventually(lambda: len(workers.given) == 1)
    workers.run()
    settled(preparation, "k")
    assert place.read_bytes() == content


def test_an_image_that_cannot_be_read_fails_with_a_line(held: tuple[Preparation, Held]) -> None:
    preparation, _ = held
    image = asked_image("1", SIZE)

    def read() -> bytes:
        raise FileNotFoundError(2, "No such file or directory", "photos/1.jpg")

    object.__setattr__(image, "read", read)
    preparation.use({"k": image, "other": asked_image("2", (9, 9), data=_picture(8, 9))}, {})
    preparation.want("k")
    assert "photos/1.jpg" in settled(preparation, "k").why


def test_a_size_that_has_changed_is_said(preparation: Preparation) -> None:
    preparation.use({"k": asked_image("2", (9, 9), data=_picture(8, 9))}, {})
    preparation.want("k")
    assert settled(preparation, "k").why == (
        "the image is now 8 x 9 (height x width), and was 9 x 9 when it was chosen"
    )


@pytest.mark.parametrize(("how", "state"), [("die", "failed"), ("die once", "ready")])
def test_a_task_whose_worker_dies_is_tried_once_more(
    preparation: Preparation,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    how: str,
    state: str,
) -> None:
    def task(layer: str, guide: object, image_id: str, picture: str, *rest: object) -> Task:
        bad = image_id == "bad"
        return NoteTask(picture, b"", (1, 1), how if bad else "work", tmp_path / "mark")

    monkeypatch.setattr(module, "task_for", task)
    preparation.use({"bad": asked_image("bad", SIZE), "good": asked_image("good", (9, 9))}, {})
    preparation.want("bad", ["good"])
    found = settled(preparation, "bad")
    assert found.state == state
    assert ("ended twice" in found.why) == (state == "failed")
    assert settled(preparation, "good").state == "ready"


def test_nothing_waits_while_an_image_is_read(held: tuple[Preparation, Held]) -> None:
    preparation, _ = held
    slow, go = asked_image("1", SIZE), threading.Event()

    def read() -> bytes:
        go.wait(PATIENCE_S)
        return _picture(*SIZE)

    object.__setattr__(slow, "read", read)
    preparation.use({"k": slow}, {})
    preparation.want("k")
    start_s = time.monotonic()
    assert preparation.state("k")["superpixels"].state == "pending"
    assert preparation.get("k", "fine") is None
    assert time.monotonic() - start_s < PATIENCE_S / 4
    go.set()


def _picture(height: int, width: int) -> bytes:
    from tests.support.asked_images import image_file

    return image_file((height, width), "PNG")
