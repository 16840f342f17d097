"""Results of the trials of a sweep, read from their run folders."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from raysal.engine.judgements import check_log, seal_log, stopped_early
from raysal.engine.sweep import Problem
from raysal.experiment.record import Record
from raysal.storage.atomic import write_bytes
from raysal.sweep.layout import SweepLayout, is_finished, records_of
from raysal.sweep.metric import auc_miou, curve_of, final_miou, measure
from raysal.sweep.trials import Sweep, Trial

Status = Literal["finished", "stopped", "failed", "unfinished"]
VERSION = b"1"
# Key of the metadata of `results.parquet` under which the scheduler's decisions are sealed.
SEALED_LOG = b"judgements"


@dataclass(frozen=True)
class TrialResult:
    """The state of a trial.

    Attributes:
        status: `stopped` means by the scheduler; the rounds recorded until then count.
        records: one per recorded round, in order.
        metric: the metric of the sweep, in [0, 1]; None if the trial failed or is unfinished, or
            its rounds do not determine it.
        problem: why it failed, in one line.
    """

    trial: Trial
    status: Status
    records: tuple[Record, ...]
    metric: float | None
    problem: str | None = None


def read_results(sweep: Sweep, problems: Mapping[str, Problem]) -> tuple[TrialResult, ...]:
    """The state of all trials, in order.

    Args:
        problems: trials that failed in this run of the sweep, by name. Those that failed in an
            earlier one are `unfinished`.

    Raises:
        DataError: a file of a trial is damaged.
    """
    stopped = _stopped(sweep)
    results = []
    for trial in sweep.trials:
        records = records_of(trial.folder)
        status: Status = "unfinished"
        problem = problems.get(trial.name)
        if is_finished(trial.folder):
            status = "finished"
        elif trial.name in stopped:
            # The trial may have recorded more rounds before it ended.
            status, records = "stopped", records[: stopped[trial.name]]
        elif problem is not None:
            status = "failed"
        whole = status in ("finished", "stopped")
        metric = measure(sweep.config, records) if whole else None
        line = problem.line if problem is not None and status == "failed" else None
        results.append(TrialResult(trial, status, tuple(records), metric, line))
    return tuple(results)


def unfinished(sweep: Sweep) -> list[Trial]:
    """The trials that have rounds left to run."""
    stopped = _stopped(sweep)
    return [
        trial
        for trial in sweep.trials
        if trial.name not in stopped and not is_finished(trial.folder)
    ]


def write_results(sweep: Sweep, results: Sequence[TrialResult]) -> None:
    """Write `results.parquet` and `curves.parquet`; parameters are columns `param.*`."""
    layout = SweepLayout(sweep.folder)
    rows, points = [], []
    for result in results:
        trial = result.trial
        about = {"trial": trial.name, "seed": trial.seed}
        about |= {f"param.{key}": value for key, value in trial.values.items()}
        curve = curve_of(result.records, sweep.config.cost_unit)
        rows.append(
            {
                **about,
                "status": result.status,
                "rounds": len(result.records),
                "metric": result.metric,
                "final_miou": final_miou(curve_of(result.records, "images")),
                "auc_miou": auc_miou(curve),
                "problem": result.problem,
                "folder": os.path.relpath(trial.folder, sweep.folder),
            }
        )
        for record in result.records:
            cost = record.labelled.as_dict()
            points.append({**about, "round": record.round, **cost, "miou": record.miou})
    parameters = [f"param.{path}" for path in sweep.config.axes]
    _write(layout.results, rows, RESULT, parameters, sweep)
    _write(layout.curves, points, CURVE, parameters, sweep)


def check_judgements(layout: SweepLayout) -> None:
    """Check that the scheduler's decisions are those that the results were written with.

    Raises:
        DataError: some are missing or were changed.
    """
    try:
        metadata = pq.read_schema(layout.results).metadata or {}
    except (OSError, pa.ArrowException):
        return  # There is none, or it is damaged; it is written anew.
    if SEALED_LOG in metadata:
        check_log(layout.judgements, metadata[SEALED_LOG])


def _write(
    path: Path,
    rows: Sequence[Mapping[str, Any]],
    columns: Sequence[tuple[str, pa.DataType]],
    parameters: Sequence[str],
    sweep: Sweep,
) -> None:
    ours: list[tuple[str, pa.DataType]] = [("trial", pa.string()), ("seed", pa.int64())]
    ours += [(name, _type([row[name] for row in rows])) for name in parameters]
    metadata = {b"version": VERSION, b"metric": sweep.config.metric.encode()}
    if sweep.config.scheduler != "none":
        metadata[SEALED_LOG] = seal_log(SweepLayout(sweep.folder).judgements)
    schema = pa.schema([*ours, *columns], metadata)
    plain = [{**row, **_plain(row, schema, parameters)} for row in rows]
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(plain, schema), sink)
    write_bytes(path, sink.getvalue().to_pybytes())


RESULT = [
    ("status", pa.string()),
    ("rounds", pa.int64()),
    ("metric", pa.float64()),
    ("final_miou", pa.float64()),
    ("auc_miou", pa.float64()),
    ("problem", pa.string()),
    ("folder", pa.string()),
]
CURVE = [
    ("round", pa.int64()),
    ("images", pa.float64()),
    ("pixels", pa.int64()),
    ("regions", pa.int64()),
    ("clicks", pa.int64()),
    ("seconds", pa.float64()),
    ("miou", pa.float64()),
]


def _type(values: Sequence[Any]) -> pa.DataType:
    """Booleans, integers or floats if all values are of that type, else strings."""
    kinds = {type(value) for value in values if value is not None}
    for allowed, kind in (({bool}, pa.bool_()), ({int}, pa.int64()), ({int, float}, pa.float64())):
        if kinds <= allowed and kinds:
            return kind
    return pa.string()


def _plain(row: Mapping[str, Any], schema: pa.Schema, names: Sequence[str]) -> dict[str, Any]:
    """Parameters in string columns: strings unchanged, other values as JSON."""
    return {
        name: json.dumps(row[name])
        for name in names
        if schema.field(name).type == pa.string()
        and row[name] is not None
        and not isinstance(row[name], str)
    }


def _stopped(sweep: Sweep) -> dict[str, int]:
    if sweep.config.scheduler == "none":
        return {}
    return stopped_early(SweepLayout(sweep.folder).judgements, sweep.config.metric)
