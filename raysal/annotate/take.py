"""Take answers from files: find their images, decode them one by one, and store what is new."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from raysal.annotate.asked import Asked, AskedImage, where_asked
from raysal.annotate.exchange.bundle import open_bundle
from raysal.annotate.exchange.canvas import check_size
from raysal.annotate.exchange.classes import Classes
from raysal.annotate.exchange.format import Format, Given, Reading
from raysal.annotate.exchange.registry import format_of
from raysal.annotate.match import Match, Result, Row, matches_of
from raysal.annotate.prelabel import read_prelabels
from raysal.data.answer_file import as_stored
from raysal.data.answers import Answer, State, raster_hash
from raysal.data.decode import IGNORE
from raysal.errors import DataError, RunError, one_line
from raysal.progress import Watch

LEFT_OUT_SHARE = 0.05
"""A larger unlabelled share of what is asked is remarked."""


@dataclass(frozen=True)
class Options:
    """How to take.

    Attributes:
        unlabelled: the class of pixels inside of what is asked on which nothing is drawn; None
            leaves them unlabelled.
        also_empty: whether an image on which nothing is drawn is wholly of that class.
        by_colour: see `Reading`.
        annotator: who gave the answers, whatever the files say.
        otherwise: who gave them where the files do not say it.
    """

    unlabelled: str | None = None
    also_empty: bool = False
    by_colour: bool | None = None
    annotator: str | None = None
    otherwise: str = "unknown"


def take_answers(
    asked: Asked, source: Path, options: Options, watch: Watch, kind: Format | None = None
) -> Iterator[Row]:
    """Take all answers in a file or folder, and yield what became of each.

    Nothing is stored before all files are read through once; then each answer is stored by itself,
    so that it may be repeated after an interruption.

    Args:
        kind: the format; None finds it out.

    Raises:
        DataError: the files are damaged, of no known format, or all wrong in the same way.
        RunError: no space, no permission; what was taken before stays.
    """
    classes = Classes(asked.class_names, asked.palette)
    fill = None if options.unlabelled is None else classes.id_of(options.unlabelled)
    with open_bundle(source) as bundle:
        kind = kind or format_of(bundle)
        watch.say(f"{source}: {kind.described}")
        rows: list[Row] = []
        matches = matches_of(asked, kind.read(bundle, Reading(classes, options.by_colour)), rows)
        yield from rows
        kind.survey([match.given for match in matches], watch)
        taker = _Taker(asked, options, kind.name, fill)
        watch.start("take answers", len(matches))
        for match in matches:
            yield taker.take(match)
            watch.advance(1)
        watch.finish()


@dataclass
class _Taker:
    asked: Asked
    options: Options
    tool: str
    fill: int | None

    def take(self, match: Match) -> Row:
        image, given = match.image, match.given
        try:
            if given.unusable is not None:
                raster, remarks = None, [given.unusable]
            else:
                raster, remarks = self._raster(image, given)
        except DataError as error:
            return Row(image.image_id, "not taken", str(error), given.where)
        result, more = self._save(image, given, raster)
        remark = "; ".join(filter(None, (match.remark, *remarks, more)))
        return Row(image.image_id, result, remark, given.where)

    def _raster(self, image: AskedImage, given: Given) -> tuple[np.ndarray | None, list[str]]:
        """The answer, 255 where nothing is labelled, and remarks."""
        if given.size is not None:
            check_size(given.size, image.size, "the answer")
        drawn = given.draw(image.size)
        check_size(drawn.raster.shape[:2], image.size, "the answer")
        inside = where_asked(image)
        raster, remarks = self._without_surrounding(drawn.raster, inside), list(drawn.remarks)
        if raster is not drawn.raster:
            name = self.asked.class_names[drawn.raster[~inside][0]]
            remarks.append(f"all outside of what is asked is '{name}': left unlabelled")
        asked = raster[inside]
        if ((asked == IGNORE) | (asked == drawn.nothing)).all():
            self._check_empty(
                image, can_be_meant=self.fill is not None or bool((asked != IGNORE).all())
            )
        empty = asked == IGNORE
        if self.fill is not None:
            raster = np.where(inside & (raster == IGNORE), np.uint8(self.fill), raster)
        elif empty.mean() > LEFT_OUT_SHARE:
            remarks.append(f"{100 * empty.mean():.0f} % of what is asked is not labelled")
        return raster, remarks

    @staticmethod
    def _without_surrounding(raster: np.ndarray, inside: np.ndarray) -> np.ndarray:
        """Without what surrounds regions, if it is all one class: that is how programs fill masks,
        and not what people draw."""
        outside = raster[~inside]
        if outside.size and outside[0] != IGNORE and (outside == outside[0]).all():
            return np.where(inside, raster, np.uint8(IGNORE))
        return raster

    def _check_empty(self, image: AskedImage, can_be_meant: bool) -> None:
        if self.options.also_empty and can_be_meant:
            return
        where = "on it" if image.whole else "in what is asked"
        hint = ""
        if can_be_meant:
            hint = "; if that is meant, add --also-empty"
        elif self.options.also_empty:
            hint = "; --also-empty needs --unlabelled CLASS"
        raise DataError(f"nothing is drawn {where}{hint}")

    def _save(
        self, image: AskedImage, given: Given, raster: np.ndarray | None
    ) -> tuple[Result, str]:
        """Store an answer unless it is there; whether it was new, and a remark."""
        store = self.asked.store(image)
        said = self.options.annotator or given.annotator or self.options.otherwise
        annotator = as_stored(said)
        state: State = "unusable" if raster is None else "done"
        same = (raster_hash(raster), state, annotator, self.tool)
        head = store.current_head(image.image_id)
        if head is not None:
            if same == (head.raster_hash, head.state, head.annotator, head.tool):
                return "unchanged", ""
            if (annotator, self.tool) != (head.annotator, head.tool):
                # Somebody has gone on with this answer: taking it again would undo that.
                own = [
                    (raster_hash(old.raster), old.state, old.annotator, old.tool)
                    for old in store.versions(image.image_id)
                    if (old.annotator, old.tool) == (annotator, self.tool)
                ]
                if own[-1:] == [same]:
                    return "unchanged", f"taken before; a later answer of {head.annotator} counts"
        refused = None
        if head is not None and head.has_refused:
            refused = _still_refused(store.current(image.image_id), raster)
        answer = Answer(
            image_id=image.image_id,
            raster=raster,
            refused=refused,
            annotator=annotator,
            tool=self.tool,
            state=state,
            seconds=given.seconds,
            note=given.unusable or "",
        )
        try:
            store.save(answer)
        except OSError as error:
            raise RunError(
                f"the answer for '{image.image_id}' cannot be stored: {one_line(error)}; those "
                "taken before stay"
            ) from error
        remarks = []
        if raster is not None and self._prelabels.get(image.image_id) == same[0]:
            remarks.append("as predicted, nothing was corrected")
        if refused is not None and head is not None:
            remarks.append(
                f"extended labels stay refused in {refused.sum():,} pixels, as by {head.annotator}"
            )
        return "taken", "; ".join(remarks)

    @cached_property
    def _prelabels(self) -> dict[str, str]:
        return read_prelabels(self.asked.answers).rasters


def _still_refused(before: Answer | None, raster: np.ndarray | None) -> np.ndarray | None:
    """Where extended labels were refused and the new answer has no label either: bool (H, W).

    Other programs know nothing of refusals, so that a file without them takes none back.
    """
    if before is None or before.refused is None or raster is None:
        return None
    left = before.refused & (raster == IGNORE)
    return left if left.any() else None
