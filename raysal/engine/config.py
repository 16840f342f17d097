"""Settings of an engine."""

from __future__ import annotations

from typing import Literal

from pydantic import NonNegativeInt, PositiveFloat, PositiveInt

from raysal.config.settings import Frozen


class EngineConfig(Frozen):
    """Where and how widely the work is spread; what is computed is the same."""

    name: Literal["ray", "local"] = "ray"
    """`local` runs everything in this process, without Ray."""
    address: str | None = None
    """Ray cluster to join (`auto`, `ray://...`); by default RAY_ADDRESS, else a Ray of our own."""
    gpus: NonNegativeInt = 0
    """GPUs the cluster must have at the start. Fewer is an error; without this, a cluster whose
    GPU nodes have not joined yet would set about the work on its CPUs."""
    score_actors: Literal["auto"] | PositiveInt = "auto"
    """`auto`: one per GPU, or one per core; on a cluster that was joined more as nodes join."""
    threads: Literal["auto"] | PositiveInt = "auto"
    """Arithmetic threads of a worker on the CPU. `auto`: cores divided among the workers."""
    score_batch: Literal["auto"] | PositiveInt = "auto"
    """Images per forward pass when scoring. `auto`: 16 on GPU, 4 on CPU, there up to 32 of small
    images."""
    train_in: Literal["auto", "workers", "driver"] = "auto"
    """Where Ray Train runs the training. `auto`: in worker processes, which are replaced when they
    die, except for a single worker on a Ray of our own without GPU: there the driver's process
    serves, for a worker group takes longer to start than many a small training."""
    max_failures: NonNegativeInt = 3
    """How often a training whose worker died is continued."""
    side_by_side: PositiveInt = 1
    """Experiments that share the machine or cluster, each with its part of the cores and GPUs;
    `raysal sweep` sets it to its concurrency."""
    vectors_per_actor: PositiveInt = 200_000
    """Core-set: images whose features one process holds, at 1 KB each for 256 channels. Larger
    pools are divided among actors; which images are chosen does not depend on it."""
    no_progress_timeout_s: PositiveFloat = 1800.0
    """Seconds without any progress after which scoring is given up rather than left hanging."""
