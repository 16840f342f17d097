"""Recognise masks that do not have the ids that the configured classes ask for."""

from __future__ import annotations

import numpy as np

from raysal.data.decode import IGNORE

CITYSCAPES_CLASSES, CITYSCAPES_RAW_IDS = 19, 34


def why_outside(stored: np.ndarray, classes: int) -> str | None:
    """What masks with an id outside 0..`classes`-1 look like, and what to do; None if unclear.

    Args:
        stored: number of pixels (256,) of each id in all masks.
    """
    ids = np.flatnonzero(stored[:IGNORE]).tolist()
    if not ids:
        return None
    if ids[0] >= 1 and ids[-1] == classes:
        return (
            f"0 never occurs and {classes} does: the ids are counted from 1; subtract 1 from them"
        )
    if ids[-1] == classes:
        return (
            f"0 to {classes} are {classes + 1} ids for {classes} classes: if 0 is the background, "
            "add its name in front of data.classes"
        )
    if classes == CITYSCAPES_CLASSES and ids[-1] < CITYSCAPES_RAW_IDS:
        return (
            "these are raw ids of Cityscapes (labelIds), where train ids (labelTrainIds) are due; "
            "use those, or data.name=cityscapes"
        )
    grey = [i for i in range(256) if stored[i]]
    if len(grey) <= classes and max(grey) > classes:
        return f"the masks have the values {', '.join(map(str, grey))}; {_as_colours(grey)}"
    return None


def why_useless(stored: np.ndarray, known: np.ndarray, names: tuple[str, ...]) -> str | None:
    """Why nothing can be learned from masks in which fewer than two classes occur; None otherwise.

    Args:
        stored: number of pixels (256,) of each id in all masks.
        known: the same after translation to class ids and 255.
        names: of the classes.
    """
    present = np.flatnonzero(known[: len(names)]).tolist()
    if len(present) > 1 or not known.any():
        return None
    values = np.flatnonzero(stored).tolist()
    if len(values) == 2 and values[1] == IGNORE:
        return (
            f"the masks have no other values than {values[0]} and 255, which stands for unknown: "
            f"nothing but '{names[present[0]]}' is left. " + _as_colours(values)
            if present
            else "all pixels of all masks are unknown"
        )
    if not present:
        return "all pixels of all masks are unknown; check data.ignore_id and the masks"
    return (
        f"all known pixels of all masks are '{names[present[0]]}', so that nothing can be learned; "
        "check that the ids in the masks are those of data.classes, counted from 0"
    )


def _as_colours(values: list[int]) -> str:
    colours = ", ".join(f"[{v}, {v}, {v}]" for v in values)
    return (
        "if these stand for classes, set data.mask_colours: true and "
        f"data.colours: [{colours}], in the order of data.classes"
    )
