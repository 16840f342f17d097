"""What is saved, and what is refused."""

from __future__ import annotations

import gzip
import json
import threading
from pathlib import Path

import numpy as np
import pytest

from raysal.annotate.tool.index import RACY_S
from raysal.annotate.tool.prepare.preparation import Preparation
from raysal.annotate.tool.save import most_bytes
from raysal.data.answers import Answer
from tests.support.asked_images import SIZE, asked_image, random_raster
from tests.support.faults import disk_full_for
from tests.support.labelling import Browser, MadeUp, Served, served

LINE = {"state": "draft", "base": 0, "session": "s"}


def body(raster: bytes, **head: object) -> bytes:
    return json.dumps({**LINE, **head}).encode() + b"\n" + raster


def test_a_draft_comes_back_as_it_was(ann: Browser, server: Served) -> None:
    raster = random_raster(server.images[0], 1)
    saved = ann.save(raster)
    assert (saved.status_code, saved.json()["version"], saved.json()["state"]) == (200, 1, "draft")
    np.testing.assert_array_equal(ann.raster(), raster)
    stored = server.stored()
    assert stored is not None
    assert (stored.annotator, stored.state, stored.version) == ("Ann", "draft", 1)
    assert stored.tool.startswith("raysal ")


def test_work_is_kept_and_comes_back(ann: Browser, server: Served) -> None:
    work = {
        "region": 0, "class_id": 2, "tool": "brush", "seconds": 1.5, "clicks": 4, "undos": 1,
    }  # fmt: skip
    ann.finish(seconds=12.5, clicks=7, undos=2, work=[work], note="a  note\n<b>", index=3)
    answer = ann.about(3)["answer"]
    assert (answer["seconds"], answer["clicks"], answer["undos"]) == (12.5, 7, 2)
    assert (answer["work"], answer["note"]) == ([work], "a note <b>")


def test_drafts_of_a_session_replace_each_other(ann: Browser, server: Served) -> None:
    for stroke in range(5):
        assert ann.save(np.full(SIZE, stroke % 4, np.uint8)).status_code == 200
    assert ann.finish().json()["state"] == "done"
    assert [head.state for head in server.store().version_heads(server.images[0].image_id)] == [
        "done"
    ]


def test_an_image_that_cannot_be_labelled(ann: Browser, server: Served) -> None:
    assert ann.save(state="unusable", note="all black").json()["state"] == "unusable"
    stored = server.stored()
    assert stored is not None
    assert (stored.raster, stored.note) == (None, "all black")
    assert ann.raster() is None
    assert ann.entry()["state"] == "unusable"


def test_refused_extended_labels_are_part_of_the_answer(ann: Browser, server: Served) -> None:
    raster, refused = np.zeros(SIZE, np.uint8), np.zeros(SIZE, np.uint8)
    refused[3:6, 4:9] = 1
    key = server.key()
    assert ann.get(f"images/{key}/refused").status_code == 404
    both = raster.tobytes() + refused.tobytes()
    assert ann.send(key, body(both, state="done", refused=True)).status_code == 200
    found = np.frombuffer(ann.get(f"images/{key}/refused").content, np.uint8).reshape(SIZE)
    np.testing.assert_array_equal(found, refused)
    assert ann.about()["answer"]["refused"]
    assert ann.send(key, body(both, base=1)).status_code == 422
    assert ann.send(key, body(raster.tobytes() * 2, base=1, refused=True)).status_code == 200


