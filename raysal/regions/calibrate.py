"""Calibration: choose the thresholds of label extension on fully labelled images.

The labels outside some regions are hidden, and what extension would assign to the hidden pixels is
compared with their true labels, for every beta and every pair of thresholds at once. CPRAL states
no thresholds; wrong pseudo-labels do more harm than missing ones, hence a target precision.
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
from raysal.regions.extend import propose, within_radius
from raysal.regions.extend_config import ExtendConfig, Thresholds

CONF_EDGES = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
"""Candidate values of `tau_conf`, ascending."""
SIM_EDGES = (0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999)
"""Candidate values of `tau_sim`, ascending."""


@dataclass(frozen=True)
class Tally:
    """How many hidden pixels of one image would be labelled, and how many of them correctly.

    Attributes:
        counts: int64 (betas, CONF_EDGES, SIM_EDGES, 2): hidden pixels of known class within the
            radius, binned by confidence and similarity, each bin from its edge up to the next;
            last axis: all, and the correct ones. Pixels below the lowest edges are not counted.
        hidden: number of hidden pixels of known class, at any distance.
    """

    counts: np.ndarray
    hidden: int


@dataclass(frozen=True)
class Calibration:
    """Result of calibration.

    Attributes:
        thresholds: None if none reach the target precision; then nothing is extended.
        precision: share of the extended pixels that were correct, with these thresholds or, if
            there are none, with the best candidates; None if nothing would be extended.
        error: standard error of the precision, between images.
        coverage: share of the hidden pixels of known class that were extended.
        images: number of images used.
    """

    thresholds: Thresholds | None
    precision: float | None
    error: float | None
    coverage: float | None
    images: int

    def as_dict(self) -> dict[str, Any]:
        """Plain types, for JSON."""
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
    given_HW: np.ndarray | None = None,
) -> Tally:
    """Count on one image how each beta of `config.betas` would label its hidden pixels.

    Args:
        features_Dhw: as for `extend`.
        truth_HW: uint8, 255 unknown.
        shown_HW: bool, pixels treated as annotated.
        radius: as for `extend`.
        given_HW: uint8, what the annotator says in the shown pixels, if that may be wrong.
    """
    hidden_HW = ~shown_HW & (truth_HW != IGNORE)
    wanted_HW = hidden_HW & within_radius(shown_HW, radius)
    label_HW = np.where(shown_HW, truth_HW if given_HW is None else given_HW, IGNORE)
    label_HW = label_HW.astype(np.uint8)
    device = features_Dhw.device
    truth_NP = torch.from_numpy(split_cells(truth_HW, config.cell)).to(device)
    wanted_NP = torch.from_numpy(split_cells(wanted_HW, config.cell, fill=False)).to(device)
    sim_edges = torch.tensor(SIM_EDGES, device=device)
    bins = (len(CONF_EDGES), len(SIM_EDGES))
    counts = np.zeros((len(config.betas), math.prod(bins), 2), np.int64)
    for proposal in propose(
        features_Dhw,
        label_HW,
        shown_HW,
        wanted_HW,
        classes,
        config.betas,
        CONF_EDGES,
        SIM_EDGES[0],
        config,
    ):
        sim_Q = torch.bucketize(proposal.similarity_Q, sim_edges, right=True) - 1
        bin_QP = (proposal.level_QP - 1) * bins[1] + sim_Q.unsqueeze(1)
        counted_QP = wanted_NP[proposal.cells_Q] & (proposal.level_QP > 0)
        right_QP = counted_QP & (proposal.winner_QP == truth_NP[proposal.cells_Q])
        for column, pixels_QP in enumerate((counted_QP, right_QP)):
            found = torch.bincount(bin_QP[pixels_QP], minlength=math.prod(bins))
            counts[proposal.beta, :, column] += found.numpy(force=True)
    return Tally(counts.reshape(counts_shape(config)), int(hidden_HW.sum()))


def counts_shape(config: ExtendConfig) -> tuple[int, ...]:
    """Shape of `Tally.counts`."""
    return len(config.betas), len(CONF_EDGES), len(SIM_EDGES), 2


def choose(tallies: Sequence[Tally], config: ExtendConfig) -> Calibration:
    """Choose the candidate that extends the most pixels among those that are precise enough.

    The precision minus `config.margin` standard errors must reach `config.precision`. The error is
    that between images, each weighted by its extended pixels (the ratio estimator of cluster
    sampling). Unless the margin is 0, the effective number of images must be at least 2. Ties go to
    the larger `tau_sim`, then the larger `tau_conf`, then the smaller beta.
    """
    images = len(tallies)
    if not images:
        return Calibration(None, None, None, 0.0, 0)
    # (images, betas, conf, sim): a threshold passes its own bin and all above it.
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
        sure[taken**2 < 2 * (taken_I**2).sum(0)] = -np.inf  # Fewer than 2 in effect (Kish).

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
