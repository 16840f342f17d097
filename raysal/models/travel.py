"""Modules of the user that a network needs.

Where they are, so that an engine can take them to other machines; and what was in them, so that
another network is not taken for the same one.
"""

from __future__ import annotations

import hashlib
import sysconfig
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from weakref import WeakKeyDictionary

_FOUND: dict[str, Path] = {}
_HASHES: WeakKeyDictionary[ModuleType, str] = WeakKeyDictionary()


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
    if not _is_installed(path):
        _FOUND[module.__name__.partition(".")[0]] = path


def found() -> list[Path]:
    """The packages and files noted so far."""
    return list(_FOUND.values())


def hashes(modules: Iterable[ModuleType]) -> dict[str, str]:
    """Name and hash of the file of each module that was not installed, as it was when this process
    first asked; that is after the import, and the file may change under a running process."""
    found = {}
    for module in modules:
        file = getattr(module, "__file__", None)
        if file is None or _is_installed(Path(file).resolve()):
            continue
        if module not in _HASHES:
            _HASHES[module] = hashlib.blake2b(Path(file).read_bytes(), digest_size=16).hexdigest()
        found[module.__name__] = _HASHES[module]
    return dict(sorted(found.items()))


def _is_installed(path: Path) -> bool:
    """Whether a file or package is of Python itself, or was installed."""
    kinds = ("purelib", "platlib", "stdlib", "platstdlib")
    return any(path.is_relative_to(Path(sysconfig.get_path(kind)).resolve()) for kind in kinds)
