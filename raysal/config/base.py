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


LocalPath = Annotated[str, AfterValidator(lambda path: str(Path(path).absolute()))]
"""A path made absolute when it is read: workers do not share the driver's working folder."""
