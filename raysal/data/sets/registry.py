"""All data sets, selected by `data.name`; to add one, import its class and list it."""

from __future__ import annotations

from typing import Annotated, get_args

from pydantic import Field

from raysal.config.settings import Frozen
from raysal.data.sets.base import Dataset
from raysal.data.sets.bdd100k import BDD100K
from raysal.data.sets.camvid import CamVid
from raysal.data.sets.cityscapes import Cityscapes
from raysal.data.sets.folder import Folder
from raysal.data.sets.streets.dataset import Streets

# fmt: off
_Datasets = (
    CamVid
    | Cityscapes
    | BDD100K
    | Folder
    | Streets
)
# fmt: on
AnyDataset = Annotated[_Datasets, Field(discriminator="name")]
DATASETS: tuple[type[Dataset], ...] = get_args(_Datasets)


class DatasetChoice(Frozen):
    """The `data` section on its own, for commands that need no experiment."""

    data: AnyDataset
