"""What a model thinks of the labels of one image, as it reads images: whole, or in tiles."""

from __future__ import annotations

import numpy as np

from raysal.data.decode import decode_image
from raysal.data.pool.rows import PoolRow
from raysal.data.scene import Scene
from raysal.inference.precision import Precision
from raysal.inference.predict import predict, to_tensor
from raysal.models.checkpoint import LoadedModel
from raysal.review.confident import Opinion, opinion


def opinion_of(
    loaded: LoadedModel, row: PoolRow, label: np.ndarray, known: np.ndarray, precision: Precision
) -> Opinion:
    """A model's opinion of a label.

    Of a scene, those tiles are read whose cores have known pixels, and a few bytes per pixel are
    in memory.

    Args:
        label: uint8 (H, W) class ids at the model's working size.
        known: bool (H, W): the pixels to judge.

    Raises:
        DataError: the image, or a part of it that is needed, is damaged.
    """
    if loaded.tile is None:
        image = decode_image(row.data, loaded.size, row.max_megapixels, loaded.pixels)
        return opinion(_probabilities(loaded, image, precision), label, known)
    scene = Scene(row.source, loaded.working_size, loaded.pixels, row.max_megapixels)
    top, prob, top_prob = (np.zeros(label.shape, t) for t in (np.uint8, np.float16, np.float16))
    for tile in loaded.tile.of(scene.size):
        place = tile.in_scene
        known_hw = known[place]
        if known_hw.any():
            image = scene.window((tile.row, tile.col, tile.height, tile.width))
            probs_Chw = _probabilities(loaded, image, precision)[:, *tile.in_tile]
            found = opinion(probs_Chw, label[place], known_hw)
            top[place][known_hw] = found.top_P
            prob[place][known_hw] = found.given_prob_P
            top_prob[place][known_hw] = found.top_prob_P
    return Opinion(label[known], prob[known], top[known], top_prob[known])


def _probabilities(loaded: LoadedModel, image: np.ndarray, precision: Precision) -> np.ndarray:
    images_BDHW = to_tensor([image]).to(loaded.model.device)
    probs_BCHW = predict(loaded.fast, images_BDHW, precision).probabilities_BCHW
    return probs_BCHW[0].float().cpu().numpy()
