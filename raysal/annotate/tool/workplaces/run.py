"""A run that people label."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from raysal.annotate.asked import Asked, AskedImage
from raysal.annotate.of_run import asked_in, config_of, last_model, people_queries
from raysal.annotate.tool.prepare.guide import Guide
from raysal.annotate.tool.prepare.of_run import guides_of_run
from raysal.annotate.tool.workplace import RECENT_S, Past, Unit, View, Workplace
from raysal.annotate.tool.workplaces.run_state import run_state, shown_name
from raysal.errors import DataError
from raysal.experiment.answered import Answered, read_answered
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.layout import QueryLayout, RunLayout
from raysal.experiment.own_files import rounds_on_disk

Seen = tuple[object, ...]


@dataclass(frozen=True)
class _Said:
    """What is said of what is asked; see `View`."""

    generation: str
    heading: str
    unit: Unit
    past: Past


class Run(Workplace):
    """The open queries of a run, which goes on meanwhile.

    Raises:
        RunError: there is no run.
    """

    def __init__(self, root: Path) -> None:
        super().__init__()
        self.layout = RunLayout(root)
        config = config_of(self.layout)
        self.title = config.name
        self.class_names, self.palette = config.data.class_names, config.data.palette
        self.folder = self.layout.annotate
        self.extends = config.cle is not None
        self._looking = threading.Lock()
        self._seen: tuple[Seen, ExperimentConfig, Asked, dict[str, Guide], _Said] | None = None

    def view(self) -> View:
        """What is asked now. Queries are read again only if one has come or gone."""
        with self._looking:
            now = self._fingerprint()
            if self._seen is None or self._seen[0] != now:
                config = config_of(self.layout)
                queries = people_queries(self.layout, config)
                asked = asked_in(self.layout, config, queries)
                guides = guides_of_run(self.layout, config)
                said = _said(config, asked, _past(self._queries()))
                self._seen = now, config, asked, guides, said
            _, config, asked, guides, said = self._seen
        left = self.index.left(asked, RECENT_S)
        state, text = run_state(self.layout, config, len(asked.images), left)
        return View(
            generation=said.generation,
            heading=said.heading,
            state=state,
            text=text,
            asked=asked,
            unit=said.unit,
            guides=guides,
            past=said.past,
        )

    def is_open(self, image: AskedImage) -> bool:
        """Until the run takes the answers to its query."""
        here = {query.name: query for query in self._queries()}.get(image.query)
        return here is not None and here.query_file.exists() and not here.labels.exists()

    def _queries(self) -> list[QueryLayout]:
        return [*self.layout.first_queries, *rounds_on_disk(self.layout)]

    def _fingerprint(self) -> Seen:
        """Changes when a query, a model or the configuration comes or goes."""
        queries = tuple(
            (here.name, _time(here.query_file), here.labels.exists()) for here in self._queries()
        )
        return queries, last_model(self.layout), _time(self.layout.config)


def _said(config: ExperimentConfig, asked: Asked, past: Past) -> _Said:
    queries = " ".join(sorted({image.query for image in asked.images}))
    return _Said(
        generation=f"{queries} {asked.model}",
        heading=_heading(asked.images),
        unit=_unit(config, asked.images),
        past=past,
    )


def _past(queries: Sequence[QueryLayout]) -> Past:
    answered = [rows for here in queries if (rows := _labelled(here))]
    rows = [row for query in answered for row in query]
    return Past(len(rows), len(answered), sum(row.seconds or 0.0 for row in rows))


def _labelled(here: QueryLayout) -> list[Answered]:
    try:
        return [row for row in read_answered(here) if row.state == "labelled"]
    except DataError:  # It is only told how much was done; `raysal run` says what is damaged.
        return []


def _time(path: Path) -> int:
    """Nanoseconds at which a file was changed; 0 if there is none."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _heading(images: Sequence[AskedImage]) -> str:
    """How many images of which queries."""
    counts = Counter(image.query for image in images)
    parts = [f"{shown_name(name)} ({count})" for name, count in counts.items()]
    return ", ".join(parts)


def _unit(config: ExperimentConfig, images: Sequence[AskedImage]) -> Unit:
    """The unit of the budget, as far as it can be counted."""
    if all(image.whole for image in images):
        return "images"
    return "pixels" if config.al.budget_unit == "pixels" else "regions"
