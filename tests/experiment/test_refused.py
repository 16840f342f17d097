"""Extended labels that annotators refuse: no later model is trained on them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from raysal.annotate.of_run import asked_of
from raysal.data.decode import IGNORE, resize_mask
from raysal.data.labels import ANNOTATOR, EXTENDED, REFUSED, read_labels, read_merged
from raysal.engine.build import build_engine
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.layout import RunLayout
from raysal.experiment.record import Record
from raysal.experiment.run import run_experiment
from raysal.progress import Silent
from tests.support.people import OWN_SIZE, SIZE, asking, take_photographs

EXTENDING: dict[str, Any] = {
    "acquisition": {"name": "panoptic"},
    "model": {"channel_dropout": 0.25},
    "rga": {"subset": "all", "map": "random", "w": 16},
    "cle": {"cell": 4, "calibrate": False, "tau_conf": 0.5, "tau_sim": 0.5},
    "al": {"initial": 2, "rounds": 3, "test": 0, "budget": 3, "budget_unit": "regions"},
}


class Listening(Silent):
    """Remembers the messages."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        """Remember a message."""
        self.said.append(text)


def test_what_is_refused_is_never_trained_on(tmp_path: Path) -> None:
    """Counted from the stores that the next models are trained on."""
    photographs = take_photographs(tmp_path, images=8)
    config = asking(tmp_path, photographs, **EXTENDING)
    layout, watch = RunLayout(config.folder), Listening()

    def go_on(config: ExperimentConfig) -> None:
        run_experiment(config, lambda: build_engine(config.engine), watch)

    go_on(config)
    photographs.answer(config.folder)
    go_on(config)
    refused = np.zeros(OWN_SIZE, bool)
    refused[:, : OWN_SIZE[1] // 2] = True
    asked = [image.image_id for image in asked_of(config.folder).images]
    photographs.answer(config.folder, refused=refused)
    go_on(config)
    photographs.answer(config.folder)  # The images of the second query refuse nothing.
    go_on(config)

    where = resize_mask(refused.astype(np.uint8), SIZE) == 1
    dropped = []
    for index in (0, 1):
        labels = read_merged((*layout.label_folders(index + 1), *layout.extended(index + 1)))
        for image_id in asked:
            label, source = labels[image_id].label, labels[image_id].source
            not_drawn = where & (source != ANNOTATOR)
            assert not_drawn.sum() > 100
            assert (source[not_drawn] == REFUSED).all()
            assert (label[not_drawn] == IGNORE).all()
        added = list(read_labels(layout.round(index).extended))
        assert set(asked) <= {one.image_id for one in added}
        assert sum(int((one.source == EXTENDED).sum()) for one in added) > 0
        extension = Record.read(layout.round(index).record).extension
        assert extension is not None
        assert extension.refused is not None
        dropped.append(sum(extension.refused))
    assert dropped[0] > 0
    said = f"round 0: {dropped[0]:,} pixels are not extended, because annotators have refused it"
    assert said in watch.said
    assert Record.read(layout.round(2).record).measured is False
