"""`answered.json`: who answered what in a query that people were asked, and what it cost."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict

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
        annotator, tool, note: as in `Answer`; empty without one.
        version: of the answer.
        saved_at: seconds since the epoch; None without an answer.
        seconds, clicks: of the annotator; None if unknown. A known mask costs none.
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


def unusable_ids(queries: Iterable[QueryLayout]) -> set[str]:
    """Images of some queries of which annotators said that they cannot be labelled."""
    rows = (row for here in queries for row in read_answered(here))
    return {row.image_id for row in rows if row.state == "unusable"}
