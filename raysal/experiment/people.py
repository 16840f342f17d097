"""People as oracle: a query is answered when their answers are in the store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from raysal.data.answers import SETTLED, Answer, AnswerStore
from raysal.data.answers import State as AnswerState
from raysal.data.decode import IGNORE, resize_mask
from raysal.data.labels import ANNOTATOR, NONE, REFUSED, LabelledImage, write_labels
from raysal.data.sets.base import Dataset, Item
from raysal.errors import DataError
from raysal.experiment.answered import Answered, AnsweredQuery, State
from raysal.experiment.layout import INITIAL
from raysal.experiment.query import Ask, Rectangle, by_image


@dataclass(frozen=True)
class PeopleOracle:
    """Answers with what people have drawn, and with the masks that the data set has already.

    Args:
        answers: folder of the stores, one for each query.
        take: a query counts as answered as soon as one image of it is; the others are given back to
            the pool. An image counts that was finished once, though somebody draws on it again.
        unreviewed: with `take`, an answer that waits for review counts too.
    """

    dataset: Dataset
    answers: Path
    take: bool = False
    unreviewed: bool = False
    _done: set[tuple[str, str]] = field(default_factory=set)

    def unanswered(self, query: str, asks: Sequence[Ask]) -> list[str]:
        """Images that keep the query from being answered, in the order of the query."""
        asked = list(by_image(asks))
        left = [i for i in asked if i not in self._known and not self._is_done(query, i)]
        return [] if self.take and len(left) < len(asked) else left

    def unfinished(self, query: str, asks: Sequence[Ask]) -> Counter[str]:
        """Number of images of a query whose answers are drafts (`draft`), or wait for review
        (`review`)."""
        store = AnswerStore(self.answers / query)
        heads = (store.current_head(i) for i in by_image(asks) if i not in self._known)
        return Counter(head.state for head in heads if head is not None and not head.settled)

    def label(self, query: str, asks: Sequence[Ask], draft: Path) -> None:
        """Write the labels, resized from the answers, and what became of each image.

        Raises:
            DataError: an answer or a mask is damaged, or nothing is labelled to begin with.
        """
        rows: list[Answered] = []
        known = 0

        def counted() -> Iterator[LabelledImage]:
            nonlocal known
            for labelled in self._labelled(query, asks, rows):
                known += int((labelled.label != IGNORE).sum())
                yield labelled

        write_labels(draft, counted())
        if query == INITIAL and not known:
            raise DataError(
                f"none of the {len(rows)} initial images has a labelled pixel, so there is nothing "
                "to train on; label some of them (`raysal ask RUN --answered` hands them out "
                "again), or raise al.initial for others"
            )
        AnsweredQuery(images=tuple(rows)).write(draft)

    def clicks(self, image_id: str, rectangles: Sequence[Rectangle]) -> list[int | None]:
        """Not known in advance."""
        return [None] * len(rectangles)

    def _labelled(
        self, query: str, asks: Sequence[Ask], rows: list[Answered]
    ) -> Iterator[LabelledImage]:
        store = AnswerStore(self.answers / query)
        for image_id, rectangles in sorted(by_image(asks).items()):
            if (item := self._known.get(image_id)) is not None:
                mask = self.dataset.corrected_label(item)
                known = Answer(image_id, mask, "", "", seconds=0.0, clicks=0, undos=0)
                yield self._take(known, rectangles, rows, "done", known=True)
            elif (answer := store.latest_in(image_id, self._counts)) is None:
                unfinished = store.current(image_id)
                rows.append(
                    Answered(image_id=image_id, state="given back")
                    if unfinished is None
                    else _answered(unfinished, "given back", unfinished.state)
                )
            else:
                newest = store.current_head(image_id)
                assert newest is not None
                if answer.raster is None:
                    rows.append(_answered(answer, "unusable", newest.state))
                else:
                    yield self._take(answer, rectangles, rows, newest.state)

    def _take(
        self,
        answer: Answer,
        rectangles: Sequence[Rectangle],
        rows: list[Answered],
        newest: AnswerState,
        known: bool = False,
    ) -> LabelledImage:
        """The label at the working size: all that is asked for, and what was drawn beside it; and
        where an extended label is refused."""
        assert answer.raster is not None
        labelled, asked = as_labelled(
            answer.image_id, answer.raster, rectangles, self.dataset.size, answer.refused
        )
        outside = ~asked & (labelled.source == ANNOTATOR)
        pixels, beside = int(asked.sum()), int(outside.sum())
        rows.append(
            _answered(answer, "known" if known else "labelled", newest).model_copy(
                update={
                    "regions": len(rectangles),
                    "pixels": pixels,
                    "outside": beside,
                    "share": (pixels + beside) / asked.size,
                }
            )
        )
        return labelled

    def _is_done(self, query: str, image_id: str) -> bool:
        # Whoever waits asks again and again: what was done is not read again.
        if (query, image_id) not in self._done:
            head = AnswerStore(self.answers / query).current_head(image_id)
            if head is None:
                return False
            if not head.settled and not (self.take and self._was_finished(query, image_id)):
                return False
            self._done.add((query, image_id))
        return True

    def _was_finished(self, query: str, image_id: str) -> bool:
        heads = AnswerStore(self.answers / query).version_heads(image_id)
        return any(head.state in self._counts for head in heads)

    @property
    def _counts(self) -> frozenset[AnswerState]:
        """The states in which an answer is taken."""
        return SETTLED | {"review"} if self.take and self.unreviewed else SETTLED

    @cached_property
    def _known(self) -> dict[str, Item]:
        """The images whose masks count as labels."""
        known = self.dataset.known_ids()
        return {
            item.image_id: item for item in self.dataset.items("train") if item.image_id in known
        }


def as_labelled(
    image_id: str,
    raster: np.ndarray,
    rectangles: Sequence[Rectangle],
    size: tuple[int, int],
    refused: np.ndarray | None = None,
) -> tuple[LabelledImage, np.ndarray]:
    """The labels that an answer gives at the working size, and what is asked there.

    All that is asked for is the annotator's, drawn or not, and what was drawn beside it.

    Args:
        raster, refused: see `Answer`.
        rectangles: that are asked for, at the working size.
        size: the working size (height, width).

    Returns:
        The labels, and bool (H, W), what is asked.
    """
    label = resize_mask(raster, size)
    asked = np.zeros(label.shape, bool)
    for row, col, height, width in rectangles:
        asked[row : row + height, col : col + width] = True
    source = np.where(asked | (label != IGNORE), np.uint8(ANNOTATOR), np.uint8(NONE))
    if refused is not None:
        there = resize_mask(refused.astype(np.uint8), size) == 1
        source[there & (source == NONE)] = REFUSED
    return LabelledImage(image_id, label, source), asked


def _answered(answer: Answer, state: State, newest: AnswerState) -> Answered:
    return Answered(
        image_id=answer.image_id,
        state=state,
        annotator=answer.annotator,
        tool=answer.tool,
        note=answer.note,
        version=answer.version,
        saved_at=answer.saved_at if answer.version else None,
        seconds=answer.seconds,
        clicks=answer.clicks,
        undos=answer.undos,
        reviewer=answer.reviewer,
        work=answer.work,
        unfinished=newest if newest in ("draft", "review") else "",
    )
