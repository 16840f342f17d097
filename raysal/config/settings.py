"""The base class of all settings, and the types of settings that are paths."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict

from raysal.config.marks import Mark

# Ray unpacks the working folder of a job below a folder of this name, on every machine, and
# deletes it when the job ends.
UNPACKED = "runtime_resources"


class Frozen(BaseModel):
    """An immutable, validated set of settings; unknown keys are errors.

    Each component of raysal declares its settings next to its code, and the configuration of an
    experiment is composed of them. A setting that does not decide what is computed is marked
    `NOT_ESSENTIAL` (see `raysal.config.marks`), and one that is a path has one of the types below.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True
    )

    def dump(self) -> dict[str, Any]:
        """Plain types only, as YAML, JSON and checkpoints need them."""
        return self.model_dump(mode="json")


def kept(path: str | Path) -> Path:
    """The place where results written to `path` are kept.

    A relative path is below the current folder. In a Ray job, the current folder is a copy that Ray
    will delete, so there it is below the home folder.
    """
    return Path.home() / path if UNPACKED in Path.cwd().parts else Path(path)


def _absolute(path: str) -> str:
    return str(Path(_no_uri(path)).absolute())


def _kept(path: str) -> str:
    return str(kept(_no_uri(path)).absolute())


def _no_uri(path: str) -> str:
    if "://" in path:
        raise ValueError("must be a folder or file that all machines see; only pools may be URIs")
    return path


# Paths are made absolute when they are read: workers do not share the driver's working folder.
LocalPath = Annotated[str, AfterValidator(_absolute), Mark(enters="nothing", path=True)]
"""A folder or file to read. Where it is does not decide what is computed, so it may be moved
between two runs of an experiment."""
NamedFile = Annotated[str, AfterValidator(_absolute), Mark(enters="file name", path=True)]
"""A file to read that is one of several possible ones, such as initial weights. It may be moved
too, but a file with another name is another setting."""
KeptPath = Annotated[str, AfterValidator(_kept), Mark(enters="nothing", path=True)]
"""A folder to write results to; see `kept`."""
