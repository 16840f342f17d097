"""Settings of Gaussian-attended regions (the `rga` section)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from raysal.config.settings import Frozen


class RegionConfig(Frozen):
    """Query regions instead of whole images (CPRAL, section 3.2)."""

    subset: Literal["all"] | PositiveInt = 400
    """Size of the panoptic subset: the images with the best scores of `acquisition`, in which
    regions are picked (CPRAL: 400 on Cityscapes, 800 on BDD100K). `all`: every candidate (CPRAL's
    region-only)."""
    map: Literal["votes", "random"] = "votes"
    """Regions are picked by the disagreement of dropout passes, or at random."""
    w: PositiveInt = Field(default=128, le=16_384)
    """Side of the square window in pixels of the working size; not stated in the paper. The window
    is clamped to smaller images."""
    kernel: Literal["window_cdf", "window_cdf_extended", "pixel", "box"] = "window_cdf"
    """The Gaussian of Eq. 5. `window_cdf`: from -`sigma` to `sigma` over the window;
    `window_cdf_extended`: half a step further at both ends; `pixel`: with `sigma` in pixels; `box`:
    none (the ablation w/o RGA)."""
    sigma: PositiveFloat = 2.0
    """Standard deviations from the window's centre to its edge; `pixel`: a deviation in pixels."""
    passes: PositiveInt = Field(default=20, le=10_000)
    """m, number of dropout passes (Eq. 4)."""
    vote: Literal["hard", "soft"] = "hard"
    """Entropy of the classes' shares of the votes, or of the mean probabilities."""
    border: Literal["valid", "clip"] = "valid"
    """Windows inside the image only, or centred on any pixel and cut at the border."""
    on_shortfall: Literal["stop", "overlap"] = "stop"
    """If disjoint windows do not fill the budget: query fewer, or add overlapping windows that are
    at least half new; only their new pixels count."""
    topk: Literal["global", "per_image"] = "global"
    """Take the best regions of the whole subset, or at most an equal share from each image."""
    reselect_partial: bool = False
    """Whether partly labelled images stay in the pool (ViewAL) or leave it."""

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
