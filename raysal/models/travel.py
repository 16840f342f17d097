"""Modules of the user that a network needs, so that an engine can take them to other machines."""

from __future__ import annotations

import sysconfig
from pathlib import Path
from types import ModuleType

_FOUND: dict[str, Path] = {}


def note(module: ModuleType) -> None:
    """Remember the package, or the single file, that a module with this top-level name lies in.

    Packages that were installed are left out: other machines have installed them, too.
    """
    if module.__file__ is None:
        return
    file = Path(module.__file__).resolve()
    # Up from a/b/nets.py to a, or from nets.py to itself.
    levels = module.__name__.count(".") + (file.name == "__init__.py")
    path = file if levels == 0 else file.parents[levels - 1]
    installed = {Path(sysconfig.get_path(kind)).resolve() for kind in ("purelib", "platlib")}
    if not any(path.is_relative_to(folder) for folder in installed):
        _FOUND[module.__name__.partition(".")[0]] = path


def found() -> list[Path]:
    """The packages and files noted so far."""
    return list(_FOUND.values())
