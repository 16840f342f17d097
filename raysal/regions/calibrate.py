"""Thresholds of label extension, chosen where the truth is known.

Images with all their labels are treated as if only some regions had been delivered; what
extension would say of the hidden pixels is compared with their labels, for every beta and every
pair of thresholds at once. CPRAL states no thresholds; wrong pseudo-labels do more harm than
missing ones, hence the precision to reach.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from raysal.data.decode import IGNORE
from raysal.regions.cells import split_cells
from raysal.regions.extend import ballots, within
from raysal.regions.extend_config import ExtendConfig, Thresholds

CONF_EDGES = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
"""Candidates for `tau_conf`, ascending."""
SIM_EDGES = (0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999)
"""Candidates for `tau_sim`, ascending."""


@dataclass(frozen=True)
class Tally:
    """How often hidden pixels of an image would be labelled right, and how often at all.

    Attributes:
        counts: int64 (betas, CONF_EDGES, SIM_EDGES, 2): hidden known pixels within the radius
            by confidence and similarity, each from its edge up to the next; all, and of them the
            right ones. Below the lowest edges nothing is counted.
        hidden: hidden pixels whose class is known, near and far.
    """

    counts: np.ndarray
    hidden: int


@dataclass(frozen=True)
class Calibration:
    """What calibration found.

    Attributes:
        thresholds: None if none reach the precision: then nothing is to be extended.
        precision: share of the extended pixels that were right, with these thresholds or, if
            there are none, with the surest ones; None if nothing would be extended.
        error: standard error of that share, between images.
        coverage: share of the hidden known pixels that were extended then.
        images: images that it rests on.
    """

    thresholds: Thresholds | None
    precision: float | None
    error: float | None
    coverage: float | None
    images: int

    def as_dict(self) -> dict[str, Any]:
        """Plain types, as JSON needs them."""
        return {
            "thresholds": None if self.thresholds is None else self.thresholds.as_dict(),
            "precision": self.precision,
            "error": self.error,
            "coverage": self.coverage,
            "images": self.images,
        }


@torch.inference_mode()
def tally(
    features_Dhw: Tensor,
    truth_HW: np.ndarray,
    shown_HW: np.ndarray,
    classes: int,
    config: ExtendConfig,
    radius: float,
) -> Tally:
    """Count on one image what each beta of `config.betas` makes of its hidden pixels.

    Args:
        features_Dhw: as for `extend`.
        truth_HW: uint8, 255 unknown.
        shown_HW: bool, pixels that pass for delivered.
        radius: as for `extend`.
    """
    hidden_HW = ~shown_HW & (truth_HW != IGNORE)
    wanted_HW = hidden_HW & within(shown_HW, radius)
    label_HW = np.where(shown_HW, truth_HW, IGNORE).astype(np.uint8)
    device = features_Dhw.device
    truth_NP = torch.from_numpy(split_cells(truth_HW, config.cell)).to(device)
    wanted_NP = torch.from_numpy(split_cells(wanted_HW, config.cell, beyond=False)).to(device)
    sim_edges = torch.tensor(SIM_EDGES, device=device)
    bins = (len(CONF_EDGES), len(SIM_EDGES))
    counts = np.zeros((len(config.betas), math.prod(bins), 2), np.int64)
    for ballot in ballots(
        features_Dhw, label_HW, shown_HW, wanted_HW, classes,
        config.betas, CONF_EDGES, SIM_EDGES[0], config,
    ):  # fmt: skip
        sim_Q = torch.bucketize(ballot.similarity_Q, sim_edges, right=True) - 1
        bin_QP = (ballot.level_QP - 1) * bins[1] + sim_Q.unsqueeze(1)
        counted_QP = wanted_NP[ballot.cells_Q] & (ballot.level_QP > 0)
        right_QP = counted_QP & (ballot.winner_QP == truth_NP[ballot.cells_Q])
        for column, pixels_QP in enumerate((counted_QP, right_QP)):
            found = torch.bincount(bin_QP[pixels_QP], minlength=math.prod(bins))
            counts[ballot.beta, :, column] += found.numpy(force=True)
    return Tally(counts.reshape(counts_shape(config)), int(hidden_HW.sum()))


def counts_shape(config: ExtendConfig) -> tuple[int, ...]:
    """Of `Tally.counts`."""
    return len(config.betas), len(CONF_EDGES), len(SIM_EDGES), 2


def choose(tallies: Sequence[Tally], config: ExtendConfig) -> Calibration:
    """The setting that extends most pixels among those that surely reach `config.precision`.

    Surely: by `config.margin` standard errors of the share over images, each image counting by
    its extended pixels (the ratio estimator of cluster sampling), and never by what is found in
    one image alone, unless the margin is 0. Of equals the one with the larger `tau_sim`, then the
    larger `tau_conf`, then the smaller beta.
    """
    images = len(tallies)
    if not images:
        return Calibration(None, None, None, 0.0, 0)
    # (images, betas, conf, sim): a threshold lets through its own bin and all above it.
    counts = np.stack([found.counts for found in tallies])
    passed = counts[:, :, ::-1, ::-1].cumsum(2).cumsum(3)[:, :, ::-1, ::-1]
    taken_I, right_I = passed[..., 0], passed[..., 1]
    taken = taken_I.sum(0)
    if not taken.any():
        return Calibration(None, None, None, 0.0, images)
    share = right_I.sum(0) / np.maximum(taken, 1)
    spread = ((right_I - share * taken_I) ** 2).sum(0) * images / max(images - 1, 1)
    error = np.sqrt(spread) / np.maximum(taken, 1)
    sure = np.where(taken > 0, share - config.margin * error, -np.inf)
    if config.margin > 0:
        sure[taken**2 < 2 * (taken_I**2).sum(0)] = -np.inf  # Not two images' worth (Kish).

    def by_caution(place: tuple[int, ...]) -> tuple[int, ...]:
        return place[2], place[1], -place[0]

    reaching = [tuple(place) for place in np.argwhere(sure >= config.precision)]
    if reaching:
        best = max(reaching, key=lambda place: (taken[place], *by_caution(place)))
    else:
        best = max(np.ndindex(taken.shape), key=lambda place: (sure[place], taken[place]))
    beta, conf, sim = best
    return Calibration(
        Thresholds(config.betas[beta], CONF_EDGES[conf], SIM_EDGES[sim]) if reaching else None,
        float(share[best]),
        float(error[best]),
        float(taken[best] / sum(found.hidden for found in tallies)),
        images,
    )
