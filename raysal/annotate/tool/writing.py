"""What people do: take an image, save it, review it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from raysal import __version__
from raysal.annotate.asked import AskedImage
from raysal.annotate.tool.desk import Desk, over
from raysal.annotate.tool.people import Person
from raysal.annotate.tool.queue import is_taken
from raysal.annotate.tool.save import RefusedError, Saved
from raysal.annotate.tool.standing import Standing, awaits_review, corrects, finished_state
from raysal.data.answers import Answer, AnswerHead, State, origin
from raysal.data.decode import IGNORE
from raysal.errors import FULL, DataError, one_line

TOOL = f"raysal {__version__}"


def lease(desk: Desk, key: str, person: Person) -> dict[str, Any]:
    """Take or renew the lease of an image.

    Raises:
        RefusedError: somebody else works on it, or nothing is stored here.
    """
    image = _writable(desk, key)
    _take(desk, key, desk.standing(image, person), person)
    return {"seconds": desk.leases.seconds}


def save(desk: Desk, key: str, person: Person, saved: Saved) -> dict[str, Any]:
    """Store what a person has drawn.

    Raises:
        RefusedError: with the status of HTTP; nothing is stored then.
    """
    image = _writable(desk, key)
    with desk.saving(key):
        if not desk.workplace.is_open(image):
            raise over(image.image_id)
        known = desk.known(image)
        seen = desk.standing(image, person, known)
        _check_base(seen, person, saved)
        _take(desk, key, seen, person)
        head, by, reviewer = saved.head, person.name, ""
        state: State = "draft"
        if head.state != "draft":
            there = saved.raster is not None
            state = finished_state(there, known.heads, seen, person, desk.rules())
        if corrects(seen, person) and seen.head is not None:
            by, reviewer = seen.head.annotator, person.name
        stored = _store(
            desk,
            image,
            Answer(
                image_id=image.image_id,
                raster=saved.raster,
                refused=saved.refused,
                annotator=by,
                tool=TOOL,
                state=state,
                seconds=head.seconds,
                clicks=head.clicks,
                undos=head.undos,
                work=head.work,
                note=head.note,
                reviewer=reviewer,
                started_from=origin(_base(known.heads, saved.head.base, by), by),
                session=head.session,
            ),
        )
    if saved.head.extend and saved.raster is not None and desk.preparation is not None:
        desk.preparation.extend(key, saved.raster, stored.version)
    if state != "draft":
        desk.leases.release(key, person.name)
    if not desk.workplace.is_open(image):
        raise over(image.image_id)  # The run took the answers while this one was being stored.
    return {"version": stored.version, "state": state, "savedAt": stored.saved_at}


def review(desk: Desk, key: str, person: Person, verdict: str, note: str) -> dict[str, Any]:
    """Accept what somebody has finished, or send it back.

    Raises:
        RefusedError: not a reviewer, nothing is there to be reviewed, or nothing is stored here.
    """
    image = _writable(desk, key)
    if not person.reviewer:
        raise RefusedError(403, "only a reviewer may do this")
    with desk.saving(key):
        known = desk.known(image)
        seen = desk.standing(image, person, known)
        if not awaits_review(known.heads, seen.blind):
            raise RefusedError(409, "this image does not wait for a review any more")
        answer = desk.store(image).current(image.image_id)
        if answer is None or (verdict == "return" and answer.raster is None and not note):
            raise RefusedError(422, "say in the note why it is sent back")
        seen_by = replace(answer, reviewer=person.name, session="", saved_at=time.time())
        if verdict == "accept":
            state: State = "unusable" if answer.raster is None else "done"
            verdict_of = replace(seen_by, state=state, note=note or answer.note)
        else:
            # What was not drawn, as it could not be labelled, begins empty.
            raster = (
                np.full(image.size, IGNORE, np.uint8) if answer.raster is None else answer.raster
            )
            verdict_of = replace(seen_by, state="draft", note=note, raster=raster)
        stored = _store(desk, image, verdict_of)
    return {"version": stored.version, "state": stored.state, "savedAt": stored.saved_at}


def _base(heads: Sequence[AnswerHead], version: int, annotator: str) -> AnswerHead | None:
    """The answer that was gone on with; of several with this version, the person's own."""
    same = [head for head in heads if head.version == version]
    return max(same, key=lambda head: head.annotator == annotator, default=None)


def _writable(desk: Desk, key: str) -> AskedImage:
    image = desk.image(key)
    if not desk.writes:
        raise RefusedError(403, "this is only shown, nothing is stored")
    return image


def _check_base(seen: Standing, person: Person, saved: Saved) -> None:
    """Refuse what was not made from the answer that is there."""
    head = seen.head
    if saved.head.force or head is None or head.version == saved.head.base:
        return
    if head.session == saved.head.session and person.name in (head.annotator, head.reviewer):
        return  # Its answer got lost on the way, or two saves were under way.
    raise RefusedError(
        409,
        f"{head.annotator} has saved this image meanwhile",
        version=head.version,
        by=head.annotator,
        savedAt=head.saved_at,
    )


def _take(desk: Desk, key: str, seen: Standing, person: Person) -> None:
    holders = [name for name in desk.leases.holders(key) if name != person.name]
    if seen.blind and is_taken(seen, holders, person):
        raise RefusedError(423, "two others label this image already", by=holders, seconds=0)
    other = desk.leases.take(key, person.name, 2 if seen.blind else 1)
    if other is not None:
        raise RefusedError(
            423,
            f"{other.person} works on this image",
            by=other.person,
            seconds=desk.leases.left(other),
        )


def _store(desk: Desk, image: AskedImage, answer: Answer) -> AnswerHead:
    try:
        head = desk.store(image).save(answer)
        desk.workplace.index.changed()
        return head
    except DataError as error:
        raise RefusedError(500, one_line(error)) from None
    except OSError as error:
        full = error.errno in FULL
        why = (
            "the disk of the server is full" if full else f"it cannot be stored: {one_line(error)}"
        )
        raise RefusedError(
            507 if full else 500, f"{why}; nothing that was stored is lost"
        ) from None
