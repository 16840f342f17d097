"""A network before its training, as a checkpoint that jobs can read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from raysal.data.pixel_format import RGB, PixelFormat
from raysal.data.tiles import TileConfig
from raysal.models.build import build_model
from raysal.models.checkpoint import save_model
from raysal.models.config import ModelConfig


def save_untrained(
    path: Path,
    config: ModelConfig,
    class_names: Sequence[str],
    palette: Sequence[tuple[int, int, int]],
    size: tuple[int, int],
    seed: int,
    pixels: PixelFormat = RGB,
    tile: TileConfig | None = None,
) -> str:
    """Write a checkpoint with the initial weights, from which every training of a run starts.

    The folder is made if there is none.

    Returns:
        Name of the encoder's last stage. ImageNet has trained all layers up to it, and none after.

    Raises:
        ConfigError, CheckpointError: see `build_model`.
    """
    seen = size if tile is None else tile.size
    model = build_model(config, len(class_names), seed, size=seen, pixels=pixels)
    stage = model.last_stage
    path.parent.mkdir(parents=True, exist_ok=True)
    save_model(path, model, class_names, palette, size, tile=tile)
    return stage
