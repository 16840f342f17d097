"""What a user should know about the settings of a run before it starts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from raysal.experiment.check import Items
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.presets import PRESETS, Preset, filled

# Settings of a preset that are meant for one data set.
OF_DATA = ("al.initial", "al.budget", "al.rounds", "rga.subset", "rga.w", "acquisition.levels")


def remarks(config: ExperimentConfig, items: Items) -> Iterator[str]:
    """One line about each setting that does something else than one may think.

    Args:
        items: the images of each split.
    """
    yield from preset_remarks(config)
    if config.train.checkpoint == "best_val" and not (items["val"] or config.al.val):
        yield (
            f"train.checkpoint=best_val, but {config.data.name} has no validation split: the "
            "weights of the last epoch are tested and queried with; hold out images (al.val, or "
            "data.val_images where the data set has it), or set train.checkpoint=last"
        )
    if (
        config.noise is not None
        and config.noise.rate > 0
        and config.cle is not None
        and config.cle.calibrate
        and config.cle.calibrate_on == "given"
    ):
        yield (
            "label extension is calibrated against initial labels that carry the noise, which can "
            "switch it off from a rate of 10 % on; set cle.calibrate_on=clean to measure against "
            "the masks"
        )
    if config.rga is not None and config.rga.subset != "all" and config.al.initial != "all":
        left = len(items["train"]) - config.al.initial - config.al.test - config.al.val
        if config.rga.subset >= left > 0:
            yield (
                f"rga.subset is {config.rga.subset} images, but only {left} are unlabelled: "
                "regions are picked in all of them, so that acquisition chooses nothing; lower "
                "rga.subset"
            )


def preset_remarks(config: ExperimentConfig) -> Iterator[str]:
    """How the settings depart from the preset that they were filled from, or the preset from what
    the paper has."""
    if config.protocol not in PRESETS:
        return
    preset = PRESETS[config.protocol]
    ours = _flat(config.dump())
    theirs = {
        key: value
        for key, value in _flat(filled(preset, config.dump())).items()
        if key in ours  # Not in a section that is switched off.
    }
    if config.model.name not in preset.networks:
        yield (
            f"preset {config.protocol}: the paper does not train {config.model.name}, but "
            f"{', '.join(preset.networks)}; learning rate and batch size are for these"
        )
    if config.data.name in preset.data:
        yield from _departures(config, preset, ours, theirs)
        return
    kept = [key for key in OF_DATA if key in theirs and ours[key] == theirs[key]]
    if kept:
        numbers = ", ".join(f"{key}={ours[key]}" for key in kept)
        yield (
            f"preset {config.protocol}: the paper does not use {config.data.name}, but "
            f"{', '.join(preset.data)}; {numbers} {'is' if len(kept) == 1 else 'are'} meant for "
            f"{preset.known(None)}"
        )


def _departures(
    config: ExperimentConfig, preset: Preset, ours: Mapping[str, Any], theirs: Mapping[str, Any]
) -> Iterator[str]:
    changed = [key for key in theirs if ours[key] != theirs[key]]
    if changed:
        numbers = ", ".join(f"{key}={ours[key]} ({theirs[key]})" for key in changed)
        yield f"preset {config.protocol} on {config.data.name}, but for {numbers}"
    if "data.size" in changed and "rga.w" in theirs and "rga.w" not in changed:
        height, width = theirs["data.size"]
        yield (
            f"preset {config.protocol}: rga.w={ours['rga.w']} is meant for images of "
            f"{height}x{width}, not {config.data.size[0]}x{config.data.size[1]}"
        )


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = list(value) if isinstance(value, tuple) else value
    return found
