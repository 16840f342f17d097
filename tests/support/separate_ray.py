"""A Ray cluster started with `ray start`, separate from all others on the machine."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.paths import ROOT

MARK = "RAYSAL_TEST_RAY"


@dataclass(frozen=True)
class OwnRay:
    """A cluster with its own ports, folder and environment.

    Attributes:
        env: environment of all its processes; a mark in it serves to find and end them.
    """

    folder: Path
    port: int
    dashboard: int
    env: dict[str, str]

    @property
    def address(self) -> str:
        """For `engine.address`."""
        return f"127.0.0.1:{self.port}"

    @property
    def head_options(self) -> list[str]:
        """Options of `ray start --head` that keep it apart from other clusters."""
        client, agent = _free_ports(2)
        return [
            f"--port={self.port}", f"--dashboard-port={self.dashboard}",
            f"--ray-client-server-port={client}", f"--dashboard-agent-listen-port={agent}",
            f"--temp-dir={self.folder}", "--node-ip-address=127.0.0.1", "--disable-usage-stats",
            f"--object-store-memory={100 << 20}", "--num-cpus=4",
        ]  # fmt: skip

    def node_options(self, address: str) -> list[str]:
        """Options of `ray start` for another node, at another address of this machine."""
        (agent,) = _free_ports(1)
        return [
            f"--address={self.address}",
            f"--dashboard-agent-listen-port={agent}",
            f"--node-ip-address={address}",
            "--disable-usage-stats",
            "--num-cpus=2",
            f"--object-store-memory={100 << 20}",
        ]

    def run(
        self, command: Sequence[str], cwd: Path = ROOT, timeout_s: float = 240, **env: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end; stdout holds both streams."""
        # Into a file: the processes that `ray start` leaves running would keep a pipe open.
        with tempfile.TemporaryFile("w+") as output:
            done = subprocess.run(
                command, cwd=cwd, env={**self.env, **env}, timeout=timeout_s, text=True,
                check=False, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            )  # fmt: skip
            output.seek(0)
            return subprocess.CompletedProcess(command, done.returncode, output.read())

    def start(self, *options: str) -> None:
        """Run `ray start` with `options`."""
        started = self.run(["ray", "start", *options])
        assert started.returncode == 0, started.stdout

    def processes(self) -> list[int]:
        """Ids of all processes that were started with its environment."""
        mark = f"{MARK}={self.env[MARK]}".encode()
        found = []
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if entry.name.isdigit() and mark in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
        return found


@contextlib.contextmanager
def own_ray(**variables: str) -> Iterator[OwnRay]:
    """A place for a cluster; at the end its processes are killed and its folder is deleted."""
    # Holds Ray's sockets, whose paths must be short.
    folder = Path(tempfile.mkdtemp(prefix="ray-", dir="/tmp"))
    env = {
        name: value for name, value in os.environ.items() if not name.startswith(("RAY_", "PYTEST"))
    }
    env |= {
        MARK: uuid.uuid4().hex,
        "HOME": str(folder / "home"),
        "OMP_NUM_THREADS": "1",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{env['PATH']}",
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), env.get("PYTHONPATH")])),
        "RAY_TMPDIR": str(folder),
        "RAY_USAGE_STATS_ENABLED": "0",
        **variables,
    }
    (folder / "home").mkdir()
    port, dashboard = _free_ports(2)
    ray = OwnRay(folder, port, dashboard, env)
    try:
        yield ray
    finally:
        while found := ray.processes():
            for pid in found:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for sock in sockets:
            sock.bind(("127.0.0.1", 0))
        return [sock.getsockname()[1] for sock in sockets]
