"""Settings of contextual label extension (the `cle` section)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Annotated, Literal

from pydantic import Field, PositiveFloat, PositiveInt, field_validator

from raysal.config.marks import Mark, added_later
from raysal.config.settings import Frozen

CalibrateOn = Literal["given", "clean"]


@dataclass(frozen=True)
class Thresholds:
    """Decide whether a pixel takes over a label; chosen by calibration.

    Attributes:
        beta: scale of the similarities in the softmax.
        tau_conf: minimum share of attention on the winning class, in (0, 1].
        tau_sim: minimum cosine of a cell's patch and the most similar key's, in [-1, 1].
    """

    beta: float
    tau_conf: float
    tau_sim: float

    def as_dict(self) -> dict[str, float]:
        """Plain types, for JSON."""
        return asdict(self)


class ExtendConfig(Frozen):
    """Extension of region labels to similar pixels of the same image (CPRAL, section 3.3).

    CPRAL gives the formulas (Eqs. 7-8) and refers to Yu et al. (2018) for the layer; neither
    states cell size, scale or thresholds. The defaults are ours, hence the calibration.
    """

    cell: PositiveInt = Field(default=8, le=16_384)
    """Side of the square cells in pixels."""
    patch: PositiveInt = Field(default=3, le=101)
    """Side in cells of the patches that are compared: a cell and its neighbours (Yu: 3). Odd."""
    features: Literal["rgb", "lowlevel"] = "rgb"
    """Mean normalised colour of a cell, or the mean of the encoder's low-level features."""
    key_validity: Literal["centre", "full"] = "centre"
    """Keys are cells that are annotated completely, or whose whole patch is."""
    norm: Literal["both", "keys"] = "both"
    """Attention by cosine similarity, or with only the keys at unit length (Yu). `tau_sim` applies
    to the cosine in both cases."""
    mask: Literal["neginf", "yu"] = "neginf"
    """Logit of cells that are not keys: -inf, or 0 as Eq. 7 literally says; then they take part of
    the attention, and the shares of the keys sum to less than 1."""
    paste: Literal["cell", "overlap"] = "cell"
    """A key gives the label of its own cell, or of its whole patch, averaged where patches overlap
    (Yu); about nine times the work."""
    betas: tuple[PositiveFloat, ...] = Field(default=(50.0, 100.0, 200.0, 400.0), min_length=1)
    """Candidate values of `beta` in calibration; street scenes need the larger ones."""
    beta: PositiveFloat = 50.0
    """Scale of the similarities in the softmax. Yu's 10 is for unnormalised queries."""
    tau_conf: float = Field(default=0.9, gt=0, le=1)
    """Minimum share of attention on the winning class."""
    tau_sim: float = Field(default=0.9, ge=-1, le=1)
    """Minimum cosine with the most similar key: a softmax is confident even if nothing matches.
    `beta`, `tau_conf` and `tau_sim` are used only if `calibrate` is off."""
    radius: Literal["auto"] | PositiveInt = "auto"
    """Maximum distance in pixels from an extended pixel to an annotated one. `auto`: the side of
    the region window."""
    calibrate: bool = True
    """Choose `beta`, `tau_conf` and `tau_sim` on fully labelled images, and extend nothing if
    no choice reaches `precision`."""
    precision: float = Field(default=0.95, gt=0, le=1)
    """Precision that calibration must reach: share of extended pixels that are correct."""
    margin: float = Field(default=2.0, ge=0)
    """Number of standard errors by which the measured precision must exceed `precision`: what is
    measured on few images is often too optimistic."""
    calibration_images: PositiveInt = 32
    """Maximum number of fully labelled images to calibrate on."""
    calibrate_on: Annotated[CalibrateOn, added_later("given")] = "given"
    """What the precision is measured against: the labels that the annotator gave (`given`), or, of
    a simulated annotator with `noise`, the masks without it (`clean`). Against noisy labels, right
    ones look wrong. What is extended are the given labels in both cases."""
    chunk: Annotated[PositiveInt, Mark(enters="constant", constant=1024)] = 1024
    """Query cells computed at a time. Bounds memory; does not change the result."""

    @field_validator("patch")
    @classmethod
    def _patch_has_a_centre(cls, patch: int) -> int:
        if patch % 2 == 0:
            raise ValueError(f"must be odd, such as 3; {patch} cells have no centre")
        return patch

    @property
    def thresholds(self) -> Thresholds:
        """The values to use without calibration."""
        return Thresholds(self.beta, self.tau_conf, self.tau_sim)
