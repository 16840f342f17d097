"""Settings of contextual label extension (the `cle` section)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

from pydantic import Field, PositiveFloat, PositiveInt, field_validator

from raysal.config.settings import Frozen


@dataclass(frozen=True)
class Thresholds:
    """What decides whether a pixel takes a label over, chosen by calibration.

    Attributes:
        beta: scale of the similarities in the softmax.
        tau_conf: least share of attention on the winning class, in (0, 1].
        tau_sim: least cosine between a cell's patch and the most similar key, in [-1, 1].
    """

    beta: float
    tau_conf: float
    tau_sim: float

    def as_dict(self) -> dict[str, float]:
        """Plain types, as JSON needs them."""
        return asdict(self)


class ExtendConfig(Frozen):
    """Labels of regions carried over to look-alikes in the same image (CPRAL, section 3.3).

    CPRAL gives the formulas (Eqs. 7-8) and refers to Yu et al. (2018) for the layer; neither
    states cell, scale or thresholds. These are ours, hence the calibration.
    """

    cell: PositiveInt = 8
    """Side in pixels of the square cells that are compared with each other."""
    patch: PositiveInt = 3
    """Side in cells of what is compared: a cell and its neighbours (Yu: 3). Odd."""
    features: Literal["rgb", "lowlevel"] = "rgb"
    """Mean normalised colour of a cell, or the mean of the encoder's low-level features."""
    key_validity: Literal["centre", "full"] = "centre"
    """Keys are cells that the annotator delivered whole, or whose entire patch he delivered."""
    norm: Literal["both", "keys"] = "both"
    """Attention by cosine, or with the keys alone at unit length (Yu). `tau_sim` is compared
    with the cosine under both."""
    mask: Literal["neginf", "yu"] = "neginf"
    """Cells that are no keys have a logit of -inf, or, Eq. 7 to the letter, of 0: then they keep
    some of the attention, and what the keys get sums to less than 1."""
    paste: Literal["cell", "overlap"] = "cell"
    """Take over the label of a key's own cell, or of its whole patch, averaged where patches
    overlap (Yu); about nine times the work."""
    betas: tuple[PositiveFloat, ...] = Field(default=(50.0, 100.0, 200.0, 400.0), min_length=1)
    """Candidates for `beta` in calibration; street scenes want the sharper ones."""
    beta: PositiveFloat = 50.0
    """Scale of the similarities in the softmax. Yu's 10 is for queries that are not normalised."""
    tau_conf: float = Field(default=0.9, gt=0, le=1)
    """Least share of attention on the winning class."""
    tau_sim: float = Field(default=0.9, ge=-1, le=1)
    """Least cosine with the most similar key: a softmax is confident even when nothing matches.
    `beta`, `tau_conf` and `tau_sim` hold if `calibrate` is off."""
    radius: Literal["auto"] | PositiveInt = "auto"
    """Largest distance in pixels from a pixel to one that the annotator delivered. `auto`: the
    side of the region window."""
    calibrate: bool = True
    """Choose `beta`, `tau_conf` and `tau_sim` on fully labelled images, and extend nothing if
    no choice reaches `precision`."""
    precision: float = Field(default=0.95, gt=0, le=1)
    """Share of extended pixels that have to be right in calibration."""
    margin: float = Field(default=2.0, ge=0)
    """By how many of its standard errors between images that share has to be above `precision`:
    few images promise more than others keep."""
    calibration_images: PositiveInt = 32
    """Fully labelled images to calibrate on, at most."""
    chunk: PositiveInt = 1024
    """Cells that look for keys at a time. Bounds the memory, changes nothing else."""

    @field_validator("patch")
    @classmethod
    def _patch_has_a_centre(cls, patch: int) -> int:
        if patch % 2 == 0:
            raise ValueError(f"must be odd, as 3; {patch} cells have no centre")
        return patch

    @property
    def thresholds(self) -> Thresholds:
        """The starting values, for when nothing is calibrated."""
        return Thresholds(self.beta, self.tau_conf, self.tau_sim)
