"""Names of classes that a user gives on the command line."""

from __future__ import annotations

from collections.abc import Sequence

from raysal.errors import ConfigError


def checked_classes(names: Sequence[str]) -> tuple[str, ...]:
    """The names, if they can be those of classes.

    Raises:
        ConfigError: there are too few or too many, or one is empty or given twice.
    """
    if not 2 <= len(names) <= 255:
        raise ConfigError(f"--classes: {len(names)} classes; give 2 to 255")
    if not all(names):
        raise ConfigError("--classes: a name is empty")
    if twice := [name for name in names if names.count(name) > 1]:
        raise ConfigError(f"--classes: '{twice[0]}' is given twice")
    return tuple(names)
