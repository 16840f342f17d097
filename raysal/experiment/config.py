"""The configuration of an experiment, and the presets of the papers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from raysal.acquisition.registry import AnyStrategy
from raysal.config.essence import essence
from raysal.config.load import apply_overrides, merge, read_yaml, validate
from raysal.config.marks import NOT_ESSENTIAL
from raysal.config.settings import Frozen, KeptPath
from raysal.data.sets.registry import AnyDataset
from raysal.engine.config import EngineConfig
from raysal.errors import ConfigError, did_you_mean
from raysal.experiment.budget import Budget, BudgetUnit
from raysal.experiment.noise import NoiseConfig
from raysal.models.config import ModelConfig
from raysal.regions.config import RegionConfig
from raysal.regions.extend_config import ExtendConfig
from raysal.training.augment_config import AugmentConfig
from raysal.training.config import LossConfig, OptimConfig, TrainConfig


class ActiveLearningConfig(Frozen):
    """How much is labelled, and when (DEAL, section 4.1; CPRAL, section 4.1)."""

    initial: PositiveInt = 40
    """Images labelled at the start, at random."""
    budget: PositiveInt = 20
    """What is labelled after each round but the last, in `budget_unit`."""
    budget_unit: BudgetUnit = "images"
    """`images`: with regions, image equivalents. `regions`, `pixels` of the working size, or
    `clicks` of an annotator who draws what is there."""
    rounds: PositiveInt = Field(default=7, le=10_000)
    """Trainings; there is one query fewer."""
    candidate_ratio: float = Field(default=0.5, gt=0, le=1)
    """Share of the unlabelled pool that is drawn at random and scored in a round (the released
    DEAL code: 0.5; core-set and QBC there: 0.4)."""


class ExperimentConfig(Frozen):
    """One experiment: one strategy, one seed, all rounds."""

    name: Annotated[str, NOT_ESSENTIAL] = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._=,+-]*$", max_length=200
    )
    """Name of the run folder below `output`."""
    output: KeptPath = "runs"
    """Folder of run folders. Relative: below where you are; in a Ray job, whose working folder is
    a copy that does not stay, below your home folder."""
    seed: NonNegativeInt = 0
    data: AnyDataset
    model: ModelConfig = Field(default_factory=ModelConfig)
    augment: AugmentConfig = Field(default_factory=AugmentConfig)
    loss: LossConfig = Field(default_factory=LossConfig)
    optim: OptimConfig = Field(default_factory=OptimConfig)
    train: TrainConfig = Field(default_factory=TrainConfig)
    al: ActiveLearningConfig = Field(default_factory=ActiveLearningConfig)
    acquisition: AnyStrategy
    """What images are chosen by; with `rga`, what the panoptic subset is chosen by."""
    rga: RegionConfig | None = None
    """Ask for regions instead of whole images; null is off."""
    cle: ExtendConfig | None = None
    """Extend the labels of regions to what looks like them; null is off."""
    noise: NoiseConfig | None = None
    """Mistakes of the simulated annotator; null is none."""
    engine: Annotated[EngineConfig, NOT_ESSENTIAL] = Field(default_factory=EngineConfig)

    @model_validator(mode="after")
    def _votes_need_dropout(self) -> ExperimentConfig:
        if self.acquisition.needs.votes is not None and self.model.channel_dropout == 0:
            raise ValueError(
                f"acquisition.name={self.acquisition.name} needs model.channel_dropout (0.25 in "
                "CPRAL): without it all passes vote alike"
            )
        return self

    @model_validator(mode="after")
    def _branches_are_there(self) -> ExperimentConfig:
        model, strategy = self.resolved_model, self.acquisition
        for need, branch, setting in (
            ("difficulty", model.difficulty.branch, "model.difficulty.branch"),
            ("rating", model.rating_stages, "model.rating_stages"),
        ):
            if need in strategy.needs.names and branch == "none":
                raise ValueError(
                    f"acquisition.name={strategy.name} reads {need}, which {setting}=none switches "
                    f"off; leave {setting} out"
                )
        return self

    @model_validator(mode="after")
    def _parts_fit_together(self) -> ExperimentConfig:
        if self.rga is None:
            if self.cle is not None:
                raise ValueError("cle needs rga: whole images leave nothing to extend labels to")
            if self.al.budget_unit == "regions":
                raise ValueError(
                    "al.budget_unit=regions needs rga; without it images are asked for"
                )
            return self
        if self.rga.map == "votes" and self.model.channel_dropout == 0:
            raise ValueError(
                "rga.map=votes needs model.channel_dropout (0.25 in CPRAL): without it all "
                "passes vote alike"
            )
        needed = self.budget.images_needed()
        if self.rga.subset != "all" and self.rga.subset < needed:
            raise ValueError(
                f"rga.subset is {self.rga.subset} images, but al.budget takes {needed} to fill; "
                "raise rga.subset or lower al.budget"
            )
        return self

    @property
    def budget(self) -> Budget:
        """What each query may cost."""
        window = self.data.size if self.rga is None else self.rga.window(self.data.size)
        return Budget(self.al.budget, self.al.budget_unit, self.data.size, window)

    @property
    def strategy_label(self) -> str:
        """Name for figures and tables, as the papers name the variants."""
        if self.rga is None:
            return self.acquisition.label
        if self.rga.map == "random":
            name = "Random regions"
        elif self.rga.subset == "all":
            name = "Region-only"
        else:
            name = "CPRAL" if self.acquisition.name == "panoptic" else f"{self.acquisition.label}_R"
        off = ["CLE"] if self.cle is None else []
        off += ["RGA"] if self.rga.kernel == "box" and self.rga.map == "votes" else []
        # Random regions have no extension unless it is asked for.
        return f"{name} w/o {', '.join(off)}" if off and self.rga.map == "votes" else name

    @property
    def folder(self) -> Path:
        """Where the run lies."""
        return Path(self.output) / self.name

    @property
    def resolved_model(self) -> ModelConfig:
        """The model with the branches that the strategy reads."""
        needs = self.acquisition.needs
        stages = "none" if needs.rating is None else needs.rating.stages
        return self.model.resolved(needs.names, stages)

    @property
    def resolved_loss(self) -> LossConfig:
        """The loss with the ranking that the strategy wants."""
        rating = self.acquisition.needs.rating
        return self.loss.resolved("margin" if rating is None else rating.loss)

    def essence(self) -> dict[str, Any]:
        """The settings that decide what is computed, by dotted key."""
        return essence(type(self), self.dump())

    def fingerprint(self) -> str:
        """Hash of `essence`."""
        text = json.dumps(self.essence(), sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


# Settings of `acquisition` are given per strategy and taken for the one that is chosen; so are the
# additions to `al` in `al_of`.
PRESETS: dict[str, dict[str, Any]] = {
    # The defaults are the paper's: named so that a configuration can say so.
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
            # The released code drops single elements of the features, where channels are dropped
            # here.
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


def load_experiment(path: Path, overrides: Sequence[str] = ()) -> ExperimentConfig:
    """Read a configuration: its preset, the file on top of it, `--set` on top of both.

    Raises:
        ConfigError: one line that names what is wrong.
    """
    values = apply_overrides(read_yaml(path), overrides)
    if "sweep" in values:
        raise ConfigError(f"{path} is a sweep of experiments; run it with `raysal sweep {path}`")
    return experiment_of(values, str(path))


def experiment_of(values: Mapping[str, Any], where: str) -> ExperimentConfig:
    """Settings on top of the preset that they name.

    Args:
        where: they stand, for messages.

    Raises:
        ConfigError: one line that names what is wrong.
    """
    own = {key: value for key, value in values.items() if key != "preset"}
    preset = values.get("preset")
    if preset is not None:
        own = merge(_preset(str(preset), own, where), own)
    return validate(ExperimentConfig, own, where)


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
