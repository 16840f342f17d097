"""Runs as they lie on disk, read into frozen values; unfinished runs give what they have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from raysal.errors import DataError, RunError
from raysal.report.runs.entropy import class_entropy

VERSION = 1


class _OnDisk(BaseModel):
    # Keys that this version does not show are not errors.
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Versioned(_OnDisk):
    version: int


class Thresholds(_OnDisk):
    """What decided whether a pixel took a label over; see `cle`."""

    beta: float
    tau_conf: float
    tau_sim: float


class Extension(_OnDisk):
    """What the calibration of label extension found after a query, in shares of 1.

    Attributes:
        thresholds: None if none reached the wanted precision: then nothing was extended.
        precision: on `images` fully labelled images; None where nothing was calibrated.
        error: its standard error.
    """

    thresholds: Thresholds | None
    precision: float | None
    error: float | None = None
    coverage: float | None
    images: int


class _Record(_OnDisk):
    round: int
    seed: int
    strategy: str
    labelled: dict[str, float | None]
    class_pixels: tuple[int, ...]
    extended_pixels: tuple[int, ...] | None = None
    extension: Extension | None = None
    bad_images: tuple[str, ...] = ()
    timings_s: dict[str, float | None] = {}


class _Metrics(_OnDisk):
    split: str
    miou: float | None
    pixel_accuracy: float | None
    iou: tuple[float | None, ...]
    class_names: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]


_T = TypeVar("_T", bound=BaseModel)


@dataclass(frozen=True)
class RoundData:
    """One recorded round.

    Attributes:
        images: labelled images its model was trained on; a fraction if only regions of one are.
        labelled: what the labels of its model cost, by unit; None where a unit has no meaning.
        class_pixels: (C,) pixels of each class among those labels, which are annotators'.
        extended_pixels: (C,) of each class that were extended from them for its model; None if
            none were.
        extension: how labels were extended after its query; None if that is off.
        miou: mean IoU on `split` in [0, 1]; None without ground truth.
        iou: (C,) in [0, 1]; None for a class in neither ground truth nor prediction.
        truth_pixels: (C,) ground-truth pixels of each class in `split`.
        bad_images: ids found unreadable in this round.
        timings_s: seconds by stage, in the order in which the stages ran.
    """

    folder: Path
    index: int
    images: float
    labelled: Mapping[str, float | None]
    class_pixels: tuple[int, ...]
    extended_pixels: tuple[int, ...] | None
    extension: Extension | None
    split: str
    miou: float | None
    pixel_accuracy: float | None
    iou: tuple[float | None, ...]
    truth_pixels: tuple[int, ...]
    bad_images: tuple[str, ...]
    timings_s: Mapping[str, float]

    @property
    def entropy_nats(self) -> float:
        """Entropy of the class distribution of the labelled pixels (DEAL, section 4.4)."""
        return class_entropy(self.class_pixels)


@dataclass(frozen=True)
class RunData:
    """One run: its settings and its recorded rounds in order, at least one."""

    folder: Path
    name: str
    seed: int
    strategy: str
    class_names: tuple[str, ...]
    config: Mapping[str, Any]
    config_text: str
    environment: Mapping[str, Any]
    rounds: tuple[RoundData, ...]

    def section(self, name: str) -> Mapping[str, Any] | None:
        """A part of its settings; None where it is off or absent."""
        values = self.config.get(name)
        return values if isinstance(values, Mapping) else None

    @property
    def bad_images(self) -> tuple[str, ...]:
        """Ids set aside as unreadable in any recorded round, in the order of finding."""
        return tuple(
            dict.fromkeys(image_id for data in self.rounds for image_id in data.bad_images)
        )

    def round(self, index: int) -> RoundData | None:
        """The round of this number, or None if it is not recorded."""
        return next((data for data in self.rounds if data.index == index), None)


def read_runs(folders: Sequence[Path]) -> tuple[RunData, ...]:
    """Every run once, in the order given, under names that tell them apart.

    Raises:
        RunError: no folders, or one that is no run or has no recorded round.
        DataError: a damaged file, or one of another version.
    """
    if not folders:
        raise RunError("no run given to report on; give folders such as runs/<name>")
    given = {folder.resolve(): folder for folder in folders}
    return tuple(read_run(folder, _shown_name(path, list(given))) for path, folder in given.items())


def _shown_name(folder: Path, among: Sequence[Path]) -> str:
    """The shortest end of the path that no other run has."""
    for length in range(1, len(folder.parts)):
        end = folder.parts[-length:]
        if sum(other.parts[-length:] == end for other in among) == 1:
            return "/".join(end)
    return str(folder)


def read_run(folder: Path, name: str) -> RunData:
    """One run under the name to show; errors as in `read_runs`."""
    _check_is_run(folder)
    files = sorted((folder / "rounds").glob("*/record/record.json"))
    if not files:
        raise RunError(
            f"{folder} has no recorded round yet; let `raysal run` finish one, then report again"
        )
    records = [_read(file, _Record) for file in files]
    metrics = [_read(file.parents[1] / "metrics" / "metrics.json", _Metrics) for file in files]
    rounds = tuple(
        _round(file.parents[1], record, metric)
        for file, record, metric in zip(files, records, metrics, strict=True)
    )
    text = _text(folder / "config.yaml")
    environment = folder / "environment.json"
    return RunData(
        folder=folder,
        name=name,
        seed=records[0].seed,
        strategy=records[0].strategy,
        class_names=metrics[0].class_names,
        config=_yaml(folder / "config.yaml", text),
        config_text=text,
        environment=_yaml(environment, _text(environment)),
        rounds=rounds,
    )


def _check_is_run(folder: Path) -> None:
    if not folder.is_dir():
        raise RunError(f"no folder at {folder}; give a run folder such as runs/<name>")
    if (folder / "rounds").is_dir():
        return
    if (folder / "sweep.yaml").exists():
        raise RunError(
            f"{folder} is a sweep: its own report lies in {folder / 'report'}; to report on its "
            f"trials as runs, give them: {folder / 'trials'}/*"
        )
    if any(folder.glob("*/rounds")):
        raise RunError(f"{folder} is no run but holds runs; give them one by one: {folder}/*")
    raise RunError(
        f"{folder} is no run: it has no rounds/ folder; give the folder that `raysal run` printed"
    )


def _round(folder: Path, record: _Record, metrics: _Metrics) -> RoundData:
    images = record.labelled.get("images")
    classes = len(metrics.class_names)
    if images is None:
        raise DataError(f"{folder}/record/record.json does not say how many images are labelled")
    extended = record.extended_pixels
    lengths = (len(metrics.iou), len(metrics.confusion), len(record.class_pixels))
    if {classes, *lengths, classes if extended is None else len(extended)} != {classes}:
        raise DataError(
            f"{folder}: metrics.json and record.json differ in the number of classes; "
            "the round is damaged, remove it and run again"
        )
    return RoundData(
        folder=folder,
        index=record.round,
        images=images,
        labelled=record.labelled,
        class_pixels=record.class_pixels,
        extended_pixels=extended,
        extension=record.extension,
        split=metrics.split,
        miou=metrics.miou,
        pixel_accuracy=metrics.pixel_accuracy,
        iou=metrics.iou,
        truth_pixels=tuple(sum(row) for row in metrics.confusion),
        bad_images=record.bad_images,
        timings_s={stage: s for stage, s in record.timings_s.items() if s is not None},
    )


def _read(file: Path, kind: type[_T]) -> _T:
    text = _text(file)
    try:
        version = _Versioned.model_validate_json(text).version
        if version != VERSION:
            raise DataError(f"{file} has format version {version}, this raysal reads {VERSION}")
        return kind.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise DataError(
            f"{file} is damaged: {where}: {first['msg']}; remove its round and run again"
        ) from error


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise DataError(f"no file {file}: the run is incomplete, run it again") from None
    except UnicodeDecodeError:
        raise DataError(f"{file} is damaged: not UTF-8 text; run again") from None


def _yaml(file: Path, text: str) -> Mapping[str, Any]:
    # JSON is YAML too, which is all that is needed of environment.json.
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        reason = " ".join(str(error).split())
        raise DataError(f"{file} is damaged: {reason}") from error
    if not isinstance(value, dict):
        raise DataError(f"{file} is damaged: it holds no settings")
    return value
