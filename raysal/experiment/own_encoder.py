"""The encoder of `features`, in the stage whose vectors it makes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from raysal.data.pool.parts import drop_parts, finished_parts
from raysal.experiment.config import ExperimentConfig
from raysal.models.feature_encoder import build_encoder, save_encoder
from raysal.progress import Watch
from raysal.storage.document import Document


class EncoderRecord(Document):
    """`encoder.json`: which encoder made the vectors of a stage.

    Attributes:
        encoder: its name and the digest of its settings and weights.
    """

    file: ClassVar[str] = "encoder.json"

    encoder: str


def lay_encoder(config: ExperimentConfig, draft: Path, watch: Watch, *below: str) -> dict[str, Any]:
    """Write the encoder into a stage's draft, from where workers read it.

    Vectors that an interrupted attempt made with other weights are removed: distances between
    vectors of two encoders mean nothing.

    Args:
        below: folders in the draft that may hold vectors, too.

    Returns:
        What a `ScoreJob` is told of it: `features` and `encoder`.

    Raises:
        ConfigError, CheckpointError: see `build_encoder`.
    """
    assert config.features is not None
    encoder = build_encoder(
        config.features, config.seed, config.data.pixels, config.data.input_size
    )
    record = EncoderRecord(encoder=encoder.label)
    there = (draft / EncoderRecord.file).exists()
    if there and EncoderRecord.read(draft).encoder != record.encoder:
        watch.say("features.weights has changed since this was begun: all features are made anew")
        for folder in (draft, *(draft / name for name in below)):
            drop_parts(str(folder), finished_parts(str(folder)))
    record.write(draft)
    save_encoder(encoder, str(draft))
    return {"features": encoder.label, "encoder": str(draft)}
