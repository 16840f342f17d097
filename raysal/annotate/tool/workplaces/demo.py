"""Built-in streets, to try the tool: nothing else is needed."""

from __future__ import annotations

import contextlib
import multiprocessing
import threading
from functools import partial
from multiprocessing.process import BaseProcess
from pathlib import Path

import numpy as np

from raysal.annotate.asked import Asked, AskedImage, where_asked
from raysal.annotate.tool.prepare.guide import Guide, MapSource
from raysal.annotate.tool.workplace import View, Workplace
from raysal.annotate.tool.workplaces.demo_model import MODEL, try_to_train
from raysal.data.decode import IGNORE
from raysal.data.sets.base import Item
from raysal.data.sets.streets.dataset import Streets
from raysal.models import MODEL_FILE
from raysal.storage.atomic import write_bytes

SIZE = (512, 1024)
SEED = 2024
QUERY = "demo"
_H, _W = 128, 192
# Scene, and the corners of its regions: those windows in which there is the most to tell apart. A
# scene without regions is asked for whole.
ASKED: tuple[tuple[int, tuple[tuple[int, int], ...]], ...] = (
    (11, ((192, 320), (208, 672), (256, 128))),
    (1, ((224, 448), (192, 208), (240, 640))),
    (5, ((208, 400), (240, 208), (272, 608))),
    (2, ()),
    (3, ((192, 352), (176, 544), (208, 160))),
    (10, ((224, 560), (240, 224))),
    (4, ()),
    (13, ((240, 688), (192, 320))),
    (6, ()),
    (12, ()),
)


class Demo(Workplace):
    """Ten pictures of streets, some asked whole and some in regions.

    Args:
        root: folder for pictures, the model, and answers.
        train: whether a small network is trained in the background.
    """

    demo = True

    def __init__(self, root: Path, train: bool = True) -> None:
        super().__init__()
        self.root = root
        self.folder = root / "annotate"
        self.title = "Demo: built-in streets"
        self._streets = Streets(size=SIZE, train=1 + max(n for n, _ in ASKED), scene_seed=SEED)
        self.class_names, self.palette = self._streets.class_names, self._streets.palette
        self._items = self._streets.items("train")
        self._train = train
        self._process: BaseProcess | None = None
        self._drawing = threading.Lock()
        self._images = tuple(
            AskedImage(
                image_id=f"street-{place:02d}",
                query=QUERY,
                size=SIZE,
                rectangles=tuple((r, c, _H, _W) for r, c in corners) or ((0, 0, *SIZE),),
                path=None,
                read=partial(self._read, self._items[scene]),
            )
            for place, (scene, corners) in enumerate(ASKED, 1)
        )
        self._asked = {
            trained: Asked(
                name="demo",
                class_names=self.class_names,
                palette=self.palette,
                images=self._images,
                answers=root / "answers",
                model=root / MODEL if trained else None,
            )
            for trained in (False, True)
        }
        self._item_of = {
            image.image_id: self._items[scene]
            for image, (scene, _) in zip(self._images, ASKED, strict=True)
        }

    def view(self) -> View:
        """All pictures; with the model once it is there."""
        trained = (self.root / MODEL / MODEL_FILE).exists()
        asked = self._asked[trained]
        left = self.index.left(asked)
        text = "waits for your labels"
        if not left:
            text = "all is labelled: this is what a run would be trained on now"
        elif self._process is not None and self._process.is_alive():
            text = "a small network is being trained on other streets; its predictions come soon"
        elif self._process is not None and self._process.exitcode:
            text = "waits for your labels; the small network could not be trained: no predictions"
        return View(
            generation=f"demo {trained}",
            heading="Streets that are drawn, so that the truth is known",
            state="asks" if left else "finished",
            text=text,
            asked=asked,
            unit="regions",
            guides={QUERY: Guide(asked.model, "trained on other streets", map=MapSource())}
            if trained
            else {},
        )

    def agreement(self, image: AskedImage, raster: np.ndarray) -> float | None:
        """Of the pixels with a label whose truth is known."""
        truth = self._streets.raw_label(self._item_of[image.image_id])
        counts = where_asked(image) & (truth != IGNORE) & (raster != IGNORE)
        return float((raster == truth)[counts].mean()) if counts.any() else None

    def start(self) -> None:
        """Train, unless that was done."""
        if self._train and not (self.root / MODEL / MODEL_FILE).exists():
            # A new process, because torch must not be forked with its threads.
            spawn = multiprocessing.get_context("spawn")
            self._process = spawn.Process(target=try_to_train, args=(self.root,), daemon=True)
            self._process.start()

    def close(self) -> None:
        """End the training."""
        if self._process is not None:
            self._process.kill()
            self._process.join()

    def _read(self, item: Item) -> bytes:
        """A drawn picture, kept as a file, as drawing takes a moment."""
        path = self.root / "images" / f"{item.image_id}.jpg"
        with self._drawing:
            if path.exists():
                return path.read_bytes()
            drawn = self._streets.image_bytes(item)
            with contextlib.suppress(OSError):  # On a full disk it is drawn again each time.
                path.parent.mkdir(parents=True, exist_ok=True)
                write_bytes(path, drawn, sync_folder=False)
            return drawn
