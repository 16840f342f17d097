"""The labelled data of `raysal evaluate`: what is read of a configuration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ConfigDict, Field

from raysal.config.load import apply_overrides, parse_override, read_yaml, validate
from raysal.config.settings import Frozen
from raysal.data.sets.base import Dataset, Item, Split
from raysal.data.sets.registry import AnyDataset
from raysal.engine.config import EngineConfig
from raysal.errors import ConfigError, DataError
from raysal.inference.precision import Precision

SECTIONS = ("data", "engine", "train")
# Stands for a size that is not given, until that of the model is known.
_ANY_SIZE = [64, 64]


class _Train(Frozen):
    model_config = ConfigDict(extra="ignore")

    precision: Precision = "auto"


class EvaluationConfig(Frozen):
    """The sections that matter; those of an experiment's configuration that do not are left out."""

    data: AnyDataset
    engine: EngineConfig = EngineConfig()
    train: _Train = Field(default_factory=_Train)
    """Only `precision`, which the measurements of a run depend on, too."""


@dataclass(frozen=True)
class LabelledData:
    """A data set to evaluate on.

    Attributes:
        sized: whether the configuration says which size images are resized to.
    """

    config: EvaluationConfig
    sized: bool

    def dataset(self, size: tuple[int, int]) -> Dataset:
        """The data set, at a size (height, width) unless the configuration says another."""
        data: Dataset = self.config.data
        return data if self.sized else data.model_copy(update={"size": size})

    def items(self, split: Split | None) -> tuple[Split, Sequence[Item]]:
        """The images of a split; by default of `test`, or of `val` if there is no test split.

        Raises:
            DataError: there are none, or a file or a mask is missing.
        """
        data: Dataset = self.config.data
        tried: tuple[Split, ...] = ("test", "val") if split is None else (split,)
        try:
            for name in tried:
                if items := data.items(name):
                    data.check_labelled(items)
                    return name, items
        except DataError:
            data.check()  # Says more about what is missing.
            raise
        data.check()
        raise DataError(f"{data.name}: there is no image in the {' or '.join(tried)} split")


def load_data(path: Path, overrides: Sequence[str] = ()) -> LabelledData:
    """Read the `data` section of a YAML file, and `engine` and `train.precision` if it has them.

    Args:
        overrides: such as `data.root=PATH`.

    Raises:
        ConfigError: one line that names what is wrong.
    """
    for text in overrides:
        (section,) = parse_override(text)
        if section not in SECTIONS:
            raise ConfigError(f"--set {text}: only data, engine and train.precision are read here")
    values = apply_overrides(read_yaml(path), overrides)
    read = {name: values[name] for name in SECTIONS if name in values}
    data = read.get("data")
    sized = not isinstance(data, dict) or "size" in data
    if isinstance(data, dict) and not sized:
        read["data"] = {**data, "size": _ANY_SIZE}
    return LabelledData(validate(EvaluationConfig, read, str(path)), sized)