def test_what_is_to_be_finished_is_extended(
    ann: Browser, server: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[tuple[str, np.ndarray, int]] = []
    preparation = Preparation(tmp_path / "cache")
    monkeypatch.setattr(preparation, "extend", lambda *extended: given.append(extended))
    monkeypatch.setattr(server.desk, "preparation", preparation)
    try:
        raster = np.zeros(SIZE, np.uint8)
        ann.send(server.key(), body(raster.tobytes(), state="draft"))
        assert given == []
        saved = ann.send(server.key(), body(raster.tobytes(), state="draft", base=1, extend=True))
        assert saved.status_code == 200
        ((key, found, version),) = given
        assert (key, version) == (server.key(), saved.json()["version"])
        np.testing.assert_array_equal(found, raster)
    finally:
        preparation.close()


WORK = {"region": 0, "class_id": 0, "tool": "t", "seconds": 0, "clicks": 0, "undos": 0}


@pytest.mark.parametrize(
    ("head", "raster", "why"),
    [
        ({}, b"\0" * 10, "10 pixels follow, the image has 864 (24x36)"),
        ({}, b"\0" * (864 + 1), "865 pixels"),
        ({}, b"", "0 pixels"),
        ({}, b"\4" * 864, "class id 4 is outside 0..3"),
        ({}, b"\0" * 863 + b"\xfe", "class id 254"),
        ({"state": "unusable"}, b"\0" * 864, "no raster"),
        ({"state": "done"}, b"\xff" * 864, "nothing is drawn"),
        ({"state": "review"}, b"\0" * 864, "state"),
        ({"base": -1}, b"\0" * 864, "base"),
        ({"session": ""}, b"\0" * 864, "session"),
        ({"session": "s" * 65}, b"\0" * 864, "session"),
        ({"seconds": -1}, b"\0" * 864, "seconds"),
        ({"note": "n" * 2001}, b"\0" * 864, "note"),
        ({"work": [{"region": 0}]}, b"\0" * 864, "work"),
        ({"work": [{**WORK, "region": 1}]}, b"\0" * 864, "region 1 of 1"),
        ({"work": [{**WORK, "clicks": 2**70}]}, b"\0" * 864, "work.0.clicks"),
        ({"work": [{**WORK, "tool": "a\0b"}]}, b"\0" * 864, "name of a tool"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_does_not_fit_is_refused(
    ann: Browser, server: Served, head: dict[str, object], raster: bytes, why: str
) -> None:
    found = ann.send(server.key(), body(raster, **head))
    assert (found.status_code, why in found.json()["why"]) == (422, True), found.json()
    assert server.stored() is None


def test_numbers_that_are_none_are_refused(ann: Browser, server: Served) -> None:
    for line in (b'{"seconds": NaN}', b"[]", b"", b"\xff\xfe", b"null", b"{" * 9999):
        found = ann.send(server.key(), line + b"\n" + b"\0" * 864)
        assert found.status_code == 422, line
    assert server.stored() is None


def test_gzip(ann: Browser, server: Served) -> None:
    plain = body(b"\2" * 864)
    assert ann.send(server.key(), plain, zipped=True).status_code == 200
    key, headers = server.key(1), {"content-encoding": "gzip"}
    packed = gzip.compress(plain)
    for wrong in (packed[:-5], packed + b"more", b"no gzip", b""):
        found = ann.client.put(f"/api/images/{key}/answer", content=wrong, headers=headers)
        assert found.status_code == 422, wrong
    found = ann.client.put(
        f"/api/images/{key}/answer", content=plain, headers={"content-encoding": "br"}
    )
    assert found.status_code == 415
    assert server.stored(1) is None


def test_bodies_that_are_too_long(ann: Browser, server: Served) -> None:
    """Said at once by their length, or as soon as they are; of a bomb, no more is unpacked."""
    most = most_bytes(server.images[0])
    url = f"/api/images/{server.key()}/answer"
    assert ann.client.put(url, content=b"\0" * (most + 1)).status_code == 413

    sent = 0

    def endless():  # type: ignore[no-untyped-def]
        nonlocal sent
        for _ in range(100):
            sent += 1 << 20
            yield bytes(1 << 20)

    assert ann.client.put(url, content=endless()).status_code == 413
    assert sent <= most + (1 << 20)
    bomb = gzip.compress(bytes(100 << 20))
    assert len(bomb) < most
    found = ann.client.put(url, content=bomb, headers={"content-encoding": "gzip"})
    assert found.status_code == 413
    assert "longer than this image needs" in found.json()["why"]
    for other in ("lease", "review", "fill"):
        found = ann.client.post(f"/api/images/{server.key()}/{other}", content=bytes(2 << 20))
        assert found.status_code == 413, other


def test_a_full_disk_is_said_and_nothing_is_lost(ann: Browser, server: Served) -> None:
    first = random_raster(server.images[0], 3)
    ann.save(first)
    with disk_full_for("*.png"):
        found = ann.save()
    assert found.status_code == 507
    assert "disk of the server is full" in found.json()["why"]
    np.testing.assert_array_equal(ann.raster(), first)
    assert ann.save().status_code == 200


def test_two_tabs_on_one_image(ann: Browser, server: Served) -> None:
    other = ann.tab("another tab")
    ann.open()
    other.open()
    ann.save(np.full(SIZE, 1, np.uint8))
    found = other.save(np.full(SIZE, 2, np.uint8))
    assert found.status_code == 409
    assert (found.json()["version"], found.json()["by"]) == (1, "Ann")
    np.testing.assert_array_equal(ann.raster(), np.full(SIZE, 1))
    # Kept by the user's decision: then both are.
    assert other.save(np.full(SIZE, 2, np.uint8), force=True).status_code == 200
    image_id = server.images[0].image_id
    both = [answer.raster for answer in server.store().versions(image_id)]
    assert [int(raster[0, 0]) for raster in both if raster is not None] == [1, 2]
    assert ann.save().status_code == 409


def test_a_lost_reply_is_no_conflict(ann: Browser) -> None:
    ann.save()
    ann.bases.clear()  # As if the reply had not come.
    assert ann.save().status_code == 200


def test_answers_that_come_at_once_are_all_kept(server: Served, ann: Browser, bob: Browser) -> None:
    people = [ann, bob, server.person("Cem"), server.person("Dot")]
    answers: list[int] = []
    start = threading.Barrier(4)

    def work(index: int, browser: Browser) -> None:
        start.wait()
        answers.append(browser.finish(np.full(SIZE, index, np.uint8), index).status_code)

    threads = [threading.Thread(target=work, args=both) for both in enumerate(people)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * 4
    for index, browser in enumerate(people):
        stored = server.stored(index)
        assert stored is not None
        assert stored.raster is not None
        assert (stored.annotator, int(stored.raster[0, 0])) == (browser.name, index)


def test_two_who_save_one_image_at_once(server: Served, ann: Browser) -> None:
    """With the same base, one of two tabs is told."""
    tabs = [ann.tab("one"), ann.tab("two")]
    statuses: list[int] = []
    threads = [
        threading.Thread(target=lambda tab=tab: statuses.append(tab.save().status_code))
        for tab in tabs
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200, 409]


def test_the_query_is_over(ann: Browser, server: Served, place: MadeUp) -> None:
    key = server.key()
    ann.save()
    place.closed.add("initial")
    found = ann.save()
    assert found.status_code == 410
    assert "not asked for any more" in found.json()["why"]
    place.asked, place.generation = MadeUp(place.folder, [asked_image("new")]).asked, "2"
    server.desk.view(now=True)
    assert ann.send(key, body(b"\0" * 864)).status_code == 410
    assert ann.get(f"images/{key}").status_code == 410


def test_the_run_takes_the_answers_while_one_is_stored(
    ann: Browser, server: Served, place: MadeUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The annotator is told that it does not count; it is stored all the same."""
    save = type(server.store()).save

    def and_close(store, answer):  # type: ignore[no-untyped-def]
        place.closed.add("initial")
        return save(store, answer)

    monkeypatch.setattr("raysal.data.answers.AnswerStore.save", and_close)
    assert ann.finish().status_code == 410
    assert server.stored() is not None


def test_read_only(place: MadeUp) -> None:
    from raysal.annotate.tool.desk import Options

    server = served(place, Options(read_only=True))
    ann = server.person("Ann", reviewer=True)
    for found in (ann.save(), ann.lease(), ann.review("accept")):
        assert found.status_code == 403
    assert ann.get("session").json()["readOnly"] is True
    assert not any(image["forYou"] for image in ann.queue()["images"])
    assert not (place.asked.answers).exists()


def test_answers_of_other_programs_are_seen(ann: Browser, server: Served) -> None:
    assert ann.entry()["state"] == "open"
    image = server.images[0]
    store = server.store()
    store.save(Answer(image.image_id, np.zeros(SIZE, np.uint8), "Cy", "coco"))
    assert (ann.entry()["state"], ann.entry()["by"]) == ("done", "Cy")
    assert RACY_S > 1
    store.save(Answer(image.image_id, np.ones(SIZE, np.uint8), "Di", "coco"))
    assert ann.entry()["by"] == "Di"


def test_a_damaged_answer_is_said_and_the_others_go_on(ann: Browser, server: Served) -> None:
    ann.save()
    (file,) = Path(server.store().folder).rglob("*.png")
    file.write_bytes(file.read_bytes()[:50])
    entry = ann.entry()
    assert entry["state"] == "unreadable"
    assert "damaged" in entry["why"]
    assert ann.finish(index=1).status_code == 200


def test_what_was_gone_on_with_is_noted(server: Served, ann: Browser, bob: Browser) -> None:
    ann.save()
    server.desk.leases.release(server.key(), "Ann")
    bob.open()
    bob.save()
    stored = server.stored()
    assert stored is not None
    assert (stored.annotator, stored.started_from) == ("Bob", 1)
