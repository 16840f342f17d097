"""Several people: invitations, leases, overlap, review."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from raysal.annotate.tool.leases import Leases
from raysal.annotate.tool.people import People
from raysal.annotate.tool.standing import is_overlap
from raysal.errors import ConfigError, DataError
from tests.support.asked_images import SIZE, asked_image
from tests.support.labelling import Browser, MadeUp, Served, served


def full(class_id: int) -> np.ndarray:
    return np.full(SIZE, class_id, np.uint8)


def test_invitations(tmp_path: Path) -> None:
    people = People(tmp_path / "annotate")
    token = people.invite("  Ann   Lee ")
    found = people.who(token)
    assert found is not None
    assert (found.name, found.reviewer) == ("Ann Lee", False)
    assert people.who(token + "x") is None
    assert people.who("") is None
    with pytest.raises(ConfigError, match="invited already"):
        people.invite("ann lee")
    again = people.invite("ANN LEE", reviewer=True, again=True)
    known = {(p.name, p.reviewer) for p in map(people.who, (token, again)) if p is not None}
    assert known == {("Ann Lee", True)}
    # Another process changes the file meanwhile.
    People(tmp_path / "annotate").revoke("Ann Lee")
    assert people.who(token) is None
    with pytest.raises(ConfigError, match="invited: nobody"):
        people.revoke("Ann Lee")


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "\n"])
def test_names_that_are_none(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="name has 1 to 60"):
        People(tmp_path).invite(name)


def test_a_damaged_file_lets_nobody_in(tmp_path: Path) -> None:
    people = People(tmp_path)
    token = people.invite("Ann")
    file = tmp_path / "people.json"
    file.write_text(file.read_text().replace('"reviewer": false', '"reviewer": true'))
    with pytest.raises(DataError, match="invite everybody again"):
        people.who(token)


def test_leases_end_by_the_clock_of_the_server() -> None:
    now = 0.0
    leases = Leases(10, lambda: now)
    assert leases.take("a", "Ann") is None
    other = leases.take("a", "Bob")
    assert other is not None
    assert (other.person, leases.left(other)) == ("Ann", 10)
    now = 6.0
    assert leases.take("a", "Ann") is None  # Renewed.
    now = 15.9
    assert leases.take("a", "Bob") is not None
    now = 16.0
    assert leases.take("a", "Bob") is None
    assert leases.holders("a") == ["Bob"]
    leases.release("a", "Ann")  # Not hers any more.
    assert leases.holders("a") == ["Bob"]
    leases.release("a", "Bob")
    assert leases.holders("a") == []


def test_nobody_gets_the_same_image(ann: Browser, bob: Browser) -> None:
    assert ann.lease().json() == {"seconds": 300.0}
    found = bob.lease()
    assert (found.status_code, found.json()["by"]) == (423, "Ann")
    assert 0 < found.json()["seconds"] <= 300
    entry = bob.entry()
    assert (entry["leasedBy"], entry["forYou"]) == ("Ann", False)
    assert (ann.entry()["leasedBy"], ann.entry()["forYou"]) == (None, True)
    assert bob.save().status_code == 423
    assert ann.save().status_code == 200
    ann.client.delete(f"/api/images/{ann.served.key()}/lease")
    assert bob.lease().status_code == 200


def test_finishing_gives_the_image_back(ann: Browser, bob: Browser) -> None:
    ann.finish()
    assert bob.lease().status_code == 200


def test_whoever_went_away_is_followed(server: Served, ann: Browser, bob: Browser) -> None:
    """A lease that has ended lets another go on with what is there."""
    ann.save(full(2))
    server.desk.leases.release(server.key(), "Ann")
    bob.open()
    np.testing.assert_array_equal(bob.raster(), full(2))
    assert bob.save(full(3)).status_code == 200
    # Her tab is still open, with version 1 as its base.
    server.desk.leases.release(server.key(), "Bob")
    assert ann.save(full(1)).status_code == 409


def test_progress_and_the_queue(server: Served, ann: Browser, bob: Browser) -> None:
    assert ann.queue()["progress"] == {"done": 0, "of": 4, "unit": "images", "doneByYou": 0}
    ann.finish()
    ann.save(state="unusable", note="dark", index=1)
    bob.finish(index=2)
    found = ann.queue()
    assert found["progress"] == {"done": 3, "of": 4, "unit": "images", "doneByYou": 2}
    states = [image["state"] for image in found["images"]]
    assert states == ["done", "unusable", "done", "open"]
    assert [image["yours"] for image in found["images"]] == [True, True, False, False]
    assert [image["forYou"] for image in found["images"]] == [False, False, False, True]


def test_an_unchanged_queue_is_not_sent_again(ann: Browser) -> None:
    etag = ann.get("queue").headers["etag"]
    found = ann.get("queue", headers={"if-none-match": etag})
    assert (found.status_code, found.content) == (304, b"")
    ann.save()
    assert ann.get("queue", headers={"if-none-match": etag}).status_code == 200


class TestOverlap:
    """Two people label an image, and neither sees the other's."""

    @pytest.fixture
    def server(self, place: MadeUp) -> Served:
        found = served(place)
        found.desk.people.set_rules(1.0, None)
        return found

    def test_the_later_of_two_counts(self, server: Served, ann: Browser, bob: Browser) -> None:
        assert ann.lease().status_code == 200
        assert bob.lease().status_code == 200
        assert ann.finish(full(1)).json()["state"] == "review"
        # Bob sees an empty image, and his first save is based on nothing.
        assert bob.raster() is None
        assert (bob.entry()["state"], bob.entry()["forYou"]) == ("open", True)
        assert bob.entry()["by"] is None
        assert bob.save(full(2)).status_code == 200
        assert ann.entry()["state"] == "review"
        np.testing.assert_array_equal(ann.raster(), full(1))
        assert bob.finish(full(2)).json()["state"] == "done"
        stored = server.stored()
        assert stored is not None
        assert (stored.annotator, stored.state, stored.started_from) == ("Bob", "done", 0)
        states = [h.state for h in server.store().version_heads(stored.image_id)]
        assert states == ["review", "done"]
        assert ann.entry()["state"] == "done"

    def test_a_third_is_not_let_in(self, server: Served, ann: Browser, bob: Browser) -> None:
        cem = server.person("Cem")
        ann.save()
        bob.lease()
        assert cem.lease().status_code == 423
        assert cem.save().status_code == 423
        assert cem.entry()["forYou"] is False

    def test_one_alone_does_not_settle_it(self, server: Served, ann: Browser) -> None:
        for _ in range(2):
            assert ann.finish().json()["state"] == "review"
            ann.open()
        assert ann.queue()["progress"]["done"] == 0
        assert ann.queue()["progress"]["doneByYou"] == 1
        assert ann.entry()["forYou"] is False

    def test_without_a_second_person_a_reviewer_settles_it(
        self, server: Served, ann: Browser
    ) -> None:
        ann.finish()
        server.desk.people.set_rules(0.0, None)
        rev = server.person("Rev", reviewer=True)
        assert [each["id"] for each in rev.queue()["review"]] == [server.images[0].image_id]
        assert rev.review("accept").json()["state"] == "done"


