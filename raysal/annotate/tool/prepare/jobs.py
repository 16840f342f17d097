"""Results that are not there yet, and which of them comes next."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from raysal.annotate.asked import AskedImage
from raysal.annotate.tool.prepare.guide import Guide
from raysal.annotate.tool.prepare.layers import Drawn, LayerName

Lane = Literal["ahead", "slow", "drawn"]
"""Work ahead of the annotator; that which takes half a minute, such as dropout passes on a CPU; and
work that follows what is drawn, for which somebody waits. Each has workers of its own."""
DEATHS = 2
"""So often a worker may die during a task before the task is given up."""


@dataclass(frozen=True)
class Layer:
    """How far one result is.

    Attributes:
        why: one line for people; empty unless it failed.
        about: what belongs to a finished result, see the module of its task.
    """

    state: Literal["ready", "pending", "failed"] = "pending"
    why: str = ""
    about: Mapping[str, Any] = field(default_factory=dict)


@dataclass(eq=False)
class Image:
    """An image that is asked for, and its results.

    Attributes:
        picture_hash: None before it is read.
        entry_keys: of finished results in the cache.
        drawn: what `extended` is computed from; None before somebody asks for it.
        version: of the answer that was drawn; 0 if it has none.
    """

    key: str
    asked: AskedImage
    guide: Guide
    layers: dict[LayerName, Layer]
    picture_hash: str | None = None
    entry_keys: dict[LayerName, str] = field(default_factory=dict)
    drawn: Drawn | None = None
    version: int = 0

    def is_same(self, asked: AskedImage, guide: Guide) -> bool:
        """Whether its results would be the same."""
        return (_parts(self.asked), self.guide) == (_parts(asked), guide)


def _parts(asked: AskedImage) -> tuple[Any, ...]:
    """What results depend on."""
    return asked.image_id, asked.query, asked.size, asked.rectangles, asked.pixels


@dataclass(eq=False)
class Job:
    """A result to be computed.

    Attributes:
        number: later ones have larger numbers.
        drawn: of the image, when the job was made.
        deaths: of workers, during the task.
    """

    image: Image
    layer: LayerName
    number: int
    drawn: Drawn | None = None
    deaths: int = 0
    running: bool = False

    @property
    def lane(self) -> Lane:
        """Which workers do it."""
        if self.layer == "extended":
            return "drawn"
        source = self.image.guide.map
        votes = self.layer == "map" and source is not None and source.kind == "votes"
        return "slow" if votes else "ahead"

    @property
    def outdated(self) -> bool:
        """Whether something else is drawn by now."""
        return self.layer == "extended" and self.drawn is not self.image.drawn


class Jobs:
    """The jobs, and what people have open. Not safe to call from several threads at once."""

    def __init__(self) -> None:
        self._jobs: list[Job] = []
        # By person: when an image was opened, then its key and those of the following ones.
        self._wants: dict[str, tuple[int, tuple[str, ...]]] = {}
        self._clock = 0

    def open(self, key: str, following: Sequence[str], who: str) -> None:
        """Somebody has opened an image, and will open others next."""
        keys = (key, *following)
        if self._wants.get(who, (0, ()))[1] != keys:
            self._clock += 1
            self._wants[who] = (self._clock, keys)

    def opened(self) -> set[str]:
        """Keys of the images that people have open."""
        return {keys[0] for _, keys in self._wants.values()}

    def add(self, image: Image, layer: LayerName) -> None:
        """A job, unless there is one or it is finished."""
        now = image.drawn if layer == "extended" else None
        there = any(
            job.image is image and job.layer == layer and job.drawn is now for job in self._jobs
        )
        if image.layers[layer].state == "pending" and not there:
            self._clock += 1
            self._jobs.append(Job(image, layer, self._clock, now))

    def keep(self, images: Collection[Image]) -> None:
        """Drop what is not for some images, or outdated, unless it runs already."""
        there = set(map(id, images))
        self._jobs = [
            job
            for job in self._jobs
            if job.running or (id(job.image) in there and not job.outdated)
        ]

    def clear(self) -> None:
        """Drop all."""
        self._jobs.clear()

    def next(self, lane: Lane, workers: int, may_run: Callable[[Job], bool]) -> Job | None:
        """What a free worker should do; None if there is nothing, or none is free.

        Args:
            workers: number of those that serve the lane.
        """
        of_lane = [job for job in self._jobs if job.lane == lane]
        running = [job for job in of_lane if job.running]
        # A task during which a worker died runs alone, so that no other dies with it.
        if len(running) >= workers or any(job.deaths for job in running):
            return None
        waiting = [
            job
            for job in of_lane
            if not job.running and not (job.deaths and running) and may_run(job)
        ]
        return min(waiting, key=self._place, default=None)

    def has(self, lane: Lane) -> bool:
        """Whether there is anything to do."""
        return any(job.lane == lane for job in self._jobs)

    def end(self, job: Job, died: bool) -> bool:
        """A job has run; whether it is over, with or without a result, and its image still counts.

        Args:
            died: a worker did, during the task.
        """
        job.running = False
        job.deaths += int(died)
        if job not in self._jobs or (died and job.deaths < DEATHS):
            return False
        self._jobs.remove(job)
        return not job.outdated

    def _place(self, job: Job) -> tuple[float, int, int]:
        """By which jobs are sorted: images that people have open, opened last first; those that
        follow them; others, wanted last first. The layers of an image are in its own order."""
        places = [
            (keys.index(job.image.key), -clock)
            for clock, keys in self._wants.values()
            if job.image.key in keys
        ]
        distance, age = min(places, default=(math.inf, -job.number))
        return distance, age, list(job.image.layers).index(job.layer)
