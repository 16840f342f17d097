"""Settings of an engine."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt

from raysal.config.known import one_of
from raysal.config.settings import Frozen
from raysal.engine.registry import DEFAULT, ENGINES

Processes = Annotated[PositiveInt, Field(le=10_000)]
Threads = Annotated[PositiveInt, Field(le=1024)]
BatchSize = Annotated[PositiveInt, Field(le=65_536)]


class EngineConfig(Frozen):
    """Where the work runs and how it is divided. These settings never change the result."""

    name: Annotated[str, one_of(ENGINES)] = DEFAULT
    """`ray`, or `local`, which runs everything in this process, without Ray."""
    address: str | None = None
    """Ray cluster to join (`auto`, `HOST:PORT`, `ray://HOST:PORT`). By default RAY_ADDRESS; if that
    is not set either, raysal starts its own Ray on this machine."""
    gpus: NonNegativeInt = Field(default=0, le=100_000)
    """GPUs that the cluster must have at the start; fewer is an error. Without this setting, a run
    would start on CPUs before the GPU nodes join."""
    score_actors: Literal["auto"] | Processes = "auto"
    """Scoring processes. `auto`: one per GPU, or one per core; on a cluster that was joined, more
    are started as nodes join."""
    threads: Literal["auto"] | Threads = "auto"
    """Threads per worker for arithmetic on the CPU. `auto`: cores divided by workers."""
    score_batch: Literal["auto"] | BatchSize = "auto"
    """Images per forward pass when scoring. `auto`: 16 on a GPU; on a CPU 4, and up to 32 if the
    images are small."""
    train_in: Literal["auto", "workers", "driver"] = "auto"
    """Where the training runs. `workers`: in processes of Ray Train, which are replaced when they
    die. `driver`: in the driver's process, which is possible for a single worker only. `auto`:
    `driver` for a single worker without GPU on this machine, because starting a worker group takes
    longer than many a small training; otherwise `workers`."""
    max_failures: NonNegativeInt = 3
    """How many times a training is continued after one of its workers died."""
    side_by_side: PositiveInt = Field(default=1, le=10_000)
    """Experiments that share the machine or cluster; each gets an equal part of the cores and GPUs.
    `raysal sweep` sets it to its concurrency."""
    vectors_per_actor: PositiveInt = 200_000
    """Core-set: images whose features one process holds (1 KB per image for 256 channels). Larger
    pools are divided among actors, which does not change the images that are chosen."""
    no_progress_timeout_s: PositiveFloat = Field(default=1800.0, le=31_536_000)
    """Seconds without progress after which scoring or training stops with an error."""


class EngineChoice(Frozen):
    """The `engine` section on its own, for commands that need no experiment."""

    engine: EngineConfig = EngineConfig()
