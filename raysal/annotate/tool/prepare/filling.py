"""Filling by scribbles, from what was prepared of an image."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from threading import Lock

import numpy as np

from raysal.annotate.asked import OwnRectangle
from raysal.annotate.tool.prepare.cache import Entry
from raysal.annotate.tool.prepare.prediction import read_means
from raysal.annotate.tool.prepare.scribble import fill, step_weights
from raysal.annotate.tool.prepare.superpixel_files import read_superpixels
from raysal.annotate.tool.prepare.superpixels import Grain, Superpixels
from raysal.errors import DataError

_IMAGES = 4


class Filling:
    """Fills by scribbles; the graphs of the last few images stay in memory.

    Safe to call from several threads.
    """

    def __init__(self) -> None:
        self._graphs: OrderedDict[str, Superpixels] = OrderedDict()
        self._lock = Lock()

    def __call__(
        self,
        superpixels: Entry,
        prediction: Entry | None,
        grain: Grain,
        seeds: Mapping[int, int],
        rectangles: Sequence[OwnRectangle],
    ) -> dict[int, int]:
        """The class of each superpixel that touches one of some rectangles.

        Args:
            prediction: for the prior; None for none.
            seeds: superpixel to class.

        Raises:
            DataError: there is no such superpixel or class, or a file was lost meanwhile.
        """
        try:
            graph = self._graph(superpixels)
            prior = None if prediction is None else read_means(prediction, grain)
        except (OSError, EOFError, ValueError) as error:
            raise DataError("the superpixels were lost; they are computed again") from error
        edges, lab_N3, area_N = graph.of_grain(grain)
        count = len(area_N)
        if any(not 0 <= superpixel < count for superpixel in seeds):
            raise DataError(f"there are {count} superpixels in this grain, counted from 0")
        if prior is not None and any(not 0 <= c < prior.shape[1] for c in seeds.values()):
            raise DataError(f"there are {prior.shape[1]} classes, counted from 0")
        scope_N = np.zeros(count, bool)
        scope_N[graph.parents[grain][graph.fine_in(tuple(rectangles))]] = True
        return fill(edges, step_weights(edges, lab_N3), seeds, scope_N, prior, area_N)

    def _graph(self, entry: Entry) -> Superpixels:
        name = entry.folder.name
        with self._lock:
            if name in self._graphs:
                self._graphs.move_to_end(name)
                return self._graphs[name]
        graph = read_superpixels(entry)
        with self._lock:
            self._graphs[name] = graph
            while len(self._graphs) > _IMAGES:
                self._graphs.popitem(last=False)
        return graph
