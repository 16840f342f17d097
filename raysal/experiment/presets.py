"""Presets: the settings of the papers and of their released code, for each of their data sets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from raysal.config.load import merge
from raysal.data.sets.registry import DATASETS
from raysal.errors import ConfigError, did_you_mean
from raysal.models.config import sixth

MOBILENET = "deeplabv3plus_mobilenet_v2"
DRN = ("deeplabv3plus_drn_d_22", "deeplabv3plus_drn_d_38", "deeplabv3plus_drn_d_54")


@dataclass(frozen=True)
class Preset:
    """The settings of one paper.

    Attributes:
        settings: of all its experiments.
        data: settings by data set, the paper's first one first. Its numbers are used for data sets
            that the paper does not have.
        acquisition: settings by strategy.
        of_data: settings by data set, then by strategy.
        al: additions to `al` by strategy.
        networks: settings by the networks of the paper.
        grid: whether the attention grid is that of whole images on crops as well.
    """

    settings: Mapping[str, Any]
    data: Mapping[str, Mapping[str, Any]]
    networks: Mapping[str, Mapping[str, Any]]
    acquisition: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    of_data: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)
    al: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    grid: bool = False

    def known(self, data: str | None) -> str:
        """The data set whose settings are used for `data`."""
        return data if data is not None and data in self.data else next(iter(self.data))


# DEAL, section 4.1. 300 of Cityscapes' training images are its validation split.
_DEAL_DATA: dict[str, dict[str, Any]] = {
    "camvid": {
        "data": {"size": [360, 480]},
        "al": {"initial": 40, "budget": 20, "rounds": 7, "candidate_ratio": 0.5},
        "train": {"batch_size": 4},
    },
    "cityscapes": {
        "data": {"size": [688, 688], "val_images": 300},
        "al": {"initial": 300, "budget": 150, "rounds": 7, "candidate_ratio": 0.5},
        "train": {"batch_size": 8},
    },
}
_DEAL_LEVELS = {"camvid": {"de": {"levels": 8}}, "cityscapes": {"de": {"levels": 10}}}

PRESETS: dict[str, Preset] = {
    # On CamVid, the same as the defaults, which are the paper's.
    "deal-paper": Preset(
        settings={"train": {"epochs": 100}},
        data=_DEAL_DATA,
        of_data=_DEAL_LEVELS,
        networks={MOBILENET: {}},
        # The better of two measures is reported, from a run of each (measure=mean_entropy and
        # measure=variation_ratio).
        acquisition={"mc_dropout": {"dropout": "network"}},
    ),
    "deal-code": Preset(
        settings={
            "train": {"epochs": 100},
            "augment": {"crop": "square", "padding": "after", "jitter_order": "fixed"},
            "optim": {"nesterov": True},
            "loss": {"dif": {"loss": "code_wce", "scope": "batch", "ignore": "right"}},
            "model": {
                "difficulty": {"neg_gamma": "bypass", "nopam_input": "logits", "start": "torch"},
            },
        },
        data=_DEAL_DATA,
        of_data=_DEAL_LEVELS,
        networks={MOBILENET: {"model": {"classifier_bias": "torch"}}},
        acquisition={
            "ds": {"uncertainty": "none"},
            "mc_dropout": {"count": 10, "measure": "vote_entropy", "dropout": "network"},
            "coreset": {"feature": "decoder", "metric": "cosine"},
            "de": {"bins": "image_range"},
        },
        al={"mc_dropout": {"candidate_ratio": 0.4}, "coreset": {"candidate_ratio": 0.4}},
        grid=True,
    ),
    # CPRAL, section 4.1. Its images are at half of Cityscapes' size.
    "cpral": Preset(
        settings={
            "train": {"epochs": 50, "batch_size": 4, "checkpoint": "last"},
            "augment": {"scale": [1.0, 1.0], "jitter": 0.0, "blur": 0.5},
            "optim": {"lr": 1e-3, "schedule": "step"},
            "model": {"channel_dropout": 0.25},
            "rga": {"w": 128},
            "cle": {},
        },
        data={
            "cityscapes": {
                "data": {"size": [512, 1024], "val_images": 0},
                "al": {"initial": 200, "budget": 200, "rounds": 5, "candidate_ratio": 1.0},
                "rga": {"subset": 400},
            },
            "bdd100k": {
                "data": {"size": [720, 1280], "val_images": 0},
                "al": {"initial": 400, "budget": 400, "rounds": 6, "candidate_ratio": 1.0},
                "rga": {"subset": 800},
            },
        },
        networks={MOBILENET: {}, **{drn: {"train": {"batch_size": 2}} for drn in DRN}},
        acquisition={"panoptic": {"order": "desc"}},
    ),
}


def with_preset(values: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The preset that `values` name, updated with the other values; without one, just `values`.

    The name is kept as `protocol`.

    Args:
        where: the file that the values come from, for messages.

    Raises:
        ConfigError: there is no such preset.
    """
    own = {key: value for key, value in values.items() if key != "preset"}
    if (name := values.get("preset")) is None:
        return own
    if str(name) not in PRESETS:
        raise ConfigError(f"{where}: unknown preset '{name}'{did_you_mean(str(name), PRESETS)}")
    return {**merge(filled(PRESETS[str(name)], own), own), "protocol": name}


def filled(preset: Preset, values: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a preset for the data set, strategy and network that `values` name."""
    data, strategy, network = (_name(values, key) for key in ("data", "acquisition", "model"))
    known = preset.known(data)
    of_data = {key: value for key, value in preset.data[known].items() if key != "data"}
    whole = merge(merge(preset.settings, of_data), preset.networks.get(network or MOBILENET, {}))
    whole["al"] = {**whole["al"], **preset.al.get(strategy or "", {})}
    whole["acquisition"] = (
        {}
        if strategy is None
        else {
            "name": strategy,
            **preset.of_data.get(known, {}).get(strategy, {}),
            **preset.acquisition.get(strategy, {}),
        }
    )
    if known == data:
        whole["data"] = {"name": data, **preset.data[known]["data"]}
    if preset.grid and (size := _size(merge({"data": whole.get("data", {})}, values))) is not None:
        whole = merge(whole, {"model": {"difficulty": {"grid": list(sixth(size))}}})
    return whole


def _name(values: Mapping[str, Any], key: str) -> str | None:
    """Which class a section chooses; None if it is absent, or a mistake that validation names."""
    section = values.get(key)
    name = section.get("name") if isinstance(section, Mapping) else None
    return name if isinstance(name, str) else None


def _size(values: Mapping[str, Any]) -> tuple[int, int] | None:
    """The size of what the network sees, a whole image or a tile; None if it is a mistake that
    validation names."""
    data = values.get("data")
    if not isinstance(data, Mapping):
        return None
    of_class = {kind.model_fields["name"].default: kind for kind in DATASETS}.get(data.get("name"))
    default = None if of_class is None else of_class.model_fields["size"].default
    tile = data.get("tile")
    size = tile.get("size") if isinstance(tile, Mapping) else data.get("size", default)
    if isinstance(size, int) and isinstance(tile, Mapping):
        size = (size, size)
    if not isinstance(size, list | tuple) or len(size) != 2:
        return None
    height, width = size
    numbers = all(isinstance(side, int) and side > 0 for side in size)
    return (height, width) if numbers else None
