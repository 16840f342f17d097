"""Settings of a selection that begins without a trained model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from pydantic import Field, NonNegativeInt

from raysal.config.load import apply_overrides, validate
from raysal.config.settings import Frozen
from raysal.data.pixel_format import RGB, PixelFormat
from raysal.engine.config import EngineConfig
from raysal.inference.precision import Precision
from raysal.models.config import ModelConfig
from raysal.models.feature_config import FeatureConfig

Side = Annotated[int, Field(ge=16, le=4096)]


class StartSettings(Frozen):
    """The untrained network, and where it runs."""

    seed: NonNegativeInt = 0
    """Seed of every random choice, also of the initial weights."""
    size: tuple[Side, Side] = (224, 224)
    """(height, width) in pixels that images are resized to; 224 is what ImageNet networks are
    trained with."""
    data: PixelFormat = RGB
    """`channels`, `mean`, `std` and `range` of the images, as in the `data` of an experiment."""
    model: ModelConfig = Field(default_factory=ModelConfig)
    features: FeatureConfig | None = None
    """An encoder of its own that makes the features, in place of the untrained network."""
    precision: Precision = "auto"
    """Of the forward pass; see `train.precision`."""
    max_bad_share: float = Field(default=0.01, ge=0, le=1)
    """Fail if a larger share of the images is unreadable."""
    engine: EngineConfig = Field(default_factory=EngineConfig)


def start_settings(config: Path | None, overrides: Sequence[str]) -> StartSettings:
    """The settings of an experiment, with which a run of it starts with the same images; or the
    defaults.

    Args:
        overrides: such as `model.weights=none`, of the experiment or, without one, of
            `StartSettings`.

    Raises:
        ConfigError: one line that names what is wrong.
    """
    if config is None:
        return validate(StartSettings, apply_overrides({}, overrides), "--set")
    from raysal.experiment.config import load_experiment

    experiment = load_experiment(config, overrides)
    return StartSettings(
        seed=experiment.seed,
        size=experiment.data.size,
        data=experiment.data.pixels,
        model=experiment.resolved_model,
        features=experiment.features,
        precision=experiment.train.precision,
        max_bad_share=experiment.data.max_bad_share,
        engine=experiment.engine,
    )
