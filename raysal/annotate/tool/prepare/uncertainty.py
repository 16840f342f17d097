"""The map by which images or regions were chosen, at the size that the network sees."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from raysal.annotate.tool.prepare.cache import key_of
from raysal.annotate.tool.prepare.files import write_raster
from raysal.annotate.tool.prepare.guide import MapSource
from raysal.annotate.tool.prepare.task import Task, Tools, decoded
from raysal.data.decode import resize_image
from raysal.errors import DataError
from raysal.inference.precision import Precision

if TYPE_CHECKING:
    from torch import Tensor

    from raysal.models.checkpoint import LoadedModel

VERSION = 1
FILE = "map.gz"
_VOTES = {
    "hard": "vote entropy",
    "soft": "entropy of the mean vote",
    "variation": "variation ratio of the votes",
    "bald": "mutual information (BALD)",
}
_UNCERTAINTY = {
    "entropy": "uncertainty (entropy)",
    "least_confidence": "uncertainty (least confidence)",
    "margin": "uncertainty (margin)",
}


@dataclass(frozen=True)
class MapTask(Task):
    """Computes the map of a picture.

    Attributes:
        image_id: on which the dropout masks of votes depend.
    """

    image_id: str
    model: Path
    precision: Precision
    source: MapSource

    def run(self, tools: Tools) -> None:
        """See `Task.run`."""

        def write(folder: Path) -> dict[str, Any]:
            loaded = tools.model(self.model)
            picture = decoded(self.data, self.size, loaded.pixels)
            name, map_hw = map_of(loaded, picture, self.image_id, self.source, self.precision)
            high = float(map_hw.max())
            # Tiny numbers everywhere are no uncertainty to look at.
            scale = 255 / max(high, 1e-3)
            write_raster(folder / FILE, [np.round(map_hw * scale).astype(np.uint8)])
            return {"name": name, "size": list(map_hw.shape), "low": 0.0, "high": 255 / scale}

        tools.cache.make(self.key, write)


def map_key(
    picture_hash: str, model_hash: str, precision: Precision, source: MapSource, image_id: str
) -> str:
    """The key of a picture's map in a cache."""
    of = (image_id, source) if source.kind == "votes" else source.kind
    return key_of("map", VERSION, picture_hash, model_hash, precision, of)


def map_of(
    loaded: LoadedModel,
    picture_HWD: np.ndarray,
    image_id: str,
    source: MapSource,
    precision: Precision,
) -> tuple[str, np.ndarray]:
    """The map as it was when the image was chosen.

    Returns:
        Its name for people, and float32 (h, w), at least 0; entropies in nats.

    Raises:
        DataError: it holds a value that is not a finite number.
        CheckpointError: the model has no dropout, which votes need.
    """
    import torch

    from raysal.inference.predict import to_tensor
    from raysal.inference.scenes import reduced_map, scene_map, scene_of

    device, name = loaded.model.device, ""

    def of(image_hwD: np.ndarray) -> Tensor:
        nonlocal name
        images_1Dhw = to_tensor([image_hwD]).to(device)
        name, map_hw = _map(loaded, images_1Dhw, image_id, source, precision)
        return map_hw.float()

    with torch.inference_mode():
        if loaded.scene is None:
            map_hw = of(resize_image(picture_HWD, loaded.size))
        else:
            tiling = loaded.scene.tile.of(loaded.working_size)
            map_hw = reduced_map(scene_map(scene_of(loaded, picture_HWD), tiling, of))
    found: np.ndarray = map_hw.cpu().numpy()
    if not np.isfinite(found).all():
        raise DataError(f"the map of {name} has values that are not finite numbers")
    return name, found.clip(min=0)


def _map(
    loaded: LoadedModel, images_1Dhw: Tensor, image_id: str, source: MapSource, precision: Precision
) -> tuple[str, Tensor]:
    from raysal.acquisition.maps import UNCERTAINTY
    from raysal.engine.workers.model_checks import check_votes
    from raysal.inference.predict import predict
    from raysal.inference.votes import vote_map

    if source.kind == "votes":
        check_votes(loaded, source.dropped)
        seed = source.vote_seed(image_id)
        return _VOTES[source.vote], vote_map(
            loaded.model,
            images_1Dhw[0],
            seed,
            source.passes,
            source.vote,
            precision,
            source.dropped,
        )
    prediction = predict(loaded.fast, images_1Dhw, precision)
    if source.kind == "difficulty" and prediction.difficulty_BHW is not None:
        return "difficulty", prediction.difficulty_BHW[0]
    kind = "entropy" if source.kind == "difficulty" else source.kind
    return _UNCERTAINTY[kind], UNCERTAINTY[kind](prediction.probabilities_BCHW)[0]
