"""Settings of Gaussian-attended regions (the `rga` section)."""

from __future__ import annotations

from typing import Literal

from pydantic import PositiveFloat, PositiveInt, model_validator

from raysal.config.settings import Frozen


class RegionConfig(Frozen):
    """Regions instead of whole images (CPRAL, section 3.2)."""

    subset: Literal["all"] | PositiveInt = 400
    """Panoptic subset: the images with the best scores of `acquisition`, in which regions are
    picked (CPRAL: 400 of Cityscapes, 800 of BDD100K). `all`: every candidate, which CPRAL calls
    region-only."""
    map: Literal["votes", "random"] = "votes"
    """What regions are picked by: disagreement of the passes, or lots (regions at random)."""
    w: PositiveInt = 128
    """Side of the square window in pixels of the working size; the paper does not state it. Along
    an axis shorter than this the window is as long as the image."""
    kernel: Literal["window_cdf", "window_cdf_extended", "pixel", "box"] = "window_cdf"
    """The Gaussian of Eq. 5: spread over the window (`sigma` in half-windows), the same with half
    a step more at both ends, with `sigma` in pixels, or none (`box`, the ablation w/o RGA)."""
    sigma: PositiveFloat = 2.0
    """Standard deviations between the window's centre and its edge; pixels for `pixel`."""
    passes: PositiveInt = 20
    """m, stochastic forward passes (Eq. 4)."""
    vote: Literal["hard", "soft"] = "hard"
    """Entropy of the shares of votes for each class, or of the mean probabilities."""
    border: Literal["valid", "clip"] = "valid"
    """Windows inside the image only, or centred on any pixel and cut at the border."""
    on_shortfall: Literal["stop", "overlap"] = "stop"
    """When disjoint windows do not fill the budget: ask for fewer, or let windows overlap that
    are new by at least half, counting the new pixels."""
    topk: Literal["global", "per_image"] = "global"
    """The best regions of the whole subset, or at most an equal share from each image."""
    reselect_partial: bool = False
    """Whether images with some labelled regions can be chosen again (ViewAL) or leave the pool."""

    @model_validator(mode="after")
    def _hard_votes_need_two(self) -> RegionConfig:
        if self.vote == "hard" and self.passes < 2:
            raise ValueError(
                "rga.passes must be at least 2 with hard votes: a single vote has no entropy; "
                "set rga.passes=20, or rga.vote=soft"
            )
        return self

    def window(self, size: tuple[int, int]) -> tuple[int, int]:
        """(height, width) of a region in an image of `size`: `w`, clamped to the image."""
        return min(self.w, size[0]), min(self.w, size[1])
