"""What every configuration object is made of."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict

# Ray unpacks the working folder of a job below a folder of this name, on every machine, and
# deletes it when the job is over.
UNPACKED = "runtime_resources"


class Frozen(BaseModel):
    """An immutable, validated set of settings; unknown keys are refused.

    Each component of raysal owns one of these next to its code, and the experiment's
    configuration is their composition.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True
    )

    def dump(self) -> dict[str, Any]:
        """Plain types only, as YAML, JSON and checkpoints need them."""
        return self.model_dump(mode="json")


def local_paths(values: Mapping[str, object], prefix: str = "") -> dict[str, str]:
    """Files and folders that are here and that settings name, by dotted key."""
    found: dict[str, str] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            found |= local_paths(value, f"{prefix}{key}.")
        # Settings that are paths were made absolute when they were read.
        elif isinstance(value, str) and value.startswith("/") and Path(value).exists():
            found[prefix + key] = value
    return found


def kept(path: str | Path) -> Path:
    """Where results written to `path` stay.

    A relative path is one below the current folder; in a job whose current folder is a copy that
    Ray made and will delete, it is one below the home folder.
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


LocalPath = Annotated[str, AfterValidator(_absolute)]
"""A path made absolute when it is read: workers do not share the driver's working folder."""
KeptPath = Annotated[str, AfterValidator(_kept)]
"""The same for results; see `kept`."""
