"""The queue is kept for each person, and only what has changed is made again."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
import pytest

from raysal.annotate.tool import index, queue, reading
from raysal.annotate.tool.people import People
from raysal.data.answers import Answer
from tests.support.asked_images import SIZE, asked_image
from tests.support.labelling import Browser, MadeUp, Served


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The images whose rows have been made, in the order of time."""
    found: list[str] = []
    row = queue._row

    def noted(desk, image, *more):  # type: ignore[no-untyped-def]
        found.append(image.image_id)
        return row(desk, image, *more)

    monkeypatch.setattr(queue, "_row", noted)
    return found


def test_only_what_has_changed_is_made_again(
    server: Served, ann: Browser, bob: Browser, made: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "RACY_S", -1.0)  # As if all had happened long ago.
    ids = [image.image_id for image in server.images]
    ann.queue()
    bob.queue()
    assert made == [*ids, *ids]
    for who, act in (
        (ann, lambda: ann.lease(1)),
        (bob, lambda: ann.save(index=1)),
        (ann, lambda: server.desk.leases.release(server.key(1), "Ann")),
        (ann, lambda: server.desk.unreadable.update({server.key(1): "cut off"})),
    ):
        who.queue()
        made.clear()
        act()  # type: ignore[no-untyped-call]
        who.queue()
        assert made == [ids[1]]
        who.queue()
        assert made == [ids[1]]


def test_it_is_as_if_made_anew(server: Served, place: MadeUp) -> None:
    """After whatever people do, what is kept is what is made from nothing."""
    ann, eva = server.person("Ann"), server.person("Eva", reviewer=True)
    chance, raster = random.Random(3), np.ones(SIZE, np.uint8)
    store = server.store()

    def other_program(at: int) -> None:
        store.save(Answer(server.images[at].image_id, raster, "Cy", "coco"))

    acts: list[Callable[[int], object]] = [
        lambda at: ann.save(index=at, force=True),
        lambda at: ann.finish(index=at, force=True),
        lambda at: eva.review("return", at, "again"),
        lambda at: eva.review("accept", at),
        lambda at: eva.lease(at),
        lambda at: server.desk.leases.release(server.key(at), "Eva"),
        other_program,
        lambda at: server.desk.people.set_rules(chance.choice([0.0, 0.5]), chance.random() < 0.5),
        lambda at: server.desk.unreadable.pop(server.key(at), None),
        lambda at: server.desk.unreadable.update({server.key(at): "cut off"}),
    ]
    for _ in range(60):
        chance.choice(acts)(chance.randrange(4))
        for who in (ann, eva):
            kept = who.get("queue")
            server.desk.queues.clear()
            anew = who.get("queue")
            assert (kept.json(), kept.headers["etag"]) == (anew.json(), anew.headers["etag"])
    place.asked = type(place)(place.folder / "other", [asked_image("new")]).asked
    place.generation = "2"
    server.desk.view(now=True)
    assert [entry["id"] for entry in ann.queue()["images"]] == ["new"]


def test_people_who_come_later_change_nothing_for_others(
    server: Served, place: MadeUp, ann: Browser, made: list[str]
) -> None:
    ann.queue()
    made.clear()
    People(place.folder).invite("Late")
    ann.queue()
    assert made == []


def test_a_large_queue_is_compressed(
    server: Served, ann: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = ann.get("queue")
    assert "content-encoding" not in plain.headers
    monkeypatch.setattr(reading, "SMALL", 10)
    found = ann.get("queue", headers={"accept-encoding": "gzip"})
    assert found.headers["content-encoding"] == "gzip"
    assert int(found.headers["content-length"]) < len(plain.content)
    assert found.json() == plain.json()
    as_it_is = ann.get("queue", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in as_it_is.headers
