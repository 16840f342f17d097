"""The thresholds with which a run will extend the labels of a round, before they are all there.

They depend on the query and on the initial images only (`raysal.experiment.extend_labels`).
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from raysal.annotate.tool.prepare.cache import Entry, key_of
from raysal.annotate.tool.prepare.guide import ExtensionSource
from raysal.annotate.tool.prepare.task import Task, Tools
from raysal.errors import DataError
from raysal.experiment.changeable import settings_of
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.integrity import saved_config
from raysal.experiment.layout import RunLayout
from raysal.experiment.record import CalibrationResult
from raysal.progress import Silent

VERSION = 1


@dataclass(frozen=True)
class CalibrationTask(Task):
    """Calibrates label extension for a round; `data` and `size` are not used."""

    source: ExtensionSource
    model: Path

    def run(self, tools: Tools) -> None:
        """See `Task.run`."""
        calibrated(tools, self.key, self.source, self.model)


def calibration_key(source: ExtensionSource, model_hash: str) -> str:
    """The key of a round's calibration in a cache."""
    return key_of("calibration", VERSION, source.round_index, source.made_from, model_hash)


def calibrated(tools: Tools, key: str, source: ExtensionSource, model: Path) -> Entry:
    """The calibration of a round, computed unless it is there.

    Raises:
        RaysalError: a file of the run is damaged.
    """

    def write(folder: Path) -> dict[str, Any]:
        # Imported here, because they import torch, which the server does without.
        from raysal.data.pool.outside import IN_A_RUN
        from raysal.data.pool.pool import Pool
        from raysal.engine.config import EngineConfig
        from raysal.engine.local.engine import LocalEngine
        from raysal.experiment.context import Round
        from raysal.experiment.extend_labels import calibrate, radius_of
        from raysal.experiment.oracle import SimulatedOracle

        layout, config = read_settings(source)
        r = Round(
            config=config,
            rounds=config.al.rounds,
            layout=layout,
            pool=Pool.open(str(layout.pool), IN_A_RUN),
            engine=LocalEngine(EngineConfig(name="local", threads=tools.threads_of_torch())),
            oracle=SimulatedOracle(config.data),  # Nobody is asked.
            watch=Silent(),
            index=source.round_index,
            excluded=frozenset(),
            measuring=config.data,
            data={},
        )
        found = calibrate(r, model, radius_of(config), folder)
        shutil.rmtree(folder / "calibration", ignore_errors=True)
        return CalibrationResult.model_validate(found.as_dict()).model_dump(mode="json")

    return tools.cache.make(key, write)


def read_calibration(entry: Entry) -> CalibrationResult:
    """What a result holds."""
    return CalibrationResult.model_validate(entry.about)


def read_settings(source: ExtensionSource) -> tuple[RunLayout, ExperimentConfig]:
    """The run, and the settings that the round's query was made with.

    Raises:
        DataError: they are lost.
    """
    layout = RunLayout(source.run)
    config = saved_config(layout)
    if config is None:
        raise DataError(f"{layout.config} is damaged; `raysal run` writes it again")
    return layout, settings_of(layout.round(source.round_index), layout, config)
