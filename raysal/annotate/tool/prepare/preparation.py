"""What is prepared of the images of a query, in which order, and how far it is.

    preparation = Preparation(folder)
    preparation.use({key: image, ...}, {"round-002": guide})    # again whenever the run asks anew
    preparation.want(key, following=[...])                      # somebody opened it
    preparation.state(key)["prediction"].state                  # ready, pending or failed
    preparation.get(key, "fine")                                # a file, compressed by gzip

No method waits for a result.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from raysal.annotate.asked import AskedImage, OwnRectangle
from raysal.annotate.tool.prepare.cache import DEFAULT_BYTES, Cache, Entry
from raysal.annotate.tool.prepare.filling import Filling
from raysal.annotate.tool.prepare.guide import NO_GUIDE, Guide
from raysal.annotate.tool.prepare.layers import FILES, FileName, LayerName, layers_of, task_for
from raysal.annotate.tool.prepare.superpixels import Grain
from raysal.annotate.tool.prepare.worker import one_line
from raysal.annotate.tool.prepare.workers import Workers
from raysal.errors import RaysalError
from raysal.storage.seal import hash_bytes

_DEATHS = 2
"""After so many, a task is given up."""
_OPEN = 16
"""Openings after which an image may be closed again."""


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
class _Job:
    """A result that is not there yet."""

    image: _Image
    layer: LayerName
    deaths: int = 0
    running: bool = False


@dataclass
class _Image:
    """An image that was asked for here.

    Attributes:
        picture_hash: None before it is read.
        entry_keys: of finished results in the cache.
        rank: distance from an image that somebody has open, and when it was asked for, newest
            first; None if nobody has been near it.
    """

    asked: AskedImage
    guide: Guide
    layers: dict[LayerName, Layer]
    picture_hash: str | None = None
    entry_keys: dict[LayerName, str] = field(default_factory=dict)
    rank: tuple[int, int] | None = None


class Preparation:
    """Prepares images in worker processes.

    Args:
        folder: of the cache; made when it is needed.
        workers: number of processes.
        threads: of each of them, in the network.
        cache_bytes: size of the cache.
    """

    def __init__(
        self, folder: Path, workers: int = 1, threads: int = 1, cache_bytes: int = DEFAULT_BYTES
    ) -> None:
        self.cache = Cache(folder, cache_bytes)
        self._workers = Workers(workers, threads, self.cache)
        self._images: dict[str, _Image] = {}
        self._jobs: list[_Job] = []
        self._filling = Filling()
        self._clock = 0
        self._closed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._order, name="preparation", daemon=True)
        self._thread.start()

    def use(self, images: Mapping[str, AskedImage], guides: Mapping[str, Guide]) -> None:
        """Say what is asked now; what is the same as before keeps its results.

        Args:
            images: by key.
            guides: by the name of the query; a query without one has superpixels only.
        """
        with self._changed:
            before, self._images = self._images, {}
            for key, asked in images.items():
                guide = guides.get(asked.query, NO_GUIDE)
                image = before.get(key)
                if image is None or not _same(image, asked, guide):
                    image = _Image(asked, guide, {name: Layer() for name in layers_of(guide)})
                self._images[key] = image
            there = set(map(id, self._images.values()))
            self._jobs = [job for job in self._jobs if job.running or id(job.image) in there]
            self._changed.notify_all()

    def want(self, key: str, following: Sequence[str] = ()) -> None:
        """Prepare an image next, then those after it. Unknown keys are ignored."""
        with self._changed:
            self._clock += 1
            for distance, wanted in enumerate((key, *following)):
                if (image := self._images.get(wanted)) is not None:
                    image.rank = (distance, -self._clock)
                    for name in image.layers:
                        self._add_job(image, name)
            self._changed.notify_all()

    def state(self, key: str) -> dict[LayerName, Layer]:
        """How far the results for an image are; those that it cannot have are left out."""
        with self._changed:
            image = self._images.get(key)
            return {} if image is None else dict(image.layers)

    def get(self, key: str, name: FileName) -> Path | None:
        """A finished file; None if it is not there, see `state`.

        If the cache has lost it meanwhile, it is computed again.
        """
        layer, file = FILES[name]
        entry = self._entry(key, layer)
        return None if entry is None else entry.file(file)

    def fill(
        self,
        key: str,
        grain: Grain,
        seeds: Sequence[tuple[int, int]],
        rectangles: Sequence[OwnRectangle],
    ) -> list[tuple[int, int]] | None:
        """The classes of the superpixels in some rectangles, by a random walk from scribbles.

        The only method that computes something: about 50 ms for 3,200 superpixels and 12 classes.

        Args:
            seeds: superpixels that were marked, and their classes; the last one counts.

        Returns:
            Superpixels and their classes; None if the superpixels are not there yet.

        Raises:
            DataError: there is no such superpixel or class.
        """
        superpixels = self._entry(key, "superpixels")
        if superpixels is None:
            return None
        prediction = self._entry(key, "prediction")
        found = self._filling(superpixels, prediction, grain, dict(seeds), rectangles)
        return sorted(found.items())

    def close(self) -> None:
        """End the processes; what they were computing is lost."""
        with self._changed:
            self._closed = True
            self._jobs.clear()
            self._changed.notify_all()
        self._workers.close()
        self._thread.join()

    def _entry(self, key: str, layer: LayerName) -> Entry | None:
        with self._changed:
            image = self._images.get(key)
            entry_key = None if image is None else image.entry_keys.get(layer)
        if image is None or entry_key is None:
            return None
        entry = self.cache.find(entry_key)
        if entry is None:
            with self._changed:
                image.entry_keys.pop(layer, None)
                image.layers[layer] = Layer()
                self._add_job(image, layer)
                self._changed.notify_all()
        return entry

    def _add_job(self, image: _Image, layer: LayerName) -> None:
        queued = any(job.image is image and job.layer == layer for job in self._jobs)
        if image.layers[layer].state == "pending" and not queued:
            self._jobs.append(_Job(image, layer))

    def _order(self) -> None:
        """The thread that hands out tasks, one per free worker, so that the next is always the one
        that matters most."""
        while True:
            with self._changed:
                while (job := self._next()) is None and not self._closed:
                    self._changed.wait()
                if self._closed or job is None:
                    return
                job.running = True
            try:
                self._start(job)
            except (RaysalError, OSError) as error:
                self._finished(job, None, one_line(error), False)

    def _next(self) -> _Job | None:
        running = [job for job in self._jobs if job.running]
        # A task during which a worker died runs alone, so that no other dies with it.
        if len(running) >= self._workers.count or any(job.deaths for job in running):
            return None
        waiting = [job for job in self._jobs if not job.running and not (job.deaths and running)]
        return min(waiting, key=_place, default=None)

    def _start(self, job: _Job) -> None:
        """Give a job to a worker, unless its result is there."""
        image = job.image
        data = image.asked.read()
        if image.picture_hash is None:
            image.picture_hash = hash_bytes(data)
        task = task_for(
            job.layer, image.guide, image.asked.image_id, image.picture_hash, data,
            image.asked.size,
        )  # fmt: skip
        if self.cache.find(task.key) is not None:
            self._finished(job, task.key, None, False)
            return
        self._workers.submit(task, lambda why, died: self._finished(job, task.key, why, died))

    def _finished(self, job: _Job, key: str | None, why: str | None, died: bool) -> None:
        entry = self.cache.find(key) if why is None and key is not None else None
        if why is None and entry is None:
            why = "the result was removed while it was stored; is the disk full?"
        with self._changed:
            job.running = False
            job.deaths += int(died)
            if job in self._jobs and not (died and job.deaths < _DEATHS):
                self._jobs.remove(job)
                if entry is not None and key is not None:
                    job.image.entry_keys[job.layer] = key
                    job.image.layers[job.layer] = Layer("ready", about=_about(job, entry))
                else:
                    job.image.layers[job.layer] = Layer("failed", why or "")
            keep = self._in_use()
            self._changed.notify_all()
        if entry is not None:
            self.cache.trim(keep, entry.bytes)

    def _in_use(self) -> set[str]:
        """Keys of the results of images that somebody opened lately."""
        return {
            entry_key
            for image in self._images.values()
            if image.rank is not None and image.rank[0] == 0 and image.rank[1] < _OPEN - self._clock
            for entry_key in image.entry_keys.values()
        }


def _same(image: _Image, asked: AskedImage, guide: Guide) -> bool:
    was = image.asked
    return (was.image_id, was.query, was.size, image.guide) == (
        asked.image_id, asked.query, asked.size, guide
    )  # fmt: skip


def _place(job: _Job) -> tuple[tuple[int, int], int]:
    """By which jobs are sorted: images in their order, and the layers of each in theirs."""
    assert job.image.rank is not None
    return job.image.rank, list(job.image.layers).index(job.layer)


def _about(job: _Job, entry: Entry) -> dict[str, Any]:
    """What belongs to a result, and which model's it is."""
    named = {} if job.layer == "superpixels" else {"model": job.image.guide.name}
    return {**entry.about, **named}
