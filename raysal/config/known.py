"""Settings that name one entry of a registry."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError


def one_of(names: Collection[str]) -> BeforeValidator:
    """For `Annotated[str, one_of(TABLE)]`: the setting is a key of the table.

    A registry stays one table this way, where a `Literal` would list its names a second time.
    """

    def check(name: Any) -> str:
        if isinstance(name, str) and name in names:
            return name
        # The error of a `Literal`, which `raysal.config.load` explains with "did you mean".
        expected = " or ".join(f"'{known}'" for known in names)
        raise PydanticCustomError(
            "literal_error", "Input should be {expected}", {"expected": expected}
        )

    return BeforeValidator(check)
