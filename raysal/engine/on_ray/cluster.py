"""Joining a Ray cluster, or starting Ray on this machine."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

import ray

from raysal.engine.config import EngineConfig
from raysal.engine.on_ray.private import (
    CLUSTER_NODE,
    DRIVER,
    ON_THIS_MACHINE,
    RAY_TMPDIR,
    without_helpers,
)
from raysal.engine.on_ray.reach import check_reachable
from raysal.engine.on_ray.shipping import runtime_environment
from raysal.engine.on_ray.sockets import short_temporary_folder
from raysal.errors import ClusterError
from raysal.inference.cores import cores
from raysal.openmp import wait_briefly, waiting_here

# Labels the node of a Ray that raysal started, which cannot grow.
OWN = {"raysal.own": "true"}
OBJECT_STORE_BYTES = 512 << 20
SHARED_MEMORY = "/dev/shm"


def connect(config: EngineConfig) -> bool:
    """Join the cluster at `engine.address` or RAY_ADDRESS, or start Ray on this machine.

    A Ray that this process has already joined is used as it is.

    Returns:
        Whether this call joined or started Ray; if so, the caller has to shut it down.

    Raises:
        ClusterError: there is no cluster at the address, or Ray cannot be started.
    """
    if ray.is_initialized():
        quiet()
        return False
    wait_briefly()
    _set_environment(DRIVER)
    address = config.address or os.environ.get("RAY_ADDRESS")
    try:
        with warnings.catch_warnings(), _silenced_stderr():
            warnings.simplefilter("ignore")
            if address:
                _join(address)
            else:
                _set_environment(ON_THIS_MACHINE)
                _start(short_temporary_folder())
    except ClusterError:
        raise
    except Exception as error:  # Ray raises a plain one where a node of it does not start.
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        if address:
            raise ClusterError(
                f"no Ray cluster at '{address}' ({reason}); start one with 'ray start --head', "
                "set RAY_AUTH_MODE=token if it needs a token, or leave engine.address and "
                "RAY_ADDRESS unset"
            ) from error
        raise ClusterError(
            f"Ray could not be started on this machine ({reason}); "
            "engine.name=local runs without Ray"
        ) from error
    quiet()
    return True


def _join(address: str) -> None:
    check_reachable(address)
    ray.init(
        address=address,
        runtime_env=runtime_environment({**CLUSTER_NODE, **waiting_here()}),
        log_to_driver=False,
        logging_level=logging.ERROR,
    )


def _start(folder: str | None) -> None:
    """Start Ray on this machine, with spare logical CPUs for small tasks beside the workers.

    Args:
        folder: for Ray's files, instead of its own choice.

    Raises:
        ClusterError: shared memory cannot be written; Ray would say after half a minute that it did
            not start.
    """
    if Path(SHARED_MEMORY).exists() and not os.access(SHARED_MEMORY, os.W_OK | os.X_OK):
        raise ClusterError(
            f"{SHARED_MEMORY}, where Ray keeps what its processes share, cannot be written; mount "
            "it writable, or run without Ray: engine.name=local"
        )
    if folder is not None:
        os.environ[RAY_TMPDIR] = folder
    with _kept_signals(), without_helpers():
        _init()


@contextlib.contextmanager
def _kept_signals() -> Iterator[None]:
    """Keep the handler of SIGTERM, which Ray replaces by one that ends the process."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handler = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, handler)


def _init() -> None:
    ray.init(
        address="local",
        num_cpus=max(4, cores() + 2),
        include_dashboard=False,
        object_store_memory=OBJECT_STORE_BYTES,
        labels=OWN,
        log_to_driver=False,
        logging_level=logging.ERROR,
    )


def _set_environment(values: dict[str, str]) -> None:
    for name, value in values.items():
        os.environ.setdefault(name, value)


def quiet() -> None:
    """Leave only errors of Ray's logs."""
    for name in ("ray.data", "ray.train", "ray._private", "ray"):
        logging.getLogger(name).setLevel(logging.ERROR)


@contextlib.contextmanager
def _silenced_stderr() -> Iterator[None]:
    """Discard what Ray's core writes to stderr: that its log level is low. Errors are raised."""
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
