"""Images as grids of square cells: features, pixels and neighbours of the cells.

Axes in names: H W pixels, h w cells, N = h·w cells in row-major order, P = cell² pixels of a
cell in row-major order, D features of a cell, F = D·k² features of a patch of k x k cells.
An image whose size is not a multiple of the cell is padded with its last row and column.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from raysal.data.pixel_format import RGB, PixelFormat


def grid_of(size: tuple[int, int], cell: int) -> tuple[int, int]:
    """(h, w) of the grid of cells that covers an image of `size` pixels."""
    return -(-size[0] // cell), -(-size[1] // cell)


def cell_features(image: np.ndarray, cell: int, pixels: PixelFormat = RGB) -> Tensor:
    """(D, h, w) float32 mean normalised colour of each cell.

    Args:
        image: as it is decoded with `pixels`: uint8 (H, W, 3), or float32 (H, W, D) in 0..1.
        cell: side in pixels.
    """
    height, width = grid_of(image.shape[:2], cell)
    padded = _pad(image, (height * cell, width * cell))
    eight = image.dtype == np.uint8
    # Rows first: several times faster than a mean over both axes at once.
    rows = padded.reshape(height, cell, -1).sum(1, dtype=np.uint32 if eight else np.float32)
    colour_hwD = rows.reshape(height, width, cell, -1).sum(2, dtype=np.float32) / cell**2
    mean_D, std_D = (np.array(values, np.float32) for values in pixels.normal)
    normalised = ((colour_hwD / 255 if eight else colour_hwD) - mean_D) / std_D
    return torch.from_numpy(normalised).permute(2, 0, 1).contiguous()


def map_features(features_Dhw: Tensor, size: tuple[int, int], cell: int) -> Tensor:
    """(D, h, w) float32 mean of a feature map, of any resolution, over each cell.

    Args:
        size: (height, width) in pixels of the image that the map belongs to.
    """
    return functional.adaptive_avg_pool2d(features_Dhw.float(), grid_of(size, cell))


def patches(features_Dhw: Tensor, k: int = 3) -> Tensor:
    """(N, F) features of each cell and its neighbours; the border is replicated."""
    around = functional.pad(features_Dhw.unsqueeze(0), (k // 2,) * 4, mode="replicate")
    return functional.unfold(around, k)[0].T.contiguous()


def split_cells(map_HW: np.ndarray, cell: int, fill: int | None = None) -> np.ndarray:
    """(N, P) pixels of each cell.

    Args:
        fill: value of pixels outside the image; None repeats its last row and column.
    """
    height, width = grid_of(map_HW.shape, cell)
    padded = _pad(map_HW, (height * cell, width * cell), fill)
    return padded.reshape(height, cell, width, cell).swapaxes(1, 2).reshape(-1, cell * cell)


def join_cells(map_NP: np.ndarray, size: tuple[int, int], cell: int) -> np.ndarray:
    """(H, W) map from its cells: the inverse of `split_cells`."""
    height, width = grid_of(size, cell)
    pixels = map_NP.reshape(height, width, cell, cell).swapaxes(1, 2)
    return pixels.reshape(height * cell, width * cell)[: size[0], : size[1]]


def shift(cells_K: Tensor, offset: tuple[int, int], grid: tuple[int, int]) -> Tensor:
    """(K,) indices of the cells at `offset` = (down, right) from `cells_K`; -1 outside the grid."""
    row_K = cells_K // grid[1] + offset[0]
    col_K = cells_K % grid[1] + offset[1]
    inside_K = (row_K >= 0) & (row_K < grid[0]) & (col_K >= 0) & (col_K < grid[1])
    return torch.where(inside_K, row_K * grid[1] + col_K, -1)


def _pad(array: np.ndarray, size: tuple[int, int], fill: int | None = None) -> np.ndarray:
    """Pad an (H, W, ...) array to `size`, with its last row and column or a constant."""
    missing = [(0, size[0] - array.shape[0]), (0, size[1] - array.shape[1])]
    if not any(after for _, after in missing):
        return array
    missing += [(0, 0)] * (array.ndim - 2)
    if fill is None:
        return np.pad(array, missing, mode="edge")
    return np.pad(array, missing, constant_values=fill)
