"""Whole CPRAL rounds in a browser, beside a run that waits: streets, and real CamVid.

What is drawn with each tool is known in advance; the next model is trained on exactly that.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from raysal.data.decode import IGNORE, resize_mask
from raysal.data.labels import ANNOTATOR, EXTENDED, REFUSED, read_labels, read_merged
from raysal.data.sets.camvid import CamVid
from raysal.experiment.answered import Answered, read_answered
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.layout import QueryLayout, RunLayout
from raysal.experiment.record import Record
from tests.support.beside import Beside, beside
from tests.support.drawing import Place
from tests.support.hand import Hand
from tests.support.labelling_page import LabellingPage, person
from tests.support.paths import real_data
from tests.support.people import Photographs, asking, take_photographs
from tests.support.shallow_network import MOBILENET

if TYPE_CHECKING:
    from playwright.sync_api import Browser

Hands = dict[str, Hand]
"""What was drawn, by image."""


def with_all_tools(hand: Hand) -> None:
    """A whole image, with a reload in between."""
    height, width = hand.image.size

    def at(x: float, y: float) -> Place:
        return x * width, y * height

    across = width / 8
    hand.superpixels(0, 0.1 * height, 0.05 * width, 0.3 * width)
    hand.brush(2, at(0.5, 0.5), size=9)
    hand.brush(1, at(0.6, 0.3), at(0.7, 0.45), at(0.65, 0.5), size=5)
    hand.undo()
    hand.enclose(3, at(0.2, 0.4), at(0.45, 0.42), at(0.3, 0.6))
    hand.erase(at(0.3, 0.45), at(0.3, 0.5), size=3)
    hand.stored("draft")
    hand.page.reload()
    hand.page.opened(hand.image)
    hand.pick(at(0.5, 0.5), at(0.8, 0.2), at(0.9, 0.2), size=5)
    hand.modify(at(0.85, 0.2), 4)
    hand.cut(at(-0.01, 0.8), at(1.01, 0.72), {at(0.6, 0.97): 5})
    hand.scribble(
        {
            6: (0.3 * height, 0.55 * width, 0.55 * width + across),
            7: (0.65 * height, 0.6 * width, 0.6 * width + across),
        }
    )
    hand.undo()
    hand.bucket(8, at(0.55, 0.32))
    hand.undo()
    hand.bucket(9, at(0.55, 0.32))


def with_a_cut(hand: Hand) -> None:
    """A whole image in two halves: nothing is left."""
    height, width = hand.image.size
    top, below = (0.4 * width, 0.2 * height), (0.5 * width, 0.9 * height)
    hand.cut((-1.0, 0.55 * height), (width + 1.0, 0.61 * height), {top: 1, below: 0})


def in_regions(hand: Hand, _: int) -> None:
    """Each region with other tools, some of the first with all."""
    for region, (row, col, height, width) in enumerate(hand.image.rectangles):
        middle = col + 0.5 * width, row + 0.5 * height
        if region:
            hand.page.press("n")
        if region % 3 == 0:
            hand.brush(4, (middle[0] - 4, middle[1]), (middle[0] + 3, middle[1] + 2), size=5)
            hand.accept_region(region)
            hand.brush(5, middle, size=3)
            hand.undo()
        elif region % 3 == 1:
            hand.superpixels(6, middle[1], col - 3.0, middle[0])
            hand.bucket(7, middle)
        else:
            hand.accept_superpixel(middle)
            hand.scribble({1: (row + 2.5, col + 2.5, col + 8.5)})
    hand.unlock()
    hand.brush(3, (1.0, 1.0), (6.0, 2.0), size=5)


def label(
    person: LabellingPage,
    session: Beside,
    query: str,
    work: Callable[[Hand, int], None],
    extends: bool = False,
) -> Hands:
    """Label all images of a query, each as soon as the page shows it.

    Args:
        extends: whether labels are extended; in the first image with any, the largest part is
            refused.
    """
    asked, images = session.asked(query)
    hands: Hands = {}
    while left := [image for image in images if image.image_id not in hands]:
        image = person.opened(*left)
        hand = Hand(person, image, asked.store(image))
        work(hand, len(hands))
        hand.finish()
        if extends:
            (hand.accept_extended if any_refused(hands) else hand.refuse_extended)()
        hands[image.image_id] = hand
    for hand in hands.values():
        hand.stored("done")
    return hands


def any_refused(hands: Hands) -> bool:
    return any(hand.drawing.refused is not None for hand in hands.values())


def check_query(here: QueryLayout, hands: Hands, size: tuple[int, int]) -> None:
    """The labels of a query are what was drawn, and the ledger has what it cost."""
    stored = {labelled.image_id: labelled for labelled in read_labels(here.labels)}
    rows = {row.image_id: row for row in read_answered(here)}
    assert stored.keys() == rows.keys() == hands.keys()
    for image_id, hand in hands.items():
        expected = resize_mask(hand.drawing.raster, size)
        np.testing.assert_array_equal(stored[image_id].label, expected)
        by_annotator = stored[image_id].source == ANNOTATOR
        if hand.drawing.refused is not None:
            refused = resize_mask(hand.drawing.refused.astype(np.uint8), size) == 1
            np.testing.assert_array_equal(
                stored[image_id].source == REFUSED, refused & ~by_annotator
            )
        assert by_annotator[expected != IGNORE].all()
        check_row(rows[image_id], hand, int(by_annotator.sum()))


def check_row(row: Answered, hand: Hand, pixels: int) -> None:
    assert (row.state, row.annotator, row.pixels + row.outside) == ("labelled", "Ann", pixels)
    assert (row.clicks, row.undos) == (hand.drawing.clicks, hand.drawing.undos)
    assert row.seconds is not None
    assert 0 < row.seconds < 60
    work = row.work
    assert sum(part.clicks for part in work) == row.clicks
    assert sum(part.undos for part in work) == row.undos
    assert sum(part.seconds for part in work) == pytest.approx(row.seconds, abs=0.02)
    asked = len(hand.image.rectangles)
    assert {part.region for part in work if part.clicks} >= set(range(asked))


def counts(hands: Hands, size: tuple[int, int], classes: int) -> np.ndarray:
    """Pixels of each class that were drawn, at the working size."""
    labels = [resize_mask(hand.drawing.raster, size) for hand in hands.values()]
    return np.bincount(np.stack(labels).ravel(), minlength=256)[:classes]


def check_trained(layout: RunLayout, config: ExperimentConfig, rounds: list[Hands]) -> None:
    """Each round was trained on exactly what was drawn before it."""
    size, classes = config.data.size, len(config.data.class_names)
    total = np.zeros(classes, np.int64)
    for index, hands in enumerate(rounds):
        total += counts(hands, size, classes)
        record = Record.read(layout.round(index).record)
        assert record.class_pixels == tuple(total)
        if index and config.cle is not None:
            assert record.extended_pixels == extended(layout, index, rounds, size, classes)


def extended(
    layout: RunLayout, index: int, rounds: list[Hands], size: tuple[int, int], classes: int
) -> tuple[int, ...]:
    """Pixels of each class that a round was trained on without anybody having drawn them; checks
    that none of them was refused."""
    pixels = np.zeros(classes, np.int64)
    drawn = {image_id: hand.drawing for hands in rounds for image_id, hand in hands.items()}
    for labelled in read_merged(layout.extended(index)).values():
        where = labelled.source == EXTENDED
        refused = drawn[labelled.image_id].refused
        if refused is not None:
            assert not (where & (resize_mask(refused.astype(np.uint8), size) == 1)).any()
        pixels += np.bincount(labelled.label[where], minlength=classes)
    assert pixels.any()
    return tuple(pixels.tolist())


REGIONS: dict[str, Any] = {
    "acquisition": {"name": "panoptic"},
    "model": {**MOBILENET, "channel_dropout": 0.25},
    "rga": {"subset": 6, "w": 16, "passes": 3},
    "al": {"initial": 2, "test": 0, "budget": 5, "budget_unit": "regions", "rounds": 3},
    "train": {"epochs": 3},
}
ONE_QUERY = {**REGIONS, "al": {**REGIONS["al"], "rounds": 2}}
EXTENDED_REGIONS = {
    **REGIONS,
    "cle": {"cell": 4, "calibrate": False, "tau_conf": 0.1, "tau_sim": 0.0},
}


def play(browser: Browser, folder: Path, config: ExperimentConfig) -> None:
    """The first images, then queries of regions; the page shows each by itself."""
    layout, extends = RunLayout(config.folder), config.cle is not None
    with (
        beside(config, folder, "--user", "Ann") as session,
        person(browser, session.link) as ann,
    ):
        initial = label(
            ann, session, "initial", lambda hand, n: (with_all_tools, with_a_cut)[n](hand)
        )
        with session.halted_in(layout.round(0).model):
            ann.sees("round 0: the run trains")
            ann.sees("All is labelled: the run goes on")
        later = [
            label(ann, session, here.name, in_regions, extends)
            for here in layout.queries(config.al.rounds - 1)[1:]
        ]
        ann.sees("The run is finished")
        assert session.run.ended(60)
    rounds = [initial, *later]
    for here, hands in zip(layout.queries(config.al.rounds - 1), rounds, strict=True):
        check_query(here, hands, config.data.size)
    check_trained(layout, config, rounds)
    assert any(any_refused(hands) for hands in later) == extends
    report = layout.report.joinpath("report.html").read_text()
    assert "Annotation</h2>" in report
    assert "<bdi>Ann</bdi>" in report


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_streets(browser: Browser, tmp_path: Path) -> None:
    photographs = take_photographs(tmp_path, images=12)
    play(browser, tmp_path, asking(tmp_path, photographs, **EXTENDED_REGIONS))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_camvid(browser: Browser, tmp_path: Path) -> None:
    root = real_data("camvid")
    classes = tuple(CamVid(root=str(root)).class_names)
    photographs = Photographs(tmp_path / "photos", root / "trainannot", classes)
    photographs.images.mkdir()
    for image in sorted((root / "train").iterdir())[::30]:
        (photographs.images / image.name).symlink_to(image)
    play(
        browser,
        tmp_path,
        asking(tmp_path, photographs, data={"size": [96, 128]}, **ONE_QUERY, name="camvid"),
    )
