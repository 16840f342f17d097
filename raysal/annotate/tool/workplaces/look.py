"""A run to be looked at: what was asked and answered in each round."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np

from raysal.annotate.asked import Asked, AskedImage
from raysal.annotate.of_run import asked_in, config_of
from raysal.annotate.tool.prepare.guide import Guide
from raysal.annotate.tool.prepare.of_run import guides_of_run
from raysal.annotate.tool.workplace import View, Workplace
from raysal.annotate.tool.workplaces.run_state import run_state
from raysal.data.decode import resize_mask
from raysal.data.labels import read_labels
from raysal.errors import RunError
from raysal.experiment.layout import QueryLayout, RunLayout
from raysal.experiment.own_files import rounds_on_disk
from raysal.experiment.query import read_query


class Look(Workplace):
    """All queries of a run that have labels. Nothing is written, not even beside it.

    Args:
        folder: for files of the tool.

    Raises:
        RunError: there is no run.
    """

    writes = False

    def __init__(self, root: Path, folder: Path) -> None:
        super().__init__()
        self.layout, self.folder = RunLayout(root), folder
        config = config_of(self.layout)
        self.title = config.name
        self.class_names, self.palette = config.data.class_names, config.data.palette
        self._looking = threading.Lock()
        self._seen: tuple[tuple[str, ...], Asked, dict[str, Guide]] | None = None

    def view(self) -> View:
        """Queries with labels, in their order."""
        config = config_of(self.layout)
        labelled = {here.name: here for here in self._queries()}
        with self._looking:
            now = tuple(labelled)
            if self._seen is None or self._seen[0] != now:
                asks = {name: read_query(here.query) for name, here in labelled.items()}
                if not asks:
                    raise RunError(
                        f"nothing is labelled in {self.layout.root} yet; `raysal run` goes on"
                    )
                asked = asked_in(self.layout, config, asks, known=True)
                self._seen = now, asked, guides_of_run(self.layout, config)
            _, asked, guides = self._seen
        text = run_state(self.layout, config, 0, 0)[1]
        return View(
            generation=" ".join(now),
            heading=f"asked and answered in {len(now)} queries",
            state="view",
            text=text,
            asked=asked,
            unit="images" if all(image.whole for image in asked.images) else "regions",
            guides=guides,
        )

    def is_open(self, image: AskedImage) -> bool:
        """Never."""
        return False

    def shown(self, image: AskedImage) -> np.ndarray | None:
        """The labels that the models were trained on, resized from the working size."""
        here = {here.name: here for here in self._queries()}[image.query]
        found = list(read_labels(here.labels, {image.image_id}))
        return resize_mask(found[0].label, image.size) if found else None

    def _queries(self) -> list[QueryLayout]:
        queries = [*self.layout.first_queries, *rounds_on_disk(self.layout)]
        return [here for here in queries if here.query_file.exists() and here.labels_file.exists()]
