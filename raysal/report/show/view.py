"""What one model sees in one image."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from raysal.acquisition import maps
from raysal.config.seed import derive_seed
from raysal.data.decode import IGNORE, decode_image, resize_mask
from raysal.data.scene import Scene
from raysal.data.visible import visible
from raysal.errors import ConfigError
from raysal.inference.predict import Prediction, predict, to_tensor
from raysal.inference.vote import Dropped, Vote
from raysal.inference.votes import vote_map
from raysal.models.checkpoint import LoadedModel
from raysal.models.dropouts import own_dropouts
from raysal.report.show.images import ShownImage
from raysal.report.show.models import ShownModel
from raysal.report.show.panel import AbsentError
from raysal.report.show.wanted import Box, Pixel, Wanted
from raysal.report.strips.read import wrong_share

PASSES = 20


def window_of(loaded: LoadedModel, tile: Pixel | None) -> Box:
    """What of an image a model is shown, in pixels of the size that images are resized to: all, or
    the tile at `tile`, by default the middle one.

    Raises:
        ConfigError: there is no room for a tile there, or the model reads images whole.
    """
    (height, width), (rows, cols) = loaded.size, loaded.working_size
    if loaded.tile is None:
        if tile is not None:
            raise ConfigError("--tile: the model reads images whole; leave it out")
        return 0, 0, height, width
    if tile is None:
        tiles = list(loaded.tile.of(loaded.working_size))
        middle = tiles[len(tiles) // 2]
        return middle.row, middle.col, height, width
    if tile[0] + height > rows or tile[1] + width > cols:
        raise ConfigError(
            f"--tile {tile[0]},{tile[1]}: a tile of {height}x{width} there is not inside images of "
            f"{rows}x{cols} pixels, height x width"
        )
    return *tile, height, width


class View:
    """An image as a model sees it, or a tile of it, at the size (H, W) of the model's input.

    Everything is computed when it is first asked for, in float32; votes in the precision of the
    run, so that they are those that its query was made from. What there is not raises an
    `AbsentError` that says why.

    Raises:
        DataError: the image cannot be read.
        ConfigError: there is no such tile.
    """

    def __init__(self, model: ShownModel, image: ShownImage, wanted: Wanted) -> None:
        self.model, self.image, self.wanted = model, image, wanted
        loaded = self.loaded = model.loaded
        self.size = loaded.size
        self.window = window_of(loaded, wanted.tile)
        limit = image.max_megapixels
        if loaded.scene is None:
            self.decoded = decode_image(image.data, self.size, limit, loaded.pixels)
        else:
            scene = Scene(image.data, loaded.working_size, loaded.pixels, limit)
            self.decoded = scene.window(self.window)

    @property
    def place(self) -> str:
        """Where the tile is, for titles; empty if the image is read whole."""
        row, col = self.window[:2]
        return "" if self.loaded.scene is None else f"tile at row {row}, column {col}"

    def part(self, map_HW: np.ndarray) -> np.ndarray:
        """Of a map of the whole image, uint8 of any size, what is shown."""
        row, col, height, width = self.window
        whole = resize_mask(map_HW, self.loaded.working_size)
        return whole[row : row + height, col : col + width]

    @cached_property
    def picture(self) -> np.ndarray:
        """uint8 (H, W, 3), as people can look at it."""
        return visible(self.decoded, self.loaded.pixels.show)

    @cached_property
    def truth(self) -> np.ndarray:
        """uint8 (H, W) class ids, 255 unknown."""
        if self.image.truth is None:
            raise AbsentError(f"there is no ground truth of '{self.image.image_id}'")
        return self.part(self.image.truth)

    @cached_property
    def image_DHW(self) -> Tensor:
        """As it is decoded, on the model's device."""
        return to_tensor([self.decoded])[0].to(self.loaded.model.device)

    @cached_property
    def predicted(self) -> Prediction:
        """Of one pass, on the model's device."""
        return self.predict_again()

    def predict_again(self) -> Prediction:
        """Another pass with the same result, for those who look into it."""
        return predict(self.loaded.model, self.image_DHW.unsqueeze(0), "fp32")

    @cached_property
    def prediction(self) -> np.ndarray:
        """uint8 (H, W) class ids."""
        return self.predicted.probabilities_BCHW[0].argmax(0).byte().numpy(force=True)

    @cached_property
    def difficulty(self) -> np.ndarray:
        """float32 (H, W) M^d in [0, 1]."""
        found = self.predicted.difficulty_BHW
        if found is None:
            exported = not self.loaded.config.info.trained
            raise AbsentError(
                f"{self.model.label}: an exported model gives class probabilities only, and no "
                "difficulty"
                if exported
                else f"{self.model.label} was trained without a difficulty branch; train with "
                "model.difficulty.branch=late"
            )
        return found[0].float().numpy(force=True)

    @property
    def wrong_share(self) -> float | None:
        """Share of wrong pixels among those with known truth; None if there are none."""
        return wrong_share(self.prediction, self.truth)

    @cached_property
    def loss(self) -> np.ndarray:
        """float32 (H, W) cross-entropy in nats; NaN where the truth is unknown."""
        truth = torch.from_numpy(self.truth.astype(np.int64))
        known = truth != IGNORE
        probs_CHW = self.predicted.probabilities_BCHW[0].float().cpu()
        given_HW = probs_CHW.gather(0, truth.where(known, 0).unsqueeze(0))[0]
        smallest = torch.finfo(torch.float32).tiny
        loss_HW: np.ndarray = (-given_HW.clamp(min=smallest).log()).where(known, torch.nan).numpy()
        return loss_HW

    def uncertainty(self, kind: str) -> np.ndarray:
        """float32 (H, W): one of `raysal.acquisition.maps.UNCERTAINTY`, or the `votes`."""
        if kind == "votes":
            return self.votes
        found: Tensor = maps.UNCERTAINTY[kind](self.predicted.probabilities_BCHW)
        return found[0].float().numpy(force=True)

    # --- Votes ------------------------------------------------------------------------------

    @property
    def passes(self) -> int:
        """Number of dropout passes: as asked for, of the run's regions or strategy, or 20."""
        if self.wanted.passes is not None:
            return self.wanted.passes
        of = self.model.of
        if of is None:
            return PASSES
        if of.config.rga is not None:
            return of.config.rga.passes
        votes = of.config.acquisition.needs.votes
        return PASSES if votes is None else votes.count

    @property
    def vote(self) -> Vote:
        """What is measured of the votes: as for the run's regions, or their entropy."""
        of = self.model.of
        return "hard" if of is None or of.config.rga is None else of.config.rga.vote

    @property
    def vote_seed(self) -> int:
        """Of the dropout masks, as in the round that the model is of."""
        of = self.model.of
        seed, index = (0, 0) if of is None else (of.config.seed, of.index)
        return derive_seed(seed, "votes", index, self.image.image_id)

    @cached_property
    def dropped(self) -> Dropped:
        """What makes passes differ: as for the run's regions or its strategy; else channels, or the
        network's own dropout layers if the model has no channel dropout."""
        of = self.model.of
        if of is not None and of.config.rga is None and of.config.acquisition.needs.votes:
            return of.config.acquisition.needs.votes.dropped
        return "channels" if self.loaded.config.channel_dropout else "network"

    @cached_property
    def votes(self) -> np.ndarray:
        """float32 (H, W) disagreement of dropout passes in nats (CPRAL, Eq. 4)."""
        model = self.loaded.model
        if not self.loaded.config.info.trained:
            raise AbsentError(
                f"{self.model.label}: an exported model gives class probabilities only, and no "
                "votes of dropout passes"
            )
        if self.dropped == "network" and not own_dropouts(model):
            raise AbsentError(
                f"{self.model.label} has no dropout, so that all votes would be equal; train with "
                "model.channel_dropout=0.25"
            )
        of = self.model.of
        precision = "auto" if of is None else of.config.train.precision
        votes_HW = vote_map(
            model, self.image_DHW, self.vote_seed, self.passes, self.vote, precision, self.dropped
        )
        return votes_HW.float().numpy(force=True)

    # --- Difficulty levels ------------------------------------------------------------------

    @property
    def levels(self) -> int:
        """L: as asked for, of the run's strategy, or 6 as in DEAL's Fig. 5."""
        of_run = self._of_strategy("levels")
        return self.wanted.levels or (of_run if isinstance(of_run, int) else 6)

    @property
    def bins(self) -> str:
        """How difficulty is divided: as asked for, of the run's strategy, or `unit`."""
        return self.wanted.bins or str(self._of_strategy("bins") or "unit")

    def _of_strategy(self, setting: str) -> object:
        of = self.model.of
        return None if of is None else getattr(of.config.acquisition, setting, None)

    @cached_property
    def level_map(self) -> np.ndarray:
        """int64 (H, W) level of each pixel, 0..L-1 (DEAL, section 3.3)."""
        flat_1K = torch.from_numpy(self.difficulty.reshape(1, -1))
        level_1K = maps.difficulty_levels(flat_1K, self.levels, self.bins)
        return level_1K.reshape(self.size).numpy()

    @property
    def level_edges(self) -> np.ndarray:
        """(L + 1,) difficulty at which levels begin and end."""
        low, high = 0.0, 1.0
        if self.bins == "image_range":
            low, high = float(self.difficulty.min()), float(self.difficulty.max())
        return np.linspace(low, high, self.levels + 1)

    @property
    def level_entropy(self) -> float:
        """DE in nats (DEAL, Eq. 7)."""
        one_1HW = torch.from_numpy(self.difficulty).unsqueeze(0)
        return float(maps.level_entropy(one_1HW, self.levels, self.bins))
