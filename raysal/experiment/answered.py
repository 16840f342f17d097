"""`answered.json`: who answered what in a query that people were asked, and what it cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from raysal.data.answers import Work
from raysal.experiment.cost import Cost
from raysal.experiment.layout import ANSWERED_FILE, QueryLayout
from raysal.experiment.query import read_query
from raysal.storage.document import Document

State = Literal["labelled", "known", "unusable", "given back"]


class Answered(BaseModel):
    """What became of an image that people were asked to label.

    Attributes:
        state: `labelled`; `known` if its mask was there before; `unusable` if the annotator said
            that it cannot be labelled; `given back` to the pool if there was no answer.
        annotator, tool, note, reviewer, work: as in `Answer`; empty without one. The regions of
            `work` are the rectangles that were asked for, in the order of the query.
        version: of the answer.
        saved_at: seconds since the epoch; None without an answer.
        seconds, clicks, undos: of the annotator; None if unknown. A known mask costs none.
        unfinished: `draft` or `review` if the latest version of the answer was in this state when
            the query was taken with what was there; of what is not given back, an earlier version
            counts, or one without review. The values of an image that is given back are those of
            the unfinished answer.
        regions: number of rectangles that were labelled.
        pixels: of these rectangles, at the working size.
        outside: pixels that the annotator labelled beside the rectangles, at the working size.
        share: `pixels` and `outside`, divided by the pixels of an image.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    image_id: str
    state: State
    annotator: str = ""
    tool: str = ""
    note: str = ""
    version: int = 0
    saved_at: float | None = None
    seconds: float | None = None
    clicks: int | None = None
    undos: int | None = None
    reviewer: str = ""
    work: tuple[Work, ...] = ()
    unfinished: Literal["", "draft", "review"] = ""
    regions: int = 0
    pixels: int = 0
    outside: int = 0
    share: float = 0.0

    @property
    def cost(self) -> Cost:
        """What the answer cost, in every unit."""
        pixels = self.pixels + self.outside
        return Cost(self.share, pixels, self.regions, self.clicks, self.seconds)


class AnsweredQuery(Document):
    """The images of a query, in order of id."""

    file: ClassVar[str] = ANSWERED_FILE

    images: tuple[Answered, ...]


def read_answered(here: QueryLayout) -> tuple[Answered, ...]:
    """What became of each image of a query; empty if people were not asked.

    Raises:
        DataError: the file is damaged.
    """
    return AnsweredQuery.read(here.labels).images if here.answered_file.exists() else ()


def query_costs(here: QueryLayout) -> list[Cost]:
    """What the answers to a query cost: what was asked for, or what people really did."""
    if here.answered_file.exists():
        return [row.cost for row in read_answered(here) if row.state != "given back"]
    return [ask.cost for ask in read_query(here.query)]


def unfinished_words(counts: Mapping[str, int]) -> str:
    """Such as `2 wait for review and 1 is a draft`; empty if there are none.

    Args:
        counts: number of images by `Answered.unfinished`.
    """
    review, drafts = counts.get("review", 0), counts.get("draft", 0)
    words = [f"{review} wait{'s' if review == 1 else ''} for review"] if review else []
    words += [f"{drafts} {'is a draft' if drafts == 1 else 'are drafts'}"] if drafts else []
    return " and ".join(words)


def words_of(rows: Sequence[Answered]) -> list[str]:
    """What the user is to know of a query that was taken with what was there; empty if all images
    were finished."""
    lines = []
    if back := [row for row in rows if row.state == "given back"]:
        some = unfinished_words(Counter(row.unfinished for row in back))
        lines.append(
            f"{len(back)} of {len(rows)} images are given back to the pool"
            + (f"; of these, {some}, and are not trained on" if some else "")
        )
    if taken := sum(bool(row.unfinished) and row.state != "given back" for row in rows):
        images = "1 image is" if taken == 1 else f"{taken} images are"
        lines.append(f"{images} taken as finished before, though drawn on again or not reviewed")
    return lines


def unusable_ids(queries: Iterable[QueryLayout]) -> set[str]:
    """Images of some queries of which annotators said that they cannot be labelled."""
    rows = (row for here in queries for row in read_answered(here))
    return {row.image_id for row in rows if row.state == "unusable"}
