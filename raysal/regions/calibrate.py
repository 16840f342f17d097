"""Thresholds of label extension, chosen where the truth is known.

Images with all their labels are treated as if only some regions had been delivered; what
extension would say of the hidden pixels is compared with their labels, for every beta and every
pair of thresholds at once. CPRAL states no thresholds; wrong pseudo-labels do more harm than
missing ones, hence the precision to reach.
"""

from __future__ import annotations

from collections.abc import Iterable
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
    """How often hidden pixels would be labelled right, and how often at all.

    Attributes:
        counts: int64 (betas, CONF_EDGES, SIM_EDGES, 2): hidden known pixels within the radius
            by confidence and similarity, each from its edge up to the next; all, and of them the
            right ones. Below the lowest edges nothing is counted.
        hidden: hidden pixels whose class is known, near and far.
        images: images counted.
    """

    counts: np.ndarray
    hidden: int
    images: int

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.counts + other.counts, self.hidden + other.hidden, self.images + other.images
        )


@dataclass(frozen=True)
class Calibration:
    """What calibration found.

    Attributes:
        thresholds: None if none reach the precision: then nothing is to be extended.
        precision: share of the extended pixels that were right, with these thresholds or, if
            there are none, with the most precise ones; None if nothing would be extended.
        coverage: share of the hidden known pixels that were extended then.
        images: images that it rests on.
    """

    thresholds: Thresholds | None
    precision: float | None
    coverage: float | None
    images: int

    def as_dict(self) -> dict[str, Any]:
        """Plain types, as JSON needs them."""
        return {
            "thresholds": None if self.thresholds is None else self.thresholds.as_dict(),
            "precision": self.precision,
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
    counts = np.zeros((len(config.betas), bins[0] * bins[1], 2), np.int64)
    for ballot in ballots(
        features_Dhw, label_HW, shown_HW, wanted_HW, classes,
        config.betas, CONF_EDGES, SIM_EDGES[0], config,
    ):  # fmt: skip
        sim_Q = torch.bucketize(ballot.similarity_Q, sim_edges, right=True) - 1
        bin_QP = (ballot.level_QP - 1) * bins[1] + sim_Q.unsqueeze(1)
        counted_QP = wanted_NP[ballot.cells_Q] & (ballot.level_QP > 0)
        right_QP = counted_QP & (ballot.winner_QP == truth_NP[ballot.cells_Q])
        for column, pixels_QP in enumerate((counted_QP, right_QP)):
            found = torch.bincount(bin_QP[pixels_QP], minlength=bins[0] * bins[1])
            counts[ballot.beta, :, column] += found.numpy(force=True)
    shape = (len(config.betas), *bins, 2)
    return Tally(counts.reshape(shape), int(hidden_HW.sum()), 1)


def no_tally(config: ExtendConfig) -> Tally:
    """Of no image: where a sum starts."""
    shape = (len(config.betas), len(CONF_EDGES), len(SIM_EDGES), 2)
    return Tally(np.zeros(shape, np.int64), 0, 0)


def choose(tallies: Iterable[Tally], config: ExtendConfig) -> Calibration:
    """The setting that extends most pixels among those that reach `config.precision`.

    Of equals the one with the larger `tau_sim`, then the larger `tau_conf`, then the smaller beta.
    """
    found = sum(tallies, no_tally(config))
    # A threshold lets through its own bin and all above it.
    passed = found.counts[:, ::-1, ::-1].cumsum(1).cumsum(2)[:, ::-1, ::-1]
    settings = [
        (int(taken), int(right), Thresholds(beta, tau_conf, tau_sim))
        for beta, of_beta in zip(config.betas, passed, strict=True)
        for tau_conf, of_conf in zip(CONF_EDGES, of_beta, strict=True)
        for tau_sim, (taken, right) in zip(SIM_EDGES, of_conf, strict=True)
        if taken
    ]
    if not settings:
        return Calibration(None, None, 0.0, found.images)
    reaching = [s for s in settings if s[1] >= config.precision * s[0]]
    if reaching:
        taken, right, thresholds = max(reaching, key=_extends_most)
    else:
        taken, right, thresholds = max(settings, key=lambda s: (s[1] / s[0], s[0]))
    return Calibration(
        thresholds if reaching else None, right / taken, taken / found.hidden, found.images
    )


def _extends_most(setting: tuple[int, int, Thresholds]) -> tuple[float, ...]:
    taken, _, thresholds = setting
    return taken, thresholds.tau_sim, thresholds.tau_conf, -thresholds.beta
