"""The engines that `engine.name` can select."""

from __future__ import annotations

DEFAULT = "ray"
# Engine name -> the module whose `INFO` describes it (see `raysal.engine.info.EngineInfo`).
# Modules are named rather than imported: settings are checked without loading torch or Ray.
ENGINES = {
    "local": "raysal.engine.local",
    "ray": "raysal.engine.on_ray",
}
