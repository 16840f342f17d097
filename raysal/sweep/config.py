"""The `sweep` section of a configuration: which settings vary, and how trials are compared."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from raysal.config.essence import is_essential
from raysal.config.settings import Frozen
from raysal.errors import did_you_mean
from raysal.experiment.budget import BudgetUnit
from raysal.experiment.config import ExperimentConfig

Kind = Literal["grid", "choice", "uniform", "loguniform", "int"]
KINDS = get_args(Kind)
VariantName = Annotated[str, Field(min_length=1, max_length=60)]
Metric = Literal["final_miou", "auc_miou", "miou_at"]
# Digits of drawn values, so that the name of a trial can contain them in full.
SIGNIFICANT_DIGITS = 4
# Of one sweep; all are validated before the first is run.
MAX_TRIALS = 100_000
# Key of the axis of named variants.
VARIANT = "variant"
EXPONENT = re.compile(r"[+-]?\d+(\.\d*)?[eE][+-]?\d+")


class Axis(Frozen):
    """The values of one setting.

    `[4, 8]` or `{grid: [4, 8]}`: each of them. The other kinds are drawn at random,
    `sweep.samples` times: `{choice: [...]}`, `{uniform: [a, b]}`, `{loguniform: [a, b]}`, and
    `{int: [a, b]}`, which includes both ends.
    """

    kind: Kind
    values: tuple[Any, ...]

    @model_validator(mode="before")
    @classmethod
    def _read(cls, given: Any) -> Any:
        if isinstance(given, list | tuple):
            given = {"grid": given}
        if not isinstance(given, Mapping) or len(given) != 1:
            raise ValueError(f"write a list of values, or a list under one of {', '.join(KINDS)}")
        ((kind, values),) = given.items()
        if kind not in KINDS:
            raise ValueError(f"unknown '{kind}'{did_you_mean(str(kind), KINDS)}")
        if not isinstance(values, list | tuple) or not values:
            raise ValueError(f"{kind} needs a list of values")
        return {"kind": kind, "values": tuple(map(_number, values))}

    @model_validator(mode="after")
    def _makes_sense(self) -> Axis:
        if self.kind in ("grid", "choice"):
            texts = [value_text(value) for value in self.values]
            if twice := [text for text in texts if texts.count(text) > 1]:
                raise ValueError(f"{self.kind} has {twice[0]} twice")
            return self
        number = int if self.kind == "int" else (int, float)
        if len(self.values) != 2 or not all(
            isinstance(v, number) and not isinstance(v, bool) for v in self.values
        ):
            what = "whole numbers" if self.kind == "int" else "numbers"
            raise ValueError(f"{self.kind} needs two {what}, the lowest and the highest")
        low, high = self.values
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            raise ValueError(f"{self.kind}: the first of [{low}, {high}] must be the lower")
        if self.kind == "loguniform" and low <= 0:
            raise ValueError("loguniform needs numbers above 0")
        return self

    @property
    def drawn(self) -> bool:
        """Whether its values are drawn at random."""
        return self.kind != "grid"

    def draw(self, lot: float) -> Any:
        """The value for a random number in [0, 1)."""
        if self.kind in ("grid", "choice"):
            return self.values[int(lot * len(self.values))]
        low, high = self.values
        if self.kind == "int":
            return low + int(lot * (high - low + 1))
        if self.kind == "loguniform":
            value = low * (high / low) ** lot
        else:
            value = low + (high - low) * lot
        return float(f"{value:.{SIGNIFICANT_DIGITS}g}")


class Amount(Frozen):
    """A labelling cost, in one unit."""

    images: PositiveFloat | None = None
    regions: PositiveFloat | None = None
    pixels: PositiveFloat | None = None
    clicks: PositiveFloat | None = None

    @model_validator(mode="after")
    def _one(self) -> Amount:
        if len(self.model_dump(exclude_none=True)) != 1:
            raise ValueError("at: give one of images, regions, pixels, clicks")
        return self

    @property
    def unit(self) -> str:
        """Name of the unit."""
        return next(iter(self.model_dump(exclude_none=True)))

    @property
    def number(self) -> float:
        """Amount in that unit."""
        return float(getattr(self, self.unit))


class SweepConfig(Frozen):
    """Experiments that differ in some settings and in their seeds."""

    variants: dict[VariantName, dict[str, Any]] = Field(default_factory=dict)
    """By name, settings that are changed together, by dotted key, such as `{without_cle: {cle:
    null}}`. Each variant is run with every combination of `parameters`."""
    only: tuple[str, ...] | None = Field(default=None, min_length=1)
    """The variants to run; null for all. More may be added later."""
    parameters: dict[str, Axis] = Field(default_factory=dict)
    """Values by dotted key, such as `acquisition.levels`; every combination is run."""
    seeds: tuple[NonNegativeInt, ...] = Field(default=(0,), min_length=1)
    """Every combination is run once with each seed."""
    samples: PositiveInt = Field(default=1, le=MAX_TRIALS)
    """Number of random draws; each is combined with every point of the grid and every seed."""
    draw_seed: NonNegativeInt = 0
    """Seed of the draws. A draw depends on it, the key of the setting and the sample's number."""
    metric: Metric = "final_miou"
    """What trials are compared by: mIoU of the last round, area under the learning curve, or mIoU
    at the cost `at`."""
    at: Amount | None = None
    """The cost for `miou_at`, such as `{images: 40}`."""
    cost_unit: BudgetUnit = "images"
    """Unit of the horizontal axis of learning curves, and of the area under them."""
    scheduler: Literal["none", "asha"] = "none"
    """`asha` (Li et al., 2020) stops trials that are worse than most after as many rounds."""
    grace_rounds: PositiveInt = Field(default=2, le=10_000)
    """ASHA: no trial is stopped before this round."""
    reduction_factor: float = Field(default=2.0, gt=1)
    """ASHA: f. After `grace_rounds` times 1, f, f², ... rounds, about one trial in f continues."""
    concurrency: PositiveInt = Field(default=1, le=10_000)
    """Trials that run at the same time; each gets an equal part of the cores and GPUs."""

    @model_validator(mode="after")
    def _parts_fit_together(self) -> SweepConfig:
        if (self.metric == "miou_at") != (self.at is not None):
            raise ValueError("sweep.at is the cost of metric miou_at, such as {images: 40}")
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError("sweep.seeds has a seed twice")
        if self.samples > 1 and not any(axis.drawn for axis in self.parameters.values()):
            raise ValueError("sweep.samples needs a parameter that is drawn; a grid is not")
        points = math.prod(len(axis.values) for axis in self.axes.values() if not axis.drawn)
        trials = points * self.samples * len(self.seeds)
        if trials > MAX_TRIALS:
            raise ValueError(f"sweep has {trials} trials; at most {MAX_TRIALS} are possible")
        _check_paths("sweep.parameters", self.parameters)
        for name, settings in self.variants.items():
            _check_paths(f"sweep.variants.{name}", settings)
            if both := sorted(set(settings) & set(self.parameters)):
                raise ValueError(
                    f"sweep.variants.{name}: {both[0]} is one of sweep.parameters, too"
                )
        for name in self.only or ():
            if name not in self.variants:
                raise ValueError(
                    f"sweep.only: unknown variant '{name}'{did_you_mean(name, self.variants)}"
                )
        return self

    @property
    def axes(self) -> dict[str, Axis]:
        """What varies: the variants, if there are any, then the parameters."""
        names = tuple(name for name in self.variants if self.only is None or name in self.only)
        # Names stay texts, also those that look like numbers.
        variants = {VARIANT: Axis.model_construct(kind="grid", values=names)} if names else {}
        return {**variants, **self.parameters}


def _check_paths(where: str, paths: Iterable[str]) -> None:
    for path in paths:
        if path == "seed":
            raise ValueError(f"{where}: seeds go into sweep.seeds")
        if not is_essential(ExperimentConfig, path):
            raise ValueError(f"{where}: {path} does not change what is computed")


def _number(value: Any) -> Any:
    """YAML reads `1e-4` as text; here it is a number."""
    return float(value) if isinstance(value, str) and EXPONENT.fullmatch(value) else value


def value_text(value: Any) -> str:
    """A value as part of a file name; values that are written the same in YAML give the same."""
    if isinstance(value, str):
        text = value
    elif isinstance(value, float):
        text = repr(value)
    else:
        text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
    safe = re.sub(r"[^A-Za-z0-9._+-]", "_", text)[:60]
    if safe == text:
        return text
    return f"{safe.strip('_')}-{blake2b(text.encode(), digest_size=3).hexdigest()}"
