"""Runs read from disk; unfinished runs give the rounds whose models are measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from raysal.config.yaml_text import parse_yaml
from raysal.errors import DataError, RunError
from raysal.experiment.integrity import saved_config
from raysal.experiment.layout import STAMP, RoundLayout, RunLayout
from raysal.experiment.metrics import Metrics
from raysal.experiment.own_files import rounds_on_disk
from raysal.experiment.record import Record
from raysal.experiment.stage import check_stage
from raysal.report.runs.changes import Change, changes, section_of, strategy_of
from raysal.report.runs.entropy import class_entropy
from raysal.report.runs.measured import check_there
from raysal.storage.document import REPAIR, read_text
from raysal.sweep.layout import SweepLayout
from raysal.sweep.variants import Variant, variants_of


@dataclass(frozen=True)
class RoundData:
    """A round whose model is measured.

    Attributes:
        record: of a round in progress, see `record_so_far`.
        recorded: whether the round is complete.
    """

    layout: RoundLayout
    record: Record
    metrics: Metrics
    recorded: bool = True

    @property
    def index(self) -> int:
        """Number of the round, counted from 0."""
        return self.record.round

    @property
    def measured(self) -> bool:
        """Whether there were labelled images to measure the model on."""
        return self.metrics.split is not None

    @property
    def images(self) -> float:
        """Labelled images that the model was trained on; fractional if regions were queried."""
        return self.record.labelled.images

    @property
    def cost(self) -> Mapping[str, float | None]:
        """Cost of the labels that the model was trained on, by unit; None if not counted."""
        return self.record.labelled.as_dict()

    @property
    def truth_pixels(self) -> tuple[int, ...]:
        """(C,) ground-truth pixels of each class in the split of `metrics`."""
        return tuple(sum(row) for row in self.metrics.confusion)

    @property
    def entropy_nats(self) -> float:
        """Entropy of the class distribution of the labelled pixels (DEAL, section 4.4)."""
        return class_entropy(self.record.class_pixels)


@dataclass(frozen=True)
class RunData:
    """One run: its settings, and its measured rounds in order, at least one.

    Attributes:
        strategy: display label; if the settings of queries changed, all in turn.
        config: as it is now; see `section_at`.
        variant: of a sweep; None if it is none, or was not looked for.
    """

    layout: RunLayout
    name: str
    seed: int
    strategy: str
    class_names: tuple[str, ...]
    config: Mapping[str, Any]
    config_text: str
    environment: Mapping[str, Any]
    rounds: tuple[RoundData, ...]
    variant: Variant | None = None

    def section(self, name: str) -> Mapping[str, Any] | None:
        """A section of the settings; None if it is off or absent."""
        values = self.config.get(name)
        return values if isinstance(values, Mapping) else None

    def section_at(self, data: RoundData | None, name: str) -> Mapping[str, Any] | None:
        """A section of the settings that the query of a round was made with (`section` if there is
        no round, or it does not tell), which may change from round to round."""
        if data is None or data.record.settings is None:
            return self.section(name)
        return section_of(data.record.settings, name)

    @property
    def changes(self) -> tuple[Change, ...]:
        """Where the settings of its queries changed, in order."""
        return changes(self.records)

    @property
    def records(self) -> list[Record]:
        """The records of its rounds, in order."""
        return [data.record for data in self.rounds]

    @property
    def first_measured(self) -> RoundData | None:
        """The first round that was measured; None if none was."""
        return next((data for data in self.rounds if data.measured), None)

    @property
    def bad_images(self) -> tuple[str, ...]:
        """Ids that were set aside as unreadable in any round, in order of discovery."""
        return tuple(
            dict.fromkeys(image_id for data in self.rounds for image_id in data.record.bad_images)
        )

    def round(self, index: int) -> RoundData | None:
        """The round of this number; None if it is not there."""
        return next((data for data in self.rounds if data.index == index), None)


def read_runs(folders: Sequence[Path]) -> tuple[RunData, ...]:
    """Each run once, in the order given, under names that distinguish them.

    Raises:
        RunError: no folders, or one is not a run or has no measured round.
        DataError: a file is damaged, or of another version.
    """
    if not folders:
        raise RunError("no run given to report on; give folders such as runs/<name>")
    given = {folder.resolve(): folder for folder in folders}
    read = (read_run(folder, _shown_name(path, list(given))) for path, folder in given.items())
    return tuple(
        replace(run, variant=variant) for run, variant in zip(read, variants_of(given), strict=True)
    )


def _shown_name(folder: Path, among: Sequence[Path]) -> str:
    """The shortest suffix of the path that no other run has."""
    for length in range(1, len(folder.parts)):
        end = folder.parts[-length:]
        if sum(other.parts[-length:] == end for other in among) == 1:
            return "/".join(end)
    return str(folder)


def read_run(folder: Path, name: str) -> RunData:
    """One run, under the name to show; errors as in `read_runs`."""
    layout = RunLayout(folder)
    _check_is_run(layout)
    _check_rounds(layout)
    for first in layout.first_queries:
        for stage in (first.query, first.labels):
            _check_files(stage)
    rounds = tuple(_read_round(here, Record.read(here.record)) for here in layout.recorded_rounds())
    rounds += _read_round_in_progress(layout)
    if not rounds:
        raise _nothing_measured(layout)
    text = read_text(layout.config)
    return RunData(
        layout=layout,
        name=name,
        seed=rounds[0].record.seed,
        strategy=strategy_of([data.record for data in rounds]),
        class_names=rounds[0].metrics.class_names,
        config=_yaml(layout.config, text),
        config_text=text,
        # JSON is YAML too.
        environment=_environment(layout.environment),
        rounds=rounds,
    )


def _check_is_run(layout: RunLayout) -> None:
    folder = layout.root
    check_there([folder])
    if layout.rounds.is_dir():
        return
    if layout.initial.query.is_dir():
        raise _nothing_measured(layout)
    sweep = SweepLayout(folder)
    if sweep.definition.exists():
        raise RunError(
            f"{folder} is a sweep: its own report is in {sweep.report}; to report on its trials "
            f"as runs, give them: {sweep.trials}/*"
        )
    if any(folder.glob(f"*/{layout.rounds.name}")):
        raise RunError(f"{folder} is not a run but contains runs; give them one by one: {folder}/*")
    raise RunError(
        f"{folder} is not a run: it has no rounds/ folder; give the folder that `raysal run` "
        "printed"
    )


def _nothing_measured(layout: RunLayout) -> RunError:
    return RunError(
        f"{layout.root} has no measured round yet; `raysal status {layout.root}` says what it "
        "waits for, and `raysal run` goes on; then report again"
    )


def _check_rounds(layout: RunLayout) -> None:
    """Check the files of all rounds that have a record.

    Raises:
        DataError: one is damaged or missing, or the record of a round before others.
    """
    rounds = rounds_on_disk(layout)
    files = (STAMP, Record.file)
    recorded = [here for here in rounds if any((here.record / file).exists() for file in files)]
    for here in recorded:
        _check_stages(here)
    if recorded != rounds[: len(recorded)]:
        gap = next(here for here in rounds if here not in recorded)
        raise DataError(f"{gap.record} is missing, but later rounds have records; {REPAIR}")


def _check_stages(here: RoundLayout) -> None:
    """Check the files of a round that is reported on.

    Raises:
        DataError: one is damaged or missing.
    """
    for stage in (*here.stages().values(), here.record):
        _check_files(stage)
    record = Record.read(here.record)
    if here.folder.name != f"{record.round:03d}":
        raise DataError(
            f"{here.record / Record.file} is damaged: it is of round {record.round}; {REPAIR}"
        )


def _check_files(stage: Path) -> None:
    if (stage / STAMP).exists():
        check_stage(stage)


def _read_round_in_progress(layout: RunLayout) -> tuple[RoundData, ...]:
    """The round that is measured, but whose query is being made or waits for answers, if any."""
    here = layout.round_in_progress()
    config = saved_config(layout)
    if here is None or config is None:
        return ()
    for stage in here.stages().values():
        _check_files(stage)
    # Loads torch, which a finished run does not need.
    from raysal.experiment.summarize import record_so_far

    return (_read_round(here, record_so_far(layout, here, config), recorded=False),)


def _read_round(layout: RoundLayout, record: Record, recorded: bool = True) -> RoundData:
    metrics = Metrics.read(layout.metrics)
    per_class = [metrics.iou, metrics.confusion, record.class_pixels]
    if record.extended_pixels is not None:
        per_class.append(record.extended_pixels)
    if any(len(values) != len(metrics.class_names) for values in per_class):
        raise DataError(
            f"{layout.folder}: {Metrics.file} and {Record.file} differ in the number of classes; "
            "the round is damaged, remove it and run again"
        )
    return RoundData(layout, record, metrics, recorded)


def _environment(file: Path) -> Mapping[str, Any]:
    """Empty if the file is missing or damaged: no result depends on it, a run writes it again."""
    try:
        return _yaml(file, read_text(file))
    except DataError:
        return {}


def _yaml(file: Path, text: str) -> Mapping[str, Any]:
    try:
        value = parse_yaml(text)
    except yaml.YAMLError as error:
        reason = " ".join(str(error).split())
        raise DataError(f"{file} is damaged: {reason}") from error
    if not isinstance(value, dict):
        raise DataError(f"{file} is damaged: it holds no settings")
    return value
