"""Labels of whole images."""

from __future__ import annotations

import numpy as np

from raysal.data.labels import ANNOTATOR, LabelledImage


def whole_image(image_id: str, label: np.ndarray) -> LabelledImage:
    """An image that annotators looked at completely; pixels they could not tell are 255."""
    return LabelledImage(image_id, label, np.full(label.shape, ANNOTATOR, np.uint8))
