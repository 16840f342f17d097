"""The configuration of an experiment."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from raysal.acquisition.registry import AnyStrategy
from raysal.acquisition.strategies.random import Random
from raysal.config.essence import essence
from raysal.config.load import apply_overrides, read_yaml, validate
from raysal.config.marks import NOT_ESSENTIAL, added_later
from raysal.config.settings import Frozen, KeptPath
from raysal.data.sets.registry import AnyDataset
from raysal.engine.config import EngineConfig
from raysal.errors import ConfigError
from raysal.experiment.budget import Budget, BudgetUnit
from raysal.experiment.noise_config import NoiseConfig
from raysal.experiment.presets import with_preset
from raysal.experiment.stop_config import StopConfig
from raysal.models.config import ASPP, ModelConfig
from raysal.models.feature_config import PREFIX, FeatureConfig
from raysal.regions.config import RegionConfig
from raysal.regions.extend_config import ExtendConfig
from raysal.training.augment_config import AugmentConfig
from raysal.training.config import LossConfig, OptimConfig, TrainConfig


class ActiveLearningConfig(Frozen):
    """How much is labelled, and when (DEAL, section 4.1; CPRAL, section 4.1)."""

    initial: PositiveInt | Literal["all"] = 40
    """Images labelled at the start; `all`: all of them, in one round, to see what a model reaches
    without active learning (`raysal report` draws it as p100)."""
    start: Annotated[Literal["random", "coverage", "typical"], added_later("random")] = "random"
    """How they are chosen: `random`; or by the features of the untrained network, or of the encoder
    in `features`: `coverage` (k-center greedy, Sener & Savarese 2018: no image is far from a
    labelled one) or `typical` (TypiClust, Hacohen et al. 2022: typical images of different
    clusters)."""
    budget: PositiveInt = 20
    """Labelling work of the query after each round but the last, in `budget_unit`."""
    budget_unit: BudgetUnit = "images"
    """`images` (image equivalents if regions are queried), `regions`, `pixels` of the working size,
    or `clicks` of an annotator who outlines what an image shows."""
    rounds: PositiveInt = Field(default=7, le=10_000)
    """Number of rounds; the last one makes no query."""
    test: Annotated[NonNegativeInt, added_later(0)] = 0
    """Test images drawn by lot from the train split, if the data have none: labelled first, never
    trained on, never queried. They are the same for every seed."""
    val: Annotated[NonNegativeInt, added_later(0)] = 0
    """The same for validation."""
    stop: Annotated[StopConfig | None, added_later(None)] = None
    """When it ends before its last round, such as `{miou: 0.6}`; null: it does not."""
    candidate_ratio: float = Field(default=0.5, gt=0, le=1)
    """Share of the unlabelled pool that is drawn at random and scored in a round (released DEAL
    code: 0.5, and 0.4 for core-set and QBC)."""


class ExperimentConfig(Frozen):
    """One experiment: one strategy, one seed, all rounds."""

    name: Annotated[str, NOT_ESSENTIAL] = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._=,+-]*$", max_length=200
    )
    """Name of the run's folder in `output`."""
    output: KeptPath = "runs"
    """Folder of the runs' folders. A relative path starts from the current folder; in a Ray job,
    from your home folder, because the job's working folder is a copy that Ray deletes."""
    protocol: Annotated[str | None, NOT_ESSENTIAL] = None
    """The preset from which settings were filled in (`preset: NAME` in a configuration). It changes
    nothing by itself: a run says where it departs from it."""
    seed: NonNegativeInt = 0
    """Seed of every random choice."""
    data: AnyDataset
    model: ModelConfig = Field(default_factory=ModelConfig)
    features: Annotated[FeatureConfig | None, added_later(None)] = None
    """An encoder of its own with which `al.start` and `coreset` compare images; null: layers of the
    network. Other strategies do not read it."""
    augment: AugmentConfig = Field(default_factory=AugmentConfig)
    loss: LossConfig = Field(default_factory=LossConfig)
    optim: OptimConfig = Field(default_factory=OptimConfig)
    train: TrainConfig = Field(default_factory=TrainConfig)
    al: ActiveLearningConfig = Field(default_factory=ActiveLearningConfig)
    acquisition: AnyStrategy
    """The strategy that chooses images, or, with `rga`, the panoptic subset."""
    rga: RegionConfig | None = None
    """Query regions instead of whole images; null is off."""
    cle: ExtendConfig | None = None
    """Extend the labels of regions to similar parts of the image; null is off."""
    oracle: Annotated[Literal["simulated", "people"], added_later("simulated")] = "simulated"
    """Who answers queries: a simulated annotator with the masks of the data set, or people, for
    whom the run waits."""
    noise: NoiseConfig | None = None
    """Mistakes of the simulated annotator; null is off."""
    engine: Annotated[EngineConfig, NOT_ESSENTIAL] = Field(default_factory=EngineConfig)

    @model_validator(mode="after")
    def _votes_need_dropout(self) -> ExperimentConfig:
        votes = self.acquisition.needs.votes
        if votes is not None and votes.dropped == "channels" and self.model.channel_dropout == 0:
            raise ValueError(
                f"acquisition.name={self.acquisition.name} needs model.channel_dropout (0.25 in "
                "CPRAL): without dropout, all passes agree; or set acquisition.dropout=network, "
                "for the dropout that the network has anyway"
            )
        return self

    @model_validator(mode="after")
    def _vectors_are_of_one_encoder(self) -> ExperimentConfig:
        if self.features is not None and self.acquisition.needs.stage not in (None, ASPP):
            raise ValueError(
                f"acquisition.feature={self.acquisition.needs.stage} is a layer of the network, "
                "but features names an encoder of its own; remove one of them"
            )
        return self

    @model_validator(mode="after")
    def _people_are_asked_what_they_can_answer(self) -> ExperimentConfig:
        if self.oracle == "people":
            if self.noise is not None:
                raise ValueError("noise is of the simulated annotator; remove it for oracle=people")
            if self.cle is not None and self.cle.calibrate and self.cle.calibrate_on == "clean":
                raise ValueError(
                    "cle.calibrate_on=clean needs the true labels, which only a simulated "
                    "annotator knows; remove it for oracle=people"
                )
            if self.al.budget_unit == "clicks":
                raise ValueError(
                    "al.budget_unit=clicks needs oracle=simulated: how many clicks people need is "
                    "not known before they have labelled; use images, regions or pixels"
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
                    f"acquisition.name={strategy.name} reads {need}, which {setting}=none turns "
                    f"off; remove {setting}"
                )
        return self

    @model_validator(mode="after")
    def _parts_fit_together(self) -> ExperimentConfig:
        if self.rga is None:
            if self.cle is not None:
                raise ValueError("cle needs rga: in a whole image there is no label to extend")
            if self.al.budget_unit == "regions":
                raise ValueError(
                    "al.budget_unit=regions needs rga; without it, whole images are queried"
                )
            return self
        if self.rga.map == "votes" and self.model.channel_dropout == 0:
            raise ValueError(
                "rga.map=votes needs model.channel_dropout (0.25 in CPRAL): without dropout, all "
                "passes agree"
            )
        if self.data.tile is not None and self.rga.on_shortfall == "overlap":
            raise ValueError(
                "rga.on_shortfall=overlap would look at a whole scene again for each region; with "
                "data.tile, set rga.on_shortfall=stop"
            )
        needed = self.budget.images_needed()
        if self.rga.subset != "all" and self.rga.subset < needed:
            raise ValueError(
                f"rga.subset is {self.rga.subset} images, but al.budget needs at least {needed}; "
                "raise rga.subset or lower al.budget"
            )
        return self

    @property
    def budget(self) -> Budget:
        """The budget of each query."""
        window = self.data.size if self.rga is None else self.rga.window(self.data.size)
        return Budget(self.al.budget, self.al.budget_unit, self.data.size, window)

    @property
    def strategy_label(self) -> str:
        """Name for figures and tables, as the papers name the variants."""
        if self.rga is None:
            label = self.acquisition.label
            if self.features is None or self.acquisition.needs.features is None:
                return label
            return f"{label} ({PREFIX}{self.features.encoder})"
        if self.rga.map == "random":
            name = "Random regions"
        elif self.rga.subset == "all":
            name = "Region-only"
        else:
            name = "CPRAL" if self.acquisition.name == "panoptic" else f"{self.acquisition.label}_R"
        off = ["CLE"] if self.cle is None else []
        off += ["RGA"] if self.rga.kernel == "box" and self.rga.map == "votes" else []
        # Random regions have no label extension by default.
        return f"{name} w/o {', '.join(off)}" if off and self.rga.map == "votes" else name

    @property
    def folder(self) -> Path:
        """The folder of the run."""
        return Path(self.output) / self.name

    @property
    def image_strategy(self) -> AnyStrategy:
        """The strategy that images are scored with: with `rga.subset=all`, none is preferred, so
        that they need not be rated, and lots stand for scores."""
        return Random() if self.rga is not None and self.rga.subset == "all" else self.acquisition

    @property
    def encoder(self) -> FeatureConfig | None:
        """The encoder of its own, if anything compares images with it."""
        reads = self.al.start != "random" or self.image_strategy.needs.features is not None
        return self.features if reads else None

    @property
    def stage(self) -> str | None:
        """The layer of the network whose features the strategy reads; None if it reads none, or
        those of an encoder of its own."""
        return None if self.features is not None else self.image_strategy.needs.stage

    @property
    def resolved_model(self) -> ModelConfig:
        """The model with the branches that the strategy reads."""
        needs = self.acquisition.needs
        stages = "none" if needs.rating is None else needs.rating.stages
        return self.model.resolved(needs.names, stages)

    @property
    def resolved_loss(self) -> LossConfig:
        """The loss with the ranking loss that the strategy needs."""
        rating = self.acquisition.needs.rating
        return self.loss.resolved("margin" if rating is None else rating.loss)

    def essence(self) -> dict[str, Any]:
        """The settings that decide what is computed, by dotted key."""
        return essence(type(self), self.dump())

    def fingerprint(self) -> str:
        """Hash of `essence`; two runs with the same one compute the same."""
        text = json.dumps(self.essence(), sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def load_experiment(path: Path, overrides: Sequence[str] = ()) -> ExperimentConfig:
    """Read a configuration: its preset, updated with the file, updated with the overrides.

    Args:
        overrides: such as `train.epochs=3`.

    Raises:
        ConfigError: one line that names what is wrong.
    """
    values = apply_overrides(read_yaml(path), overrides)
    if "sweep" in values:
        raise ConfigError(f"{path} is a sweep of experiments; run it with `raysal sweep {path}`")
    return experiment_of(values, str(path))


def experiment_of(values: Mapping[str, Any], where: str) -> ExperimentConfig:
    """An experiment from plain settings and the preset that they name.

    Args:
        where: the file that the values come from, for messages.

    Raises:
        ConfigError: one line that names what is wrong.
    """
    return validate(ExperimentConfig, with_preset(values, where), where)
