"""Clusters that cannot be joined, and what raysal sends to those that can."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path

import grpc
import pytest

import raysal
from raysal.engine.config import EngineConfig
from raysal.engine.on_ray import reach
from raysal.engine.on_ray.cluster import connect
from raysal.engine.on_ray.private import JOB_CONFIG
from raysal.engine.on_ray.reach import check_reachable
from raysal.engine.on_ray.shipping import runtime_environment
from raysal.errors import ClusterError
from tests.support.paths import ROOT
from tests.support.separate_ray import own_ray

SMALL = ["data.size=[48, 64]", "data.train=12", "data.val=1", "data.test=1"]
RUN = ["run", "configs/quickstart.yaml", *(f"--set={change}" for change in SMALL), "--set"]


def closed_port() -> int:
    """A port at which nothing listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


@pytest.fixture
def no_ray_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ray's answer: other tests of this process may have started one, which would be taken."""
    monkeypatch.setattr("ray.is_initialized", lambda: False)


@pytest.mark.usefixtures("no_ray_yet")
@pytest.mark.parametrize("scheme", ["", "ray://"])
def test_nothing_listens(scheme: str) -> None:
    address = f"{scheme}127.0.0.1:{closed_port()}"
    begin = time.monotonic()
    with pytest.raises(ClusterError, match=rf"no Ray cluster at '{address}'.*ray start") as caught:
        connect(EngineConfig(address=address))
    assert time.monotonic() - begin < 20
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("address", ["no-such-host.invalid:6379", "127.0.0.1:99999"])
def test_no_such_address(address: str) -> None:
    with pytest.raises(ConnectionError):
        check_reachable(address)


@contextlib.contextmanager
def listening(answer: bytes) -> Iterator[int]:
    """A port at which a server gives this answer, or none if it is empty."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError):  # The server is closed.
                while True:
                    caller, _ = server.accept()
                    with caller:
                        while caller.recv(1024) and not answer:
                            pass
                        caller.sendall(answer)

        # Not joined: gRPC keeps its connection to a silent server open for 20 s.
        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]


@pytest.mark.usefixtures("no_ray_yet")
@pytest.mark.parametrize("scheme", ["", "ray://"])
@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "what listens there is not Ray"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "what listens there is not Ray"),
        (b"", r"no answer in 1 s"),
    ],
)
def test_something_else_listens(
    answer: bytes, words: str, scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that is not Ray's, such as the dashboard's port given by mistake."""
    monkeypatch.setattr(reach, "TIMEOUT_S", 1.0)
    begin = time.monotonic()
    with listening(answer) as port, pytest.raises(ClusterError, match=words) as caught:
        connect(EngineConfig(address=f"{scheme}127.0.0.1:{port}"))
    assert time.monotonic() - begin < 10
    assert "\n" not in str(caught.value)


def test_a_grpc_server_listens() -> None:
    """Ray is one; this one refuses every call, as Ray does without its token."""
    server = grpc.server(futures.ThreadPoolExecutor(1))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    check_reachable(f"127.0.0.1:{port}")
    check_reachable(f"ray://127.0.0.1:{port}")
    server.stop(None).wait()


def test_addresses_that_ray_looks_up() -> None:
    for address in ("auto", "local", "127.0.0.1", "host:port"):
        check_reachable(address)


ALONE = ["unshare", "--pid", "--fork", "--mount-proc"]


@pytest.mark.slow
@pytest.mark.skipif(
    sys.platform != "linux" or subprocess.run([*ALONE, "true"], check=False).returncode != 0,
    reason="needs the right to see no other process (Linux, root)",
)
def test_auto_and_no_ray_on_the_machine() -> None:
    with own_ray(RAY_AUTH_MODE="disabled") as ray:
        done = ray.run(
            [*ALONE, "raysal", *RUN, "engine.address=auto", f"--set=output={ray.folder}"]
        )
        assert done.returncode == 2, done.stdout
        assert "raysal: no Ray cluster at 'auto'" in done.stdout.splitlines()[-1]


def test_the_package_goes_along(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(JOB_CONFIG, raising=False)
    monkeypatch.setattr("raysal.models.travel._FOUND", {})  # Of other tests of this process.
    package = str(Path(raysal.__file__).parent)
    assert runtime_environment({"A": "1"}) == {"env_vars": {"A": "1"}, "py_modules": [package]}


def test_what_the_job_sets_is_left_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    job = {"runtime_env": {"env_vars": {"A": "2"}, "py_modules": ["gcs://x.zip"]}, "metadata": {}}
    monkeypatch.setenv(JOB_CONFIG, json.dumps(job))
    assert runtime_environment({"A": "1", "B": "1"}) == {"env_vars": {"B": "1"}}


def test_what_ray_brought_is_not_sent_again(tmp_path: Path) -> None:
    """The package lies where Ray unpacks the working folder of a job."""
    unpacked = tmp_path / "runtime_resources" / "working_dir_files" / "_ray_pkg_0"
    unpacked.mkdir(parents=True)
    (unpacked / "raysal").symlink_to(ROOT / "raysal")
    code = "from raysal.engine.on_ray.shipping import runtime_environment as made; print(made({}))"
    config = json.dumps({"runtime_env": {"working_dir": "gcs://x.zip"}})
    env = {**os.environ, JOB_CONFIG: config, "PYTHONPATH": str(unpacked)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, env=env, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout == "{'env_vars': {}}\n"


SCRIPT = """
import os
import ray, raysal
from raysal.engine.config import EngineConfig
from raysal.engine.build import build_engine

engine = build_engine(EngineConfig(score_actors=1))
os.rename("raysal", "gone")  # Other machines do not have it either.

@ray.remote
def look():
    import raysal
    return raysal.__version__, raysal.__file__

print("worker:", raysal.__version__, *ray.get(look.remote()))
"""


@pytest.mark.slow
def test_workers_run_the_code_of_the_driver(tmp_path: Path) -> None:
    """The driver's package differs from the one installed on the nodes."""
    shutil.copytree(ROOT / "raysal", tmp_path / "raysal")
    (tmp_path / "raysal" / "__init__.py").write_text('"""Newer."""\n__version__ = "9.9.9"\n')
    with own_ray(RAY_AUTH_MODE="disabled") as ray:
        ray.start("--head", *ray.head_options)
        env = {"PYTHONPATH": str(tmp_path), "RAY_ADDRESS": ray.address}
        done = ray.run([sys.executable, "-c", SCRIPT], cwd=tmp_path, **env)
        assert done.returncode == 0, done.stdout
        (line,) = [li for li in done.stdout.splitlines() if li.startswith("worker: ")]
        _, driver, worker, path = line.split()
        assert (driver, worker) == ("9.9.9", "9.9.9")
        assert "runtime_resources" in path
