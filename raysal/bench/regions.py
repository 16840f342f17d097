"""Time per image of picking regions (RGA) and extending labels (CLE), beside the votes."""

from __future__ import annotations

import numpy as np

from raysal.bench.machine import prepare
from raysal.bench.networks import with_channel_dropout
from raysal.bench.result import Result
from raysal.bench.timing import measure
from raysal.data.sets.streets.dataset import Streets
from raysal.engine.workers.cell_features import image_features
from raysal.inference.device import default_device
from raysal.inference.predict import to_tensor
from raysal.inference.votes import vote_map
from raysal.progress import Watch
from raysal.regions.config import RegionConfig
from raysal.regions.extend import extend
from raysal.regions.extend_config import ExtendConfig
from raysal.regions.pick import RegionPicker

SHOWN_SHARE = 0.5


def bench(size: tuple[int, int], w: int, passes: int, rounds: int, watch: Watch) -> Result:
    """Time the votes, RGA and CLE on a street scene, half of which is labelled for CLE.

    Args:
        size: (height, width) of the scene.
        w: side of a region in pixels.
        passes: stochastic passes of the votes.
        rounds: number of alternating measurements.
    """
    settings = prepare()
    device = default_device()
    streets = Streets(size=size, train=1)
    item = streets.items("train")[0]
    image, truth = streets.image(item), streets.label(item)
    image_3HW = to_tensor([image])[0].to(device)
    classes = len(streets.class_names)
    model = with_channel_dropout(classes, device)
    picker = RegionPicker(RegionConfig(w=w, passes=passes), size)
    map_HW = vote_map(model, image_3HW, 0, passes)
    delivered_HW = np.zeros(size, bool)
    for region in picker(map_HW):
        if delivered_HW.mean() >= SHOWN_SHARE:
            break
        delivered_HW[region.row : region.row + w, region.col : region.col + w] = True
    cle = ExtendConfig()

    def extension() -> object:
        features = image_features(image, cle, None, "auto", device)
        return extend(features, truth, delivered_HW, classes, cle.thresholds, cle, w)

    timing = measure(
        {
            "votes": lambda: vote_map(model, image_3HW, 0, passes),
            "rga": lambda: picker(map_HW),
            "cle": extension,
        },
        rounds,
        watch,
    )
    return Result(
        "regions",
        (
            timing.duration("votes", f"{passes} votes", "votes"),
            timing.duration("rga", "RGA: response and suppression", "votes"),
            timing.duration("cle", "CLE: features and extension", "votes"),
        ),
        {
            "size": f"{size[1]}x{size[0]}",
            "w": w,
            "passes": passes,
            "rounds": rounds,
            **settings,
        },
        ("all per image",),
    )


def small(engine: str, watch: Watch) -> Result:
    """See `raysal.bench.whole`."""
    return bench((256, 512), 64, 20, 3, watch)
