"""What is asked, in which order, as one person sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

from raysal.annotate.asked import AskedImage
from raysal.annotate.tool.desk import Desk
from raysal.annotate.tool.index import Known, Scan
from raysal.annotate.tool.kept_queue import Basis, Kept, Row, as_json
from raysal.annotate.tool.people import PeopleFile, Person
from raysal.annotate.tool.standing import FINISHED, Standing, awaits_review, standing
from raysal.annotate.tool.workplace import Unit, View


class Queue(NamedTuple):
    """Attributes:
    etag: another one if anything has changed.
    body: JSON in UTF-8; None if the etag is that of what the page has.
    """

    etag: str
    body: bytes | None


def queue(desk: Desk, person: Person, page_has: str = "") -> Queue:
    """The queue, for the page.

    Args:
        page_has: the etag of what it has.
    """
    scan = desk.scan()
    view = desk.view()  # It counts what is left in what has just been looked at.
    if scan is None or scan.asked is not view.asked:
        scan = desk.workplace.index.all(view.asked)
    kept = desk.queues.setdefault(person.name, Kept())
    with kept.lock:
        _renew(kept, desk, person, view, scan)
        return Queue(kept.etag, None if kept.etag == page_has else kept.body())


def _renew(kept: Kept, desk: Desk, person: Person, view: View, scan: Scan) -> None:
    rules = desk.rules()
    basis = Basis(
        scan=scan,
        holders=desk.leases.all(),
        unreadable=dict(desk.unreadable),
        unit=view.unit,
        writes=desk.writes,
        overlap=rules.overlap,
        reviewer=person.reviewer,
    )
    images = scan.asked.images
    rows = {
        place: _row(desk, images[place], scan.known[place], person, rules, basis)
        for place in kept.outdated(basis)
    }
    head = {
        "generation": view.generation,
        "heading": view.heading,
        "run": {"state": view.state, "text": view.text},
        "past": asdict(view.past),
    }
    kept.renew(basis, rows, head)


def _row(
    desk: Desk, image: AskedImage, known: Known, person: Person, rules: PeopleFile, basis: Basis
) -> Row:
    seen = standing(image, known.heads, person, rules)
    weight = _weight(basis.unit, image)
    last = known.heads[-1] if known.heads else None
    by_you = (last and last.annotator == person.name and last.state in FINISHED) or (
        seen.blind and seen.finished
    )
    review = None
    if person.reviewer and last is not None and awaits_review(known.heads, seen.blind):
        about = {
            "key": image.key,
            "id": image.image_id,
            "by": last.annotator,
            "savedAt": last.saved_at,
            "size": list(image.size),
            "note": last.note,
        }
        review = last.saved_at, as_json(about)
    holders = basis.holders.get(image.key, ())
    why = known.damaged or basis.unreadable.get(image.key, "")
    return Row(
        text=as_json(_entry(desk, image, known, seen, person, holders, why)),
        of=weight,
        done=weight if not desk.workplace.writes or known.settled else 0,
        by_you=weight if by_you else 0,
        review=review,
    )


def _entry(
    desk: Desk,
    image: AskedImage,
    known: Known,
    seen: Standing,
    person: Person,
    holders: Sequence[str],
    why: str,
) -> dict[str, Any]:
    state: str = seen.state if desk.workplace.writes else "done"
    if why and state in ("open", "draft"):
        state = "unreadable"
    others = [name for name in holders if name != person.name]
    taken = is_taken(seen, others, person)
    yours = seen.head is not None and seen.head.annotator == person.name
    returned = _returned(seen)
    return {
        "key": image.key,
        "id": image.image_id,
        "query": image.query,
        "size": list(image.size),
        "regions": len(image.rectangles),
        "whole": image.whole,
        "score": next((score for score in image.scores if score is not None), None),
        "state": state,
        "by": seen.head.annotator if seen.head else None,
        "leasedBy": others[0] if others and not seen.blind else None,
        "yours": yours,
        "forYou": desk.writes
        and state in ("open", "draft")
        and not taken
        and (yours or returned is None),  # What was sent back is for its annotator.
        "why": why,
        "returned": returned,
        "people": sorted({head.annotator for head in known.heads} | set(holders))
        if not seen.blind
        else [],
        "agreement": _agreement(desk, image, seen),
    }


def is_taken(seen: Standing, holders: list[str], person: Person) -> bool:
    """Whether enough others are at an image.

    Args:
        holders: others who have a lease.
    """
    if not seen.blind:
        return bool(holders)
    return len((seen.at_work | set(holders)) - {person.name}) >= 2


def _returned(seen: Standing) -> str | None:
    """What a reviewer wrote on sending an answer back; None if that did not happen."""
    head = seen.head
    sent_back = head is not None and head.state == "draft" and head.reviewer and not head.session
    return head.note if head is not None and sent_back else None


def _agreement(desk: Desk, image: AskedImage, seen: Standing) -> float | None:
    if not (desk.workplace.demo and seen.head and seen.head.state == "done"):
        return None
    known = desk.agreements
    if (image.key, seen.version) not in known:
        answer = desk.store(image).current(image.image_id)
        raster = None if answer is None else answer.raster
        known[image.key, seen.version] = (
            None if raster is None else desk.workplace.agreement(image, raster)
        )
    return known[image.key, seen.version]


def _weight(unit: Unit, image: AskedImage) -> int:
    if unit == "images":
        return 1
    if unit == "regions":
        return len(image.rectangles)
    return sum(height * width for _, _, height, width in image.rectangles)
