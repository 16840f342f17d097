"""Several people in their browsers on one run: nobody gets an image that somebody else has.

A reviewer sees all, and the run goes on only then; or two label the same, and the report says how
far they agree.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from raysal.annotate.asked import Asked, AskedImage
from raysal.data.decode import resize_mask
from raysal.data.labels import read_labels
from raysal.experiment.answered import read_answered
from raysal.experiment.config import ExperimentConfig
from tests.support.beside import Beside, beside
from tests.support.drawing import Place
from tests.support.hand import Hand
from tests.support.labelling_page import LabellingPage, person
from tests.support.people import asking, take_photographs
from tests.support.shallow_network import MOBILENET

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def two_halves(hand: Hand, above: int, below: int) -> None:
    height, width = hand.image.size
    sides: dict[Place, int] = {
        (0.4 * width, 0.1 * height): above,
        (0.5 * width, 0.9 * height): below,
    }
    hand.cut((-1.0, 0.52 * height), (width + 1.0, 0.47 * height), sides)


def config_of(folder: Path, initial: int) -> ExperimentConfig:
    """One query, and one training."""
    changes = {"al": {"initial": initial, "test": 0, "rounds": 1}}
    return asking(folder, take_photographs(folder, images=6), model=MOBILENET, **changes)


def open_any(page: LabellingPage, asked: Asked, images: list[AskedImage]) -> Hand:
    image = page.opened(*images)
    return Hand(page, image, asked.store(image))


def test_a_reviewer_has_the_last_word(browser: Browser, tmp_path: Path) -> None:
    config = config_of(tmp_path, initial=4)
    with (
        beside(config, tmp_path, "--user", "Rev", "--review") as session,
        person(browser, session.invite("Ann")) as ann,
        person(browser, session.invite("Bo")) as bo,
    ):
        hands = label_all(session, ann, bo)
        asked, _ = session.asked("initial")
        assert all(not session.layout.initial.labels.exists() for _ in hands)
        with person(browser, session.link) as rev:
            rev.press_button("Review 4")
            seen = review(rev, asked, hands)
            sent_back(seen["sent back"], rev)
        assert session.run.ended(60)
    stored = {one.image_id: one.label for one in read_labels(session.layout.initial.labels)}
    rows = {row.image_id: row for row in read_answered(session.layout.initial)}
    assert stored.keys() == hands.keys()
    for image_id, hand in hands.items():
        expected = resize_mask(hand.drawing.raster, config.data.size)
        np.testing.assert_array_equal(stored[image_id], expected)
        who = "Ann" if hand.page is ann else "Bo"
        assert (rows[image_id].annotator, rows[image_id].reviewer) == (who, "Rev")


def label_all(session: Beside, ann: LabellingPage, bo: LabellingPage) -> dict[str, Hand]:
    """Two people in turn, until nothing is left."""
    asked, images = session.asked("initial")
    left = list(images)
    hands: dict[str, Hand] = {}
    at_work = [open_any(ann, asked, left)]
    at_work.append(open_any(bo, asked, [i for i in left if i is not at_work[0].image]))
    while at_work:
        first, *others = at_work
        hands[first.image.image_id] = first
        left.remove(first.image)
        two_halves(first, above=1, below=len(hands))
        first.finish()
        first.stored("review")
        rest = [image for image in left if image not in [hand.image for hand in others]]
        at_work = [*others, open_any(first.page, asked, rest)] if rest else others
    return hands


def review(rev: LabellingPage, asked: Asked, hands: dict[str, Hand]) -> dict[str, Hand]:
    """Accept two, correct one, and send one back."""
    seen: dict[str, Hand] = {}
    for verdict in ("accepted", "corrected", "sent back", "accepted too"):
        left = [hand.image for hand in hands.values() if hand not in seen.values()]
        image = rev.opened(*left)
        seen[verdict] = hand = hands[image.image_id]
        if verdict == "corrected":
            reviewer = Hand(rev, image, asked.store(image), hand.drawing)
            reviewer.brush(5, (30.0, 20.0), (60.0, 25.0), size=9)
        if verdict == "sent back":
            rev.press_button("Send back")
            rev.page.keyboard.type("the kerb, please")
            rev.press("Control+Enter")
        else:
            rev.press("Enter")
            hand.stored("done")
    return seen


def sent_back(hand: Hand, rev: LabellingPage) -> None:
    """The annotator sees the note and draws again; the reviewer accepts that."""
    hand.page.sees("Sent back by Rev")
    hand.page.sees("the kerb, please")
    hand.page.opened(hand.image)
    hand.brush(7, (20.0, 40.0), (50.0, 42.0), size=5)
    hand.finish()
    hand.stored("review")
    rev.opened(hand.image)
    rev.press("Enter")
    hand.stored("done")


def test_two_label_the_same(browser: Browser, tmp_path: Path) -> None:
    config = config_of(tmp_path, initial=2)
    hands: list[Hand] = []
    with (
        beside(config, tmp_path, "--user", "Ann", "--overlap", 1) as session,
        person(browser, session.link) as ann,
        person(browser, session.invite("Bo")) as bo,
    ):
        asked, images = session.asked("initial")
        for page, above in ((ann, 1), (bo, 2)):
            left = list(images)
            while left:
                assert not session.layout.initial.labels.exists()
                hand = open_any(page, asked, left)
                two_halves(hand, above, below=0)
                hand.finish()
                hand.stored("review" if page is ann else "done")
                left.remove(hand.image)
                hands.append(hand)
        assert session.run.ended(60)
    pairs = [(a, b) for a in hands[:2] for b in hands[2:] if a.image.image_id == b.image.image_id]
    equal = np.mean([a.drawing.raster == b.drawing.raster for a, b in pairs])
    with (session.layout.report / "agreement.csv").open() as file:
        row = next(csv.DictReader(file))
    assert (row["annotator"], row["other_annotator"], row["images"]) == ("Ann", "Bo", "2")
    assert float(row["equal_percent"]) == pytest.approx(100 * equal)
    assert 20 < 100 * equal < 80
