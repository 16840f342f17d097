"""Regions of an image, and the labels that came of them (CPRAL, Fig. 3)."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import torch

from raysal.data.decode import IGNORE
from raysal.data.labels import ANNOTATOR, EXTENDED, LabelledImage, read_labels, read_merged
from raysal.experiment.query import Ask, read_query
from raysal.regions.config import RegionConfig
from raysal.regions.pick import RegionPicker
from raysal.report.show.models import RunRound
from raysal.report.show.panel import AbsentError
from raysal.report.show.view import View
from raysal.report.show.wanted import Box

PER_IMAGE = 5
"""Regions that are shown of an image if no query tells how many an image has."""


class RegionView:
    """How regions are picked in an image, as the round of its model does it.

    Everything is computed when it is first asked for; what there is not raises an `AbsentError`.
    """

    def __init__(self, view: View) -> None:
        self.view = view

    @cached_property
    def config(self) -> RegionConfig:
        """Of the run; or the defaults, with the window that was asked for."""
        of, side = self.view.model.of, self.view.wanted.window
        if self.view.loaded.scene is not None:
            raise AbsentError(
                f"{self.view.model.label} reads images in tiles, and regions are picked in the "
                "whole; `raysal report` shows them"
            )
        config = None if of is None else of.config.rga
        if config is None and side is None:
            raise AbsentError(
                f"{self.view.model.label} is of no run that queries regions (rga); give the side "
                "of a region with --window"
            )
        config = config or RegionConfig()
        return config if side is None else config.model_copy(update={"w": side})

    @cached_property
    def map_HW(self) -> np.ndarray:
        """What regions are picked by: votes, or random numbers."""
        if self.config.map == "votes":
            return self.view.votes
        return np.random.default_rng(self.view.vote_seed).random(self.view.size)

    @cached_property
    def known_HW(self) -> np.ndarray:
        """bool, the pixels that count as 0, because they are labelled already."""
        of = self.view.model.of
        if of is None or not self.config.reselect_partial:
            return np.zeros(self.view.size, bool)
        before = self._labels(of, of.index)
        return np.zeros(self.view.size, bool) if before is None else before.source == ANNOTATOR

    @cached_property
    def _picker(self) -> RegionPicker:
        return RegionPicker(self.config, self.view.size)

    @cached_property
    def response_HW(self) -> np.ndarray:
        """float64 (H, W) kernel response at the centre of each window; NaN where none has its
        centre (CPRAL, section 3.2)."""
        found_PP = self._picker.responses(torch.from_numpy(self.map_HW), self.known_HW)
        if self.config.border == "clip":
            return found_PP
        placed_HW = np.full(self.view.size, np.nan)
        top, left = (side // 2 for side in self._picker.window)
        placed_HW[top : top + found_PP.shape[0], left : left + found_PP.shape[1]] = found_PP
        return placed_HW

    @cached_property
    def _asked(self) -> list[Ask]:
        of = self.view.model.of
        if of is None or not self.view.image.in_data or not of.here.query_file.exists():
            return []
        return read_query(of.here.query)

    @cached_property
    def asked(self) -> list[Ask]:
        """The regions that the round queried in the image, best first."""
        mine = (ask for ask in self._asked if ask.image_id == self.view.image.image_id)
        whole = self.view.loaded.working_size
        return [ask for ask in mine if (ask.height, ask.width) != whole]

    @property
    def asked_boxes(self) -> tuple[Box, ...]:
        """The regions that the round queried, as far as they are in what is shown."""
        top, left, height, width = self.view.window
        found = []
        for ask in self.asked:
            row, col = max(ask.row - top, 0), max(ask.col - left, 0)
            bottom = min(ask.row - top + ask.height, height)
            right = min(ask.col - left + ask.width, width)
            if bottom > row and right > col:
                found.append((row, col, bottom - row, right - col))
        return tuple(found)

    @cached_property
    def boxes(self) -> tuple[tuple[Box, ...], tuple[float | None, ...]]:
        """Boxes and scores: of the query, or of as many regions as it has in an image, picked
        anew."""
        if self.asked and self.view.wanted.window is None:
            return self.asked_boxes, tuple(ask.score for ask in self.asked)
        images = len({ask.image_id for ask in self._asked})
        count = max(1, round(len(self._asked) / images)) if images else PER_IMAGE
        found = self._picker(torch.from_numpy(self.map_HW), self.known_HW)[:count]
        boxes = tuple((region.row, region.col, region.height, region.width) for region in found)
        return boxes, tuple(region.score for region in found)

    # --- Labels -----------------------------------------------------------------------------

    @cached_property
    def given(self) -> tuple[np.ndarray, np.ndarray]:
        """(H, W) class ids from annotators, 255 unknown, and bool, the pixels they looked at."""
        of = self._of_data()
        found = self._labels(of, of.index + 1)
        if found is None or not (found.source == ANNOTATOR).any():
            raise AbsentError(
                f"annotators have no label of '{self.view.image.image_id}' after round {of.index}"
            )
        delivered = self.view.part(found.source) == ANNOTATOR
        return np.where(delivered, self.view.part(found.label), IGNORE), delivered

    @cached_property
    def extended(self) -> np.ndarray:
        """uint8 (H, W) class ids of extended pixels, 255 elsewhere."""
        of = self._of_data()
        folders = of.layout.extended(of.index + 1)
        if not folders:
            raise AbsentError(f"round {of.index} of {of.layout.root} extended no labels (cle)")
        wanted = [self.view.image.image_id]
        for folder in folders:
            for labelled in read_labels(folder, wanted):
                there = labelled.source == EXTENDED
                ids = np.where(there, labelled.label, IGNORE).astype(np.uint8)
                return self.view.part(ids)
        return np.full(self.view.size, IGNORE, np.uint8)

    def _of_data(self) -> RunRound:
        of = self.view.model.of
        if of is None or not self.view.image.in_data:
            raise AbsentError(f"'{self.view.image.image_id}' is not an image of the model's run")
        return of

    def _labels(self, of: RunRound, rounds: int) -> LabelledImage | None:
        queries = of.layout.queries(rounds)
        folders = [query.labels for query in queries if query.labels_file.exists()]
        image_id = self.view.image.image_id
        return read_merged(folders, [image_id]).get(image_id)
