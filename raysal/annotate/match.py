"""Find the images that annotations in files belong to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from raysal.annotate.asked import Asked, AskedImage
from raysal.annotate.exchange.format import Given
from raysal.annotate.exchange.names import Matcher
from raysal.data.answers import AnswerStore
from raysal.errors import DataError

Result = Literal["taken", "unchanged", "not taken"]


@dataclass(frozen=True)
class Row:
    """What became of an annotation.

    Attributes:
        image: id, or what the files call it if it is not asked for.
        result: `unchanged` if the same answer was taken before.
        remark: why it was not taken, or what is to be known about it.
        where: the place in the files.
    """

    image: str
    result: Result
    remark: str
    where: str


@dataclass(frozen=True)
class Match:
    """The annotation that counts for an image, with what is to be known about the choice."""

    image: AskedImage
    given: Given
    remark: str = ""


def matches_of(asked: Asked, given: Iterator[Given], rows: list[Row]) -> list[Match]:
    """One annotation for each image; of several, the latest.

    Args:
        rows: gets those that cannot be taken.
    """
    matcher = Matcher(asked.images, lambda: _closed(asked))
    found: dict[str, list[Given]] = {}
    for each in given:
        if not each.names and each.refused is not None:
            rows.append(Row("?", "not taken", each.refused, each.where))
            continue
        try:
            image = matcher.find(each.names)
        except DataError as error:
            name = each.names[0] if each.names else "?"
            rows.append(Row(name, "not taken", str(error), each.where))
        else:
            found.setdefault(image.image_id, []).append(each)
    matches = []
    for image_id, several in found.items():
        usable = [each for each in several if each.refused is None]
        drawn = [each for each in usable if not each.empty] or usable
        if not usable:
            rows.append(Row(image_id, "not taken", str(several[-1].refused), several[-1].where))
            continue
        timed = all(each.at for each in drawn)
        best = max(drawn, key=lambda each: each.at) if timed else drawn[-1]
        remark = f"the {'latest' if timed else 'last'} of {len(drawn)} annotations counts"
        matches.append(Match(asked.by_id[image_id], best, remark if len(drawn) > 1 else ""))
    return matches


def _closed(asked: Asked) -> dict[str, str]:
    """Images of earlier queries, with the names of these."""
    pending = {image.query for image in asked.images}
    closed = {}
    if asked.answers.is_dir():
        for folder in asked.answers.iterdir():
            if folder.is_dir() and folder.name not in pending:
                closed.update(dict.fromkeys(AnswerStore(folder).heads(), folder.name))
    return closed