def test_the_share_of_overlap_is_drawn_by_lot(place: MadeUp) -> None:
    people = People(place.folder)
    people.set_rules(0.3, None)
    images = [asked_image(str(n), data=b"no matter") for n in range(500)]
    chosen = [image.image_id for image in images if is_overlap(image, people.current())]
    assert 110 < len(chosen) < 190
    assert chosen == [i.image_id for i in images if is_overlap(i, People(place.folder).current())]


class TestReview:
    """What is finished waits for a reviewer."""

    @pytest.fixture
    def server(self, place: MadeUp) -> Served:
        found = served(place)
        found.desk.people.set_rules(None, True)
        return found

    @pytest.fixture
    def rev(self, server: Served) -> Browser:
        return server.person("Rev", reviewer=True)

    def test_accept(self, server: Served, ann: Browser, rev: Browser) -> None:
        assert ann.finish(full(1), note="hard").json()["state"] == "review"
        assert ann.queue()["review"] == []
        (waiting,) = rev.queue()["review"]
        assert (waiting["by"], waiting["note"], waiting["size"]) == ("Ann", "hard", list(SIZE))
        np.testing.assert_array_equal(rev.raster(), full(1))
        assert rev.review("accept").json()["state"] == "done"
        stored = server.stored()
        assert stored is not None
        assert (stored.annotator, stored.reviewer, stored.note) == ("Ann", "Rev", "hard")
        assert rev.queue()["review"] == []
        assert rev.review("accept").status_code == 409

    def test_send_back(self, server: Served, ann: Browser, rev: Browser) -> None:
        ann.finish(full(1))
        assert rev.review("return", note="the kerb is missing").json()["state"] == "draft"
        entry = ann.entry()
        assert (entry["state"], entry["forYou"]) == ("draft", True)
        assert entry["returned"] == "the kerb is missing"
        ann.open()
        np.testing.assert_array_equal(ann.raster(), full(1))
        assert ann.finish(full(2)).json()["state"] == "review"
        assert ann.entry()["returned"] is None
        stored = server.stored()
        assert stored is not None
        assert stored.reviewer == ""

    def test_correct(self, server: Served, ann: Browser, rev: Browser) -> None:
        ann.finish(full(1))
        rev.open()
        assert rev.save(full(2)).status_code == 200
        # Whoever corrects may leave; it still waits for a review.
        assert len(rev.queue()["review"]) == 1
        assert rev.finish(full(3)).json()["state"] == "done"
        stored = server.stored()
        assert stored is not None
        assert stored.raster is not None
        assert (stored.annotator, stored.reviewer, stored.raster[0, 0]) == ("Ann", "Rev", 3)
        versions = server.store().version_heads(stored.image_id)
        assert [(h.annotator, h.state) for h in versions] == [("Ann", "review"), ("Ann", "done")]

    def test_what_cannot_be_labelled(self, server: Served, ann: Browser, rev: Browser) -> None:
        assert ann.save(state="unusable", note="dark").json()["state"] == "review"
        assert rev.review("return", note="it can").json()["state"] == "draft"
        ann.open()
        assert ann.save(state="unusable", note="it cannot").json()["state"] == "review"
        assert rev.review("accept").json()["state"] == "unusable"
        assert ann.entry()["state"] == "unusable"

    def test_only_reviewers(self, server: Served, ann: Browser, bob: Browser) -> None:
        ann.finish()
        assert bob.review("accept").status_code == 403
        assert bob.queue()["review"] == []

    def test_nothing_to_review(self, rev: Browser) -> None:
        assert rev.review("accept").status_code == 409
        assert rev.review("perhaps").status_code == 422

    def test_a_reviewer_needs_no_reviewer(self, rev: Browser) -> None:
        assert rev.finish().json()["state"] == "done"


def test_taking_up_again_what_was_done(server: Served, ann: Browser) -> None:
    ann.finish(full(1))
    ann.open()
    assert ann.save(full(2)).json()["state"] == "draft"
    assert ann.entry()["state"] == "draft"
    assert ann.finish(full(3)).json()["state"] == "done"
