"""Scoring as research code does it: the baseline of `raysal bench score`.

The loop that DEAL's released code runs over a pool: images are decoded and normalised one after the
other, the network runs in float32 and in PyTorch's own memory layout, the attention is the dense
matrix over all pairs of positions, and the maps are scored with NumPy on full-size probabilities.
It gives the scores of DS up to rounding.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from raysal.data.imagenet import MEAN, STD
from raysal.data.pool.pool import Pool
from raysal.data.pool.reader import PoolReader
from raysal.data.pool.rows import PoolRow
from raysal.models.checkpoint import load_model
from raysal.models.network import Network

BATCH = 4


class PlainScoring:
    """Scores of DS (DEAL, Eq. 6), computed without any of raysal's shortcuts.

    Args:
        model: a checkpoint of a network with a difficulty branch.
        size: (height, width) of the network's input.
    """

    def __init__(self, model: Path, size: tuple[int, int], device: torch.device) -> None:
        self._network = plain_network(model, device)
        self._size, self._device = size, device

    def __call__(self, pool: Pool) -> Iterator[tuple[str, float]]:
        """(image id, score) of one image after the other."""
        reader = PoolReader(pool)
        rows = itertools.chain.from_iterable(map(reader.read, pool.units))
        while batch := list(itertools.islice(rows, BATCH)):
            yield from zip((row.image_id for row in batch), self._scores(batch), strict=True)

    def _scores(self, rows: list[PoolRow]) -> list[float]:
        images_BDHW = torch.stack([self._read(row) for row in rows]).to(self._device)
        with torch.no_grad():
            output = self._network(images_BDHW)
        probs_BCHW = output.logits_BCHW.softmax(1).cpu().numpy()
        assert output.difficulty_logits_BHW is not None
        difficulty_BHW = output.difficulty_logits_BHW.sigmoid().cpu().numpy()
        entropy_BHW = -(probs_BCHW * np.log(probs_BCHW + 1e-12)).sum(1)
        return [float(score) for score in (entropy_BHW * difficulty_BHW).mean((1, 2))]

    def _read(self, row: PoolRow) -> Tensor:
        image = Image.open(io.BytesIO(row.data)).convert("RGB")
        resized = image.resize(self._size[::-1], Image.Resampling.BILINEAR)
        pixels_HWD = (np.asarray(resized, np.float32) / 255 - MEAN) / STD
        return torch.from_numpy(pixels_HWD.astype(np.float32).transpose(2, 0, 1))


def plain_network(model: Path, device: torch.device) -> Network:
    """The network in PyTorch's own memory layout, with the dense attention."""
    network = load_model(model).model.to(device)
    network.to(memory_format=torch.contiguous_format)
    assert network.difficulty is not None
    assert network.difficulty.pam is not None
    network.difficulty.pam.attention = dense_attention
    return network


def dense_attention(probs_BCHW: Tensor) -> Tensor:
    """Σ_i A_ji P_i (DEAL, Eq. 2) by the matrix over all pairs of positions."""
    probs_BCK = probs_BCHW.flatten(2)
    weights_BKK = torch.bmm(probs_BCK.transpose(1, 2), probs_BCK).softmax(-1)
    return torch.bmm(probs_BCK, weights_BKK.transpose(1, 2)).view_as(probs_BCHW)
