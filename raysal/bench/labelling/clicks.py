"""How many clicks labels take in the labelling tool: an annotator that knows the truth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from raysal.annotate.of_run import config_of, last_model
from raysal.annotate.tool.workplace import key_of
from raysal.bench.labelling.browser import launched
from raysal.bench.labelling.hand import at_work
from raysal.bench.labelling.place import Picture, Place, serving
from raysal.bench.labelling.ways import PREDICTED, Labelled, Task, label
from raysal.data.decode import IGNORE
from raysal.data.sets.base import Dataset, Item
from raysal.errors import RunError
from raysal.experiment.layout import RunLayout


def labelled(
    run: Path, root: Path, ways: Sequence[str], images: int, enough: float
) -> Iterator[Labelled]:
    """Label test images of a run, each in each way.

    Args:
        root: a folder for pictures and answers.
        ways: of `WAYS`.
        images: evenly spaced among the test images, of which the model has seen none.
        enough: share of the pixels with a true class that is to agree.

    Raises:
        RunError: there is no run, no model, or no browser.
        DataError: the data set cannot be read.
    """
    layout = RunLayout(run)
    config = config_of(layout)
    data: Dataset = config.data
    model = last_model(layout)
    if model is None and set(ways) & set(PREDICTED):
        raise RunError(f"{run} has no model yet; its predictions are to be accepted first")
    items = _spaced(data.items("test"), images)
    truths = {item.image_id: data.raw_label(item) for item in items}
    place = Place(
        root=root,
        class_names=data.class_names,
        palette=data.palette,
        pictures=tuple(_pictures(data, items, truths, ways, root / "images")),
        models=tuple((way, model) for way in ways if way in PREDICTED and model is not None),
    )
    asked = {key_of(image): image for image in place.asked().images}
    classes = len(data.class_names)
    with launched() as browser, serving(place) as link, at_work(browser, link) as hand:
        while asked:
            image = hand.opened(asked)
            task = Task(hand, image, truths[image.image_id], classes, enough)
            yield label(image.query, task)
            del asked[key_of(image)]


def _spaced(items: Sequence[Item], count: int) -> list[Item]:
    count = min(count, len(items))
    return [items[int((place + 0.5) * len(items) / count)] for place in range(count)]


def _pictures(
    data: Dataset,
    items: Sequence[Item],
    truths: dict[str, np.ndarray],
    ways: Sequence[str],
    folder: Path,
) -> Iterator[Picture]:
    folder.mkdir(parents=True, exist_ok=True)
    for number, item in enumerate(items):
        file = folder / f"{number:04d}"
        file.write_bytes(data.image_bytes(item))
        truth = truths[item.image_id]
        assert (truth != IGNORE).any(), f"nothing is known of {item.image_id}"
        for way in ways:
            yield Picture(item.image_id, way, file, truth.shape)
