"""Class ids of the street scenes: CamVid's, in CamVid's order."""

from __future__ import annotations

from raysal.data.decode import IGNORE
from raysal.data.sets.camvid import CamVid

_ID = {name: class_id for class_id, name in enumerate(CamVid.CLASS_NAMES)}

SKY = _ID["sky"]
BUILDING = _ID["building"]
POLE = _ID["pole"]
ROAD = _ID["road"]
SIDEWALK = _ID["sidewalk"]
TREE = _ID["tree"]
SIGN = _ID["sign"]
FENCE = _ID["fence"]
CAR = _ID["car"]
PEDESTRIAN = _ID["pedestrian"]
BICYCLIST = _ID["bicyclist"]
VOID = IGNORE
