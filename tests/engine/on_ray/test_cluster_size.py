"""If a cluster is too small for the settings, the message lists what it has."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import Any

import pytest

from raysal.engine.config import EngineConfig
from raysal.engine.on_ray.nodes import Node, inventory
from raysal.engine.on_ray.plan import plan, train_threads
from raysal.errors import ClusterError
from tests.support.paths import ROOT

# Ray does not check that the GPUs exist.
SCRIPT = """
import json, sys
from ray.cluster_utils import Cluster
import ray

head, *workers = json.loads(sys.argv[1])
cluster = Cluster(initialize_head=True, head_node_args=head)
for worker in workers:
    cluster.add_node(**worker)
ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR")

from raysal.engine.config import EngineConfig
from raysal.engine.on_ray.plan import plan, train_threads
from raysal.errors import ClusterError

answers = []
for engine, workers in json.loads(sys.argv[2]):
    config = EngineConfig.model_validate(engine)
    try:
        made = plan(config)
        train_threads(made, config, workers)
        answers.append({"gpus": made.gpus, "nodes": made.nodes, "actors": made.score_actors})
    except ClusterError as error:
        answers.append(str(error))
print("answers:", json.dumps(answers))
"""


def ask(nodes: list[dict[str, int]], asked: list[tuple[dict[str, Any], int]]) -> list[Any]:
    """What `plan` says of each (engine settings, training workers) on a cluster of such nodes."""
    small = {"object_store_memory": 80 << 20, "include_dashboard": False}
    nodes = [{**nodes[0], **small}, *({**n, "object_store_memory": 80 << 20} for n in nodes[1:])]
    env = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(nodes), json.dumps(asked)],
        cwd=ROOT,
        env={**env, "RAY_AUTH_MODE": "disabled", "PYTHONPATH": str(ROOT)},
        text=True,
        capture_output=True,
        check=False,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    (line,) = [li for li in done.stdout.splitlines() if li.startswith("answers: ")]
    answers: list[Any] = json.loads(line.removeprefix("answers: "))
    return answers


@pytest.mark.slow
def test_gpus() -> None:
    nodes = [{"num_cpus": 0}, {"num_cpus": 4, "num_gpus": 2}, {"num_cpus": 4, "num_gpus": 0}]
    fits, actors, gpus, workers, cores = ask(
        nodes,
        [({}, 2), ({"score_actors": 3}, 1), ({"gpus": 8}, 1), ({}, 3), ({"gpus": 2}, 1)],
    )
    assert fits == cores == {"gpus": 2, "nodes": 2, "actors": 2}
    assert actors.startswith("engine.score_actors is 3, but the cluster has 2 GPU(s) (3 nodes: ")
    assert gpus.startswith("engine.gpus asks for 8, but the cluster has 2 GPU(s) (3 nodes: ")
    assert workers.startswith("train.workers is 3, but the cluster has 2 GPU(s) (3 nodes: ")
    for message in (actors, gpus, workers):
        assert " 0 CPUs, 0 GPUs" in message
        assert "4 CPUs, 2 GPUs" in message
        assert "4 CPUs, 0 GPUs" in message
        assert "\n" not in message


@pytest.fixture
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """What Ray says of two nodes with a core each; starting them would take 20 seconds."""
    nodes = [
        {
            "Alive": alive,
            "NodeID": name * 2,
            "NodeManagerHostname": name,
            "NodeManagerAddress": f"10.0.0.{name}",
            "Resources": {"CPU": 1.0, "memory": 1e9},
        }
        for name, alive in (("2", True), ("1", True), ("3", False))
    ]
    monkeypatch.setattr("ray.nodes", lambda: nodes)
    monkeypatch.setattr("ray.cluster_resources", lambda: {"CPU": 2.0, "memory": 2e9})


THERE = "(2 nodes: 1 (10.0.0.1) 1 CPU, 0 GPUs; 2 (10.0.0.2) 1 CPU, 0 GPUs)"


@pytest.mark.usefixtures("two_cores")
def test_cpus() -> None:
    made = plan(EngineConfig())
    assert (made.gpus, made.nodes, made.here_only) == (0, 2, False)
    assert train_threads(made, EngineConfig(), 8) == 1
    room = re.escape(f"the cluster's 2 CPUs have room for 8 at 0.25 each {THERE}")
    with pytest.raises(ClusterError, match=f"train.workers is 9, but {room}"):
        train_threads(made, EngineConfig(), 9)
    room = f"the cluster's 2 CPUs have room for 4 .* {re.escape(THERE)}"
    with pytest.raises(ClusterError, match=f"engine.score_actors is 5, but {room}"):
        plan(EngineConfig(score_actors=5))


def test_a_head_that_only_steers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A head without CPUs, whose workers have not joined yet."""
    head = {
        "Alive": True,
        "NodeID": "aa",
        "NodeManagerHostname": "head",
        "NodeManagerAddress": "10.0.0.1",
        "Resources": {"memory": 1e9},
    }
    monkeypatch.setattr("ray.nodes", lambda: [head])
    monkeypatch.setattr("ray.cluster_resources", lambda: {"memory": 1e9})
    with pytest.raises(
        ClusterError, match=r"no CPU to work with \(1 node: head \(10\.0\.0\.1\) 0 C"
    ):
        plan(EngineConfig())


def test_many_nodes_are_not_all_listed() -> None:
    nodes = [Node(str(i), f"n{i}", f"10.0.0.{i}", 4, 1) for i in range(20)]
    assert inventory(nodes).startswith("20 nodes: n0 (10.0.0.0) 4 CPUs, 1 GPU; n1 ")
    assert inventory(nodes).endswith("; and 12 more")
