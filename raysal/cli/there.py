"""Paths that do not exist, told before torch is imported, which takes seconds.

Whatever is wrong with a path that exists is found where it is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from raysal.errors import CheckpointError, DataError, RunError


def check_model(model: Path) -> None:
    """Check that there is a model.

    Raises:
        CheckpointError: there is none.
    """
    if not model.exists():
        raise CheckpointError(f"no checkpoint at {model}")


def check_shown(models: Sequence[Path]) -> None:
    """Check that there are the models of `raysal show`, which may be runs or rounds.

    Raises:
        CheckpointError: one is missing.
    """
    for model in models:
        if not model.exists():
            raise CheckpointError(
                f"no checkpoint at {model}; give a run, a folder RUN/rounds/NNN, or that of a model"
            )


def check_images(images: str) -> None:
    """Check that there is a folder of images, or a pool.

    Raises:
        DataError: there is nothing, on this machine.
    """
    if "://" not in images and not Path(images).exists():
        raise DataError(f"'{images}' does not exist; give a folder of images, or a pool")


def check_run(run: Path) -> None:
    """Check that there is a folder that may be a run.

    Raises:
        RunError: there is none.
    """
    if not run.is_dir():
        raise RunError(f"{run} is not a run; give the folder that `raysal run` printed")
