"""Presets: the settings of the papers and of their released code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from raysal.config.load import merge
from raysal.errors import ConfigError, did_you_mean

# `acquisition` contains settings by strategy, and `al_of` additions to `al` by strategy; those of
# the selected strategy are used.
PRESETS: dict[str, dict[str, Any]] = {
    # The same as the defaults, which are the paper's.
    "deal-paper": {
        "al": {"initial": 40, "budget": 20, "rounds": 7, "candidate_ratio": 0.5},
        "train": {"epochs": 100, "batch_size": 4},
        "acquisition": {"de": {"levels": 8}},
    },
    "deal-code": {
        "al": {"initial": 40, "budget": 20, "rounds": 7, "candidate_ratio": 0.5},
        "train": {"epochs": 100, "batch_size": 4},
        "augment": {"crop": "square"},
        "optim": {"nesterov": True},
        "loss": {"dif": {"loss": "code_wce", "scope": "batch", "ignore": "right"}},
        "model": {"difficulty": {"neg_gamma": "bypass", "nopam_input": "logits"}},
        "acquisition": {
            "ds": {"uncertainty": "none"},
            # The released code drops single elements of the features; raysal drops whole channels.
            "mc_dropout": {"count": 10, "measure": "vote_entropy"},
            "coreset": {"feature": "decoder", "metric": "cosine"},
            "de": {"levels": 8, "bins": "image_range"},
        },
        "al_of": {"mc_dropout": {"candidate_ratio": 0.4}, "coreset": {"candidate_ratio": 0.4}},
    },
    # Cityscapes; BDD100K differs in the numbers of images (initial 400, subset 800, budget 400).
    "cpral": {
        "al": {"initial": 200, "budget": 200, "rounds": 5, "candidate_ratio": 1.0},
        "train": {"epochs": 50, "batch_size": 4, "checkpoint": "last"},
        "augment": {"scale": [1.0, 1.0], "jitter": 0.0, "blur": 0.5},
        "optim": {"lr": 1e-3, "schedule": "step"},
        "model": {"channel_dropout": 0.25},
        "rga": {"subset": 400, "w": 128},
        "cle": {},
        "acquisition": {"panoptic": {"order": "desc"}},
    },
}


def with_preset(values: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The preset that `values` name, updated with the other values; without one, just `values`.

    Args:
        where: the file that the values come from, for messages.

    Raises:
        ConfigError: there is no such preset.
    """
    own = {key: value for key, value in values.items() if key != "preset"}
    name = values.get("preset")
    return own if name is None else merge(_preset(str(name), own, where), own)


def _preset(name: str, values: Mapping[str, Any], where: str) -> dict[str, Any]:
    if name not in PRESETS:
        raise ConfigError(f"{where}: unknown preset '{name}'{did_you_mean(name, PRESETS)}")
    preset = dict(PRESETS[name])
    chosen = values.get("acquisition")
    strategy = chosen.get("name") if isinstance(chosen, dict) else None
    if not isinstance(strategy, str):  # Absent, or a mistake that validation names.
        strategy = None
    settings = preset["acquisition"].get(strategy, {})
    preset["acquisition"] = {"name": strategy, **settings} if strategy else {}
    preset["al"] = {**preset["al"], **preset.pop("al_of", {}).get(strategy, {})}
    return preset
