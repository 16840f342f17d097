"""Check that every machine of a cluster sees the same storage, before the work begins.

Otherwise the run would stop halfway with an unrelated error; this check names the machine and the
path at the start.
"""

from __future__ import annotations

import contextlib
import socket
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import ray
from ray.exceptions import GetTimeoutError, RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from raysal.engine.on_ray.nodes import Node
from raysal.errors import ClusterError

TIMEOUT_S = 60.0
# Network file systems may show a new file with a delay.
PATIENCE_S = 3.0
POLL_S = 0.1

Look = Callable[[list[Node], Path, str, list[str]], list[str]]
"""From (nodes, folder, token, paths) to one answer per node: the path that it does not see or
cannot write, or an empty string."""


def check_storage(
    nodes: list[Node],
    folder: Path,
    reads: Mapping[str, str],
    look: Look | None = None,
    patience_s: float = PATIENCE_S,
) -> None:
    """Check that every node reads in `folder` what this process wrote there, and the reverse.

    Args:
        folder: where results go.
        reads: paths that are only read, by the setting that names them.
        look: asks the nodes; tests replace it.
        patience_s: how long to wait for a file to appear.

    Raises:
        ClusterError: a node does not see one of the paths; the message names both.
    """
    token = uuid.uuid4().hex
    names = {str(path): name for name, path in reads.items()}
    with _token(folder, token):
        answers = (look or _ask)(nodes, folder, token, list(names))
        for node, missing in zip(nodes, answers, strict=True):
            # The node may have written into a folder of the same name on its own disk.
            if not missing and not _appears(folder / _answer_name(token, node.node_id), patience_s):
                missing = str(folder)
            if missing:
                setting = f" ({names[missing]})" if missing in names else ""
                raise ClusterError(
                    f"node {node} does not share {missing}{setting} with the driver's machine "
                    f"{socket.gethostname()}; put it on storage that all mount at the same path"
                )


def look_here(
    node_id: str, folder: Path, token: str, paths: list[str], patience_s: float = PATIENCE_S
) -> str:
    """The path that this machine does not see, or ""; leaves an answer in `folder`."""
    if not _appears(folder / _token_name(token), patience_s):
        return str(folder)
    try:
        (folder / _answer_name(token, node_id)).touch()
    except OSError:
        return str(folder)
    return next((path for path in paths if not Path(path).exists()), "")


def _ask(nodes: list[Node], folder: Path, token: str, paths: list[str]) -> list[str]:
    """Run `look_here` as a task on each node, even on one that is busy."""
    asked = []
    for node in nodes:
        there = NodeAffinitySchedulingStrategy(node.node_id, soft=False)
        task = ray.remote(num_cpus=0, max_retries=0, scheduling_strategy=there)(look_here)
        asked.append(task.remote(node.node_id, folder, token, paths))
    end = time.monotonic() + TIMEOUT_S
    answers = []
    for node, answer in zip(nodes, asked, strict=True):
        try:
            answers.append(ray.get(answer, timeout=max(0.0, end - time.monotonic())))
        except GetTimeoutError:
            raise ClusterError(
                f"node {node} did not say within {TIMEOUT_S:g} s whether it sees {folder}; its "
                "storage hangs, or it cannot start a worker ('ray status' and its logs tell more)"
            ) from None
        except RayError as error:
            lines = str(error).strip().splitlines()
            raise ClusterError(
                f"node {node} cannot run raysal: {lines[-1] if lines else type(error).__name__}"
            ) from error
    return answers


@contextlib.contextmanager
def _token(folder: Path, token: str) -> Iterator[None]:
    (folder / _token_name(token)).touch()
    try:
        yield
    finally:
        for path in folder.glob(f".{token}*"):
            path.unlink(missing_ok=True)


def _appears(path: Path, patience_s: float) -> bool:
    end = time.monotonic() + patience_s
    while not path.exists():
        if time.monotonic() > end:
            return False
        time.sleep(POLL_S)
    return True


def _token_name(token: str) -> str:
    return f".{token}"


def _answer_name(token: str, node_id: str) -> str:
    return f".{token}.{node_id}"
