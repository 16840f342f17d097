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
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np

from raysal.annotate.asked import AskedImage, OwnRectangle
from raysal.annotate.tool.prepare.cache import DEFAULT_BYTES, Cache, Entry
from raysal.annotate.tool.prepare.calibrations import Calibrations
from raysal.annotate.tool.prepare.filling import Filling
from raysal.annotate.tool.prepare.guide import NO_GUIDE, Guide
from raysal.annotate.tool.prepare.jobs import Image, Job, Jobs, Lane, Layer
from raysal.annotate.tool.prepare.layers import (
    FILES,
    FileName,
    LayerName,
    drawn,
    layers_of,
    task_for,
)  # fmt: skip
from raysal.annotate.tool.prepare.superpixels import Grain
from raysal.annotate.tool.prepare.worker import one_line
from raysal.annotate.tool.prepare.workers import Workers
from raysal.storage.seal import hash_bytes


class Preparation:
    """Prepares images in worker processes.

    Args:
        folder: of the cache; made when it is needed.
        workers: number of processes that work ahead; one more computes dropout passes, and one
            extends labels, where there is need.
        threads: of each of them, in the network; 0 for half of the cores.
        cache_bytes: size of the cache.
    """

    def __init__(
        self, folder: Path, workers: int = 1, threads: int = 0, cache_bytes: int = DEFAULT_BYTES
    ) -> None:
        self.cache = Cache(folder, cache_bytes)
        self._workers = Workers(workers, threads, self.cache)
        self._slow = Workers(1, threads, self.cache)
        self._images: dict[str, Image] = {}
        self._jobs = Jobs()
        self._filling = Filling()
        self._calibrations = Calibrations(self.cache, threads, self._wake)
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
                if image is None or not image.is_same(asked, guide):
                    image = Image(key, asked, guide, {name: Layer() for name in layers_of(guide)})
                self._images[key] = image
            self._jobs.keep(self._images.values())
            self._changed.notify_all()

    def want(self, key: str, following: Sequence[str] = (), who: str = "") -> None:
        """Prepare an image next, then those after it. Unknown keys are ignored.

        Args:
            who: has it open, instead of the one that was opened before.
        """
        with self._changed:
            self._jobs.open(key, following, who)
            for wanted in (key, *following):
                if (image := self._images.get(wanted)) is not None:
                    for name in image.layers:
                        self._jobs.add(image, name)
            image = self._images.get(key)
            self._changed.notify_all()
        if image is not None and image.guide.extension is not None and not image.asked.whole:
            self._calibrations.begin(image.guide)  # It may take long.

    def extend(self, key: str, raster: np.ndarray, version: int = 0) -> None:
        """Compute to what the run will extend the labels that are drawn in an image now.

        Nothing happens if the run extends no labels, or the whole image is asked for. The last
        raster counts.

        Args:
            raster: uint8 (H, W) class ids at the image's own size, 255 where nothing is drawn.
            version: of the answer that was drawn, which `Layer.about` repeats.
        """
        now = drawn(raster)
        with self._changed:
            image = self._images.get(key)
            if image is None or image.guide.extension is None or image.asked.whole:
                return
            assert raster.shape == image.asked.size
            image.version = version
            if image.drawn == now:
                layer = image.layers["extended"]
                if layer.state == "ready":
                    about = {**layer.about, "version": version}
                    image.layers["extended"] = replace(layer, about=about)
                return
            image.drawn, image.layers["extended"] = now, Layer()
            image.entry_keys.pop("extended", None)
            self._jobs.keep(self._images.values())
            self._jobs.add(image, "extended")
            guide = image.guide
        self._calibrations.begin(guide)
        self._wake()

    def state(self, key: str) -> dict[LayerName, Layer]:
        """How far the results for an image are; those that it cannot have are left out."""
        with self._changed:
            image = self._images.get(key)
            return {} if image is None else dict(image.layers)

    def is_calibrating(self, key: str) -> bool:
        """Whether extended labels of an image wait for the thresholds of its query."""
        with self._changed:
            image = self._images.get(key)
            layer = None if image is None else image.layers.get("extended")
        if image is None or layer is None or layer.state != "pending":
            return False
        return not self._calibrations.is_finished(image.guide)

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
        for workers in (self._calibrations.workers, self._slow, self._workers):
            workers.close()
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
                self._jobs.add(image, layer)
                self._changed.notify_all()
        return entry

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _order(self) -> None:
        """The thread that hands out tasks, one per free worker, so that the next is always the one
        that matters most."""
        while True:
            with self._changed:
                while (job := self._next_job()) is None and not self._closed:
                    self._changed.wait()
                if self._closed or job is None:
                    return
                job.running = True
            try:
                self._start(job)
            except Exception as error:  # Of one image; the others must not wait for ever.
                self._finished(job, None, one_line(error), False)

    def _next_job(self) -> Job | None:
        def may_run(job: Job) -> bool:
            return job.lane != "drawn" or self._calibrations.is_finished(job.image.guide)

        found = (self._jobs.next(lane, self._of(lane).count, may_run) for lane in get_args(Lane))
        return next((job for job in found if job is not None), None)

    def _of(self, lane: Lane) -> Workers:
        if lane == "ahead":
            return self._workers
        return self._slow if lane == "slow" else self._calibrations.workers

    def _start(self, job: Job) -> None:
        """Give a job to a worker, unless its result is there."""
        image = job.image
        if job.layer == "extended" and (why := self._calibrations.why(image.guide)) is not None:
            self._finished(job, None, why, False)
            return
        data = image.asked.read()
        if image.picture_hash is None:
            image.picture_hash = hash_bytes(data)
        task = task_for(
            job.layer, image.guide, image.asked.image_id, image.picture_hash, data,
            image.asked.size, job.drawn, image.asked.pixels,
        )  # fmt: skip
        if self.cache.find(task.key) is not None:
            self._finished(job, task.key, None, False)
            return
        self._of(job.lane).submit(task, lambda why, died: self._finished(job, task.key, why, died))

    def _finished(self, job: Job, key: str | None, why: str | None, died: bool) -> None:
        entry = self.cache.find(key) if why is None and key is not None else None
        if why is None and entry is None:
            why = "the result was removed while it was stored; is the disk full?"
        with self._changed:
            if self._jobs.end(job, died):
                if entry is not None and key is not None:
                    job.image.entry_keys[job.layer] = key
                    job.image.layers[job.layer] = Layer("ready", about=_about(job, entry))
                else:
                    job.image.layers[job.layer] = Layer("failed", why or "")
            keep = self._in_use()
            idle = not self._jobs.has("slow")
            self._changed.notify_all()
        if idle:
            self._slow.rest()  # It holds much memory.
        if entry is not None:
            self.cache.trim(keep, entry.bytes)

    def _in_use(self) -> set[str]:
        """Keys of the results of images that somebody has open."""
        return {
            entry_key
            for key in self._jobs.opened() & self._images.keys()
            for entry_key in self._images[key].entry_keys.values()
        }


def _about(job: Job, entry: Entry) -> dict[str, Any]:
    """What belongs to a result, and what depends on where it was asked for."""
    about = dict(entry.about)
    if job.layer != "superpixels":
        about["model"] = job.image.guide.name
    if job.layer == "extended":
        about["version"] = job.image.version
    return about
