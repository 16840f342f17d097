"""What is asked, in which order, as one person sees it."""

from __future__ import annotations

from typing import Any

from raysal.annotate.asked import AskedImage
from raysal.annotate.tool.desk import Desk
from raysal.annotate.tool.index import Known
from raysal.annotate.tool.people import Person
from raysal.annotate.tool.standing import FINISHED, Standing, awaits_review, standing
from raysal.annotate.tool.workplace import View, key_of


def queue(desk: Desk, person: Person) -> dict[str, Any]:
    """The queue, for the page."""
    view, rules = desk.view(), desk.rules()
    images, review = [], []
    done = by_you = of = 0
    for image in view.asked.images:
        key, known = key_of(image), desk.known(image)
        seen = standing(image, known.heads, person, rules)
        images.append(_entry(desk, key, image, known, seen, person))
        weight = _weight(view, image)
        of += weight
        last = known.heads[-1] if known.heads else None
        if not view.asked.images or not desk.workplace.writes or (last and last.settled):
            done += weight
        if any(h.annotator == person.name and h.state in FINISHED for h in known.heads[-1:]) or (
            seen.blind and seen.finished
        ):
            by_you += weight
        if person.reviewer and last is not None and awaits_review(known.heads, seen.blind):
            review.append(
                {
                    "key": key,
                    "id": image.image_id,
                    "by": last.annotator,
                    "savedAt": last.saved_at,
                    "size": list(image.size),
                    "note": last.note,
                }
            )
    return {
        "generation": view.generation,
        "heading": view.heading,
        "run": {"state": view.state, "text": view.text},
        "progress": {"done": done, "of": of, "unit": view.unit, "doneByYou": by_you},
        "images": images,
        "review": sorted(review, key=lambda entry: entry["savedAt"]),
    }


def _entry(
    desk: Desk, key: str, image: AskedImage, known: Known, seen: Standing, person: Person
) -> dict[str, Any]:
    state: str = seen.state if desk.workplace.writes else "done"
    why = known.damaged or desk.unreadable.get(key, "")
    if why and state in ("open", "draft"):
        state = "unreadable"
    holders = [name for name in desk.leases.holders(key) if name != person.name]
    taken = is_taken(seen, holders, person)
    yours = seen.head is not None and seen.head.annotator == person.name
    returned = _returned(seen)
    return {
        "key": key,
        "id": image.image_id,
        "query": image.query,
        "size": list(image.size),
        "regions": len(image.rectangles),
        "whole": image.whole,
        "score": next((score for score in image.scores if score is not None), None),
        "state": state,
        "by": seen.head.annotator if seen.head else None,
        "leasedBy": holders[0] if holders and not seen.blind else None,
        "yours": yours,
        "forYou": desk.writes
        and state in ("open", "draft")
        and not taken
        and (yours or returned is None),  # What was sent back is for its annotator.
        "why": why,
        "returned": returned,
        "people": sorted({head.annotator for head in known.heads} | set(desk.leases.holders(key)))
        if not seen.blind
        else [],
        "agreement": _agreement(desk, key, image, seen),
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


def _agreement(desk: Desk, key: str, image: AskedImage, seen: Standing) -> float | None:
    if not (desk.workplace.demo and seen.head and seen.head.state == "done"):
        return None
    known = desk.agreements
    if (key, seen.version) not in known:
        answer = desk.store(image).current(image.image_id)
        raster = None if answer is None else answer.raster
        known[key, seen.version] = (
            None if raster is None else desk.workplace.agreement(image, raster)
        )
    return known[key, seen.version]


def _weight(view: View, image: AskedImage) -> int:
    if view.unit == "images":
        return 1
    if view.unit == "regions":
        return len(image.rectangles)
    return sum(height * width for _, _, height, width in image.rectangles)
