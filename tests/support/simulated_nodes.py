"""Run a job on simulated nodes that join and fail, in a process of its own.

A cluster must not be started where another Ray runs, such as in the process of the tests:
`run_on_nodes` starts this file, which reads what to do from a folder and leaves there what came
of it. Without nodes, the engine that is named runs the job.
"""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from raysal.engine.build import build_engine, simulated_nodes
from raysal.engine.config import EngineConfig
from raysal.engine.jobs import PoolJob
from raysal.errors import RaysalError
from raysal.training.job import TrainJob
from tests.support.paths import ROOT

START_S = {"RAY_TRAIN_WORKER_GROUP_START_TIMEOUT_S": "10"}


@dataclass(frozen=True)
class Event:
    """`add`s a node of one CPU, or `remove`s the last one.

    Attributes:
        after: number of reports to wait for; before a removal only those of the node to be removed
            count, if the reports name nodes.
    """

    kind: str
    after: int
    delay_s: float = 0.0


@dataclass(frozen=True)
class Plot:
    """A job and what happens during it.

    Attributes:
        cpus: CPUs of each node at the start, the driver's node first; empty for no cluster.
    """

    job: PoolJob | TrainJob
    cpus: tuple[int, ...] = ()
    events: tuple[Event, ...] = ()
    engine: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Ending:
    """The outcome.

    Attributes:
        error: type and message of the error that was raised, or empty.
        reports: reports of parts or epochs, in order of arrival.
        nodes: ids of the nodes in the order in which they joined.
        events: number of reports at the time of each event.
    """

    error: str
    reports: list[dict[str, Any]]
    nodes: list[str]
    events: list[int]


def start_on_nodes(plot: Plot, folder: Path) -> subprocess.Popen[bytes]:
    """Start the process; the caller may kill it."""
    folder.mkdir(exist_ok=True)
    (folder / "plot.pkl").write_bytes(pickle.dumps(plot))
    paths = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    return subprocess.Popen(
        [sys.executable, "-m", "tests.support.simulated_nodes", str(folder)],
        env={**os.environ, **START_S, "PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def run_on_nodes(plot: Plot, folder: Path, timeout_s: float = 200) -> Ending:
    """Run the process to its end."""
    process = start_on_nodes(plot, folder)
    try:
        output, _ = process.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        process.terminate()  # So that its nodes end with it.
        output, _ = process.communicate()
        raise AssertionError(f"not done in {timeout_s} s: {output.decode()[-3000:]}") from None
    assert process.returncode == 0, output.decode()[-3000:]
    return Ending(**json.loads((folder / "ending.json").read_text()))


def main(folder: Path) -> None:
    """What the process does."""
    plot: Plot = pickle.loads((folder / "plot.pkl").read_bytes())
    if not plot.cpus:
        ending = perform(plot, EngineConfig(**plot.engine), None, [])
    else:
        with simulated_nodes(EngineConfig(**plot.engine), 1, plot.cpus[0]) as cluster:
            nodes = [cluster.add(cpus) for cpus in plot.cpus[1:]]
            config = EngineConfig(address=cluster.address, **plot.engine)
            ending = perform(plot, config, cluster, nodes)
    (folder / "ending.json").write_text(json.dumps(asdict(ending)))


def perform(plot: Plot, config: EngineConfig, cluster: Any, nodes: list[str]) -> Ending:
    """Run the job in a thread, and the events in this, the main thread, where nodes must join."""
    ending = Ending("", [], nodes, [])
    errors: list[str] = []

    def work() -> None:
        engine = build_engine(config)
        try:
            do = engine.train if isinstance(plot.job, TrainJob) else engine.over_pool
            do(plot.job, lambda report: ending.reports.append(asdict(report)))
        except (RaysalError, OSError) as error:
            errors.append(f"{type(error).__name__}: {error}")
        engine.close()

    worker = threading.Thread(target=work)
    worker.start()
    for event in plot.events:
        goes = nodes[-1] if event.kind == "remove" else None
        while worker.is_alive() and event.after > sum(
            goes is None or report.get("node", goes) == goes for report in ending.reports
        ):
            time.sleep(0.02)
        time.sleep(event.delay_s)
        if event.kind == "add":
            ending.nodes.append(cluster.add(1))
        else:
            cluster.remove_last()
        ending.events.append(len(ending.reports))
    worker.join()
    return Ending("".join(errors), ending.reports, ending.nodes, ending.events)


if __name__ == "__main__":
    from tests.support.simulated_nodes import (
        main as real_main,  # As a module, so that what is pickled is found.
    )

    real_main(Path(sys.argv[1]))
