"""What every configuration object is made of."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict


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


def _absolute(path: str) -> str:
    if "://" in path:
        raise ValueError("must be a folder or file that all machines see; only pools may be URIs")
    return str(Path(path).absolute())


LocalPath = Annotated[str, AfterValidator(_absolute)]
"""A path made absolute when it is read: workers do not share the driver's working folder."""
