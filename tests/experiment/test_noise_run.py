"""Label extension with an annotator who makes mistakes (CPRAL, section 4.4)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from raysal.cli.main import app
from raysal.data.labels import EXTENDED, read_labels
from raysal.errors import ConfigError
from raysal.experiment.config import ExperimentConfig, experiment_of
from raysal.experiment.layout import RunLayout
from raysal.experiment.record import Record
from tests.experiment.test_regions_run import cpral
from tests.support.shallow_network import WIDE
from tests.support.tiny_run import write_config


def noisy(output: Path, rate: float) -> ExperimentConfig:
    """Two rounds of CPRAL with the precision that it has by default."""
    return cpral(
        output,
        data={"size": [72, 96], "train": 18},
        al={"rounds": 2, "initial": 12},
        rga={"w": 24},
        cle={
            "precision": 0.95,
            "calibration_images": 12,
        },
        noise={"rate": rate},
        model=WIDE,
        # So short a training extends a few hundred labels or none, of which 80 to 99 % are right,
        # and with one seed of four a quarter.
        seed=3,
    )


@pytest.mark.slow
@pytest.mark.parametrize("rate", [0.1, 0.4])
def test_measured_against_the_masks_labels_are_extended(rate: float, tmp_path: Path) -> None:
    """Against the given ones, no thresholds reach the precision: `tests.regions.test_calibrate`."""
    config = noisy(tmp_path, rate)
    path = write_config(tmp_path / "c.yaml", config)
    done = CliRunner().invoke(app, ["run", str(path), "--set", "cle.calibrate_on=clean"])
    assert done.exit_code == 0, done.output
    assert "noise" not in done.output
    layout = RunLayout(config.folder)
    first, second = (Record.read(layout.round(index).record) for index in range(2))
    assert first.extension is not None
    assert first.extension.thresholds is not None
    assert first.extension.against == "clean"
    assert second.extended_pixels is not None
    assert sum(second.extended_pixels) > 0
    # They are about as right as was measured, and what is trained on are the annotator's labels.
    items = {item.image_id: item for item in config.data.items("train")}
    right = [
        (labelled.label == config.data.label(items[labelled.image_id]))[labelled.source == EXTENDED]
        for labelled in read_labels(layout.round(0).extended)
    ]
    assert np.concatenate(right).size > 300
    assert np.concatenate(right).mean() > 0.75
    wrong = [
        (labelled.label != config.data.label(items[labelled.image_id])).mean()
        for labelled in read_labels(layout.initial.labels)
    ]
    assert np.mean(wrong) > 0.9 * rate
    assert not (layout.round(0).extended / "clean").exists()


def test_people_give_no_clean_labels() -> None:
    values = {
        "name": "a",
        "preset": "cpral",
        "data": {"name": "streets"},
        "acquisition": {"name": "panoptic"},
        "oracle": "people",
        "cle": {"calibrate_on": "clean"},
    }
    with pytest.raises(ConfigError, match="calibrate_on=clean needs the true labels"):
        experiment_of(values, "here")
