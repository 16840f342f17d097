"""How the answers to an image look to one person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from raysal.annotate.asked import AskedImage
from raysal.annotate.tool.people import PeopleFile, Person
from raysal.config.seed import uniform
from raysal.data.answers import AnswerHead, State

Shown = Literal["open", "draft", "review", "done", "unusable"]
FINISHED: frozenset[State] = frozenset({"review", "done", "unusable"})


@dataclass(frozen=True)
class Standing:
    """What one person sees of an image's answers.

    Attributes:
        state: for this person.
        head: the answer that the person goes on with; None for none.
        blind: whether two people label it independently, and are not both done.
        at_work: names of those who have answers of it, if it is blind.
    """

    state: Shown
    head: AnswerHead | None
    blind: bool = False
    at_work: frozenset[str] = frozenset()

    @property
    def version(self) -> int:
        """Of the answer that is gone on with; 0 for none."""
        return 0 if self.head is None else self.head.version

    @property
    def finished(self) -> bool:
        """Whether the person has nothing more to do."""
        return self.state in FINISHED


def is_overlap(image: AskedImage, rules: PeopleFile) -> bool:
    """Whether two people label the image independently: decided by lot, by its id."""
    return rules.overlap > 0 and uniform("overlap", image.query, image.image_id) < rules.overlap


def standing(
    image: AskedImage, heads: Sequence[AnswerHead], person: Person, rules: PeopleFile
) -> Standing:
    """How an image stands for a person.

    Args:
        heads: of all its answers, oldest first.
    """
    last = heads[-1] if heads else None
    if is_overlap(image, rules) and len(finishers(heads)) < 2 and not (last and last.settled):
        own = [head for head in heads if head.annotator == person.name]
        mine = own[-1] if own else None
        at_work = frozenset(head.annotator for head in heads)
        return Standing(mine.state if mine else "open", mine, True, at_work)
    return Standing(last.state if last else "open", last)


def finishers(heads: Sequence[AnswerHead]) -> set[str]:
    """The annotators whose latest answer is finished."""
    latest = {head.annotator: head.state for head in heads}
    return {name for name, state in latest.items() if state in FINISHED}


def corrects(seen: Standing, person: Person) -> bool:
    """Whether what a person saves is a reviewer's correction of somebody else's finished answer."""
    head = seen.head
    if head is None or not person.reviewer or head.annotator == person.name:
        return False
    return head.state in FINISHED or is_correction(head, person.name)


def is_correction(head: AnswerHead, reviewer: str | None = None) -> bool:
    """Whether an answer is the draft of a reviewer who corrects it."""
    at_it = head.state == "draft" and bool(head.reviewer and head.session)
    return at_it and reviewer in (None, head.reviewer)


def finished_state(
    raster_there: bool,
    heads: Sequence[AnswerHead],
    seen: Standing,
    person: Person,
    rules: PeopleFile,
) -> State:
    """The state of an answer that a person finishes now."""
    settled: State = "done" if raster_there else "unusable"
    if seen.blind and len(finishers(heads) | {person.name}) < 2:
        return "review"  # The second annotator makes it count.
    if rules.review and not person.reviewer:
        return "review"
    return settled


def awaits_review(heads: Sequence[AnswerHead], blind: bool) -> bool:
    """Whether a reviewer has to look at it."""
    if blind or not heads:
        return False
    return heads[-1].state == "review" or is_correction(heads[-1])
