"""All data sets, chosen by `data.name`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from raysal.config.settings import Frozen
from raysal.data.sets.bdd100k import BDD100K
from raysal.data.sets.camvid import CamVid
from raysal.data.sets.cityscapes import Cityscapes
from raysal.data.sets.folder import Folder
from raysal.data.sets.streets.dataset import Streets

AnyDataset = Annotated[
    CamVid | Cityscapes | BDD100K | Folder | Streets, Field(discriminator="name")
]
DATASETS = (CamVid, Cityscapes, BDD100K, Folder, Streets)


class DatasetChoice(Frozen):
    """A data set on its own, where there is no experiment around it."""

    data: AnyDataset
