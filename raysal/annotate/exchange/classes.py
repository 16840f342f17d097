"""Classes as files name them and paint them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import chain

import numpy as np

from raysal.data.decode import IGNORE
from raysal.data.sets.base import Colour
from raysal.errors import DataError, did_you_mean

# Black first, as CVAT paints what nobody has labelled.
UNLABELLED_COLOURS: tuple[Colour, ...] = ((0, 0, 0), (255, 255, 255), (128, 128, 128))
NAMED = 4


class Classes:
    """Finds the classes of a run by name and by colour.

    Args:
        names: (C,) of classes 0..C-1.
        palette: (C,) their colours, which may be equal.
    """

    def __init__(self, names: Sequence[str], palette: Sequence[Colour]) -> None:
        self.names = tuple(names)
        self.palette = tuple(palette)
        self._exact = {name: number for number, name in enumerate(names)}
        self._loose: dict[str, list[int]] = {}
        for number, name in enumerate(names):
            self._loose.setdefault(_loosely(name), []).append(number)

    def id_of(self, name: object) -> int:
        """The class of a name; case and white space do not matter where no other class differs.

        Raises:
            DataError: no class, or several, have this name.
        """
        found = self.find(name)
        if found is None:
            known = did_you_mean(str(name).strip(), self.names)
            raise DataError(f"class '{str(name).strip()}' is not one of the run's{known}")
        return found

    def find(self, name: object) -> int | None:
        """As `id_of`; None if no class has this name.

        Raises:
            DataError: several classes have this name but for case and white space.
        """
        if not isinstance(name, str):
            return None
        if name in self._exact:
            return self._exact[name]
        alike = self._loose.get(_loosely(name), [])
        if len(alike) > 1:
            raise DataError(
                f"class '{name}' may be any of "
                + ", ".join(f"'{self.names[number]}'" for number in alike)
            )
        return alike[0] if alike else None

    @cached_property
    def unlabelled(self) -> Colour:
        """A colour of no class, in which unlabelled pixels are painted: black if possible."""
        some = ((n % 256, n // 256 % 256, 77) for n in range(1 << 16))
        return next(c for c in chain(UNLABELLED_COLOURS, some) if c not in self.palette)

    @cached_property
    def by_colour(self) -> dict[Colour, int]:
        """Class ids by colour, 255 for the unlabelled one.

        Raises:
            DataError: two classes have one colour.
        """
        by_colour = {colour: number for number, colour in enumerate(self.palette)}
        if len(by_colour) < len(self.palette):
            twice = next(c for c in self.palette if self.palette.count(c) > 1)
            raise DataError(
                f"two classes have the colour {list(twice)}, so that masks in colours cannot be "
                "told apart; use class ids"
            )
        return {**by_colour, self.unlabelled: IGNORE}


def ids_of_colours(rgb: np.ndarray, by_colour: Mapping[Colour, int]) -> np.ndarray:
    """Class ids of a mask in colours: uint8 (H, W).

    Args:
        rgb: uint8 (H, W, 3).
        by_colour: class ids, or 255.

    Raises:
        DataError: pixels have other colours; names the most frequent ones with their counts.
    """
    pairs = sorted((r | g << 8 | b << 16, number) for (r, g, b), number in by_colour.items())
    codes = np.array([code for code, _ in pairs], np.uint32)
    pixels = _codes(rgb).ravel()
    # Only where the colour changes along a row: that is ten times faster.
    starts = np.flatnonzero(np.concatenate(([True], pixels[1:] != pixels[:-1])))
    runs, lengths = pixels[starts], np.diff(starts, append=pixels.size)
    place = np.minimum(np.searchsorted(codes, runs), len(codes) - 1)
    other = codes[place] != runs
    if other.any():
        raise DataError(f"colours of no class: {_frequent(runs[other], lengths[other])}")
    ids = np.repeat(np.array([number for _, number in pairs], np.uint8)[place], lengths)
    return ids.reshape(rgb.shape[:2])


def hex_of(colour: Colour) -> str:
    """A colour as `#rrggbb`."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


def check_ids(ids: np.ndarray, classes: int) -> None:
    """Check that an image's ids are 0..C-1 or 255.

    Raises:
        DataError: names those that are not.
    """
    present = distinct(ids)
    wrong = present[((present < 0) | (present >= classes)) & (present != IGNORE)].tolist()
    if not wrong:
        return
    shown = ", ".join(map(str, wrong[:NAMED]))
    more = f" and {len(wrong) - NAMED} more" if len(wrong) > NAMED else ""
    hint = ""
    if classes in wrong and 0 not in present:
        hint = "; do the ids count from 1? The first class is 0"
    raise DataError(
        f"no class has the id {shown}{more}; ids are 0..{classes - 1}, and 255 where nothing is "
        f"labelled{hint}"
    )


def _loosely(name: str) -> str:
    return " ".join(name.split()).casefold()


def distinct(ids: np.ndarray) -> np.ndarray:
    """The values in an array of integers, sorted; of bytes faster than `np.unique`."""
    if ids.dtype != np.uint8:
        return np.unique(ids)
    present = np.zeros(IGNORE + 1, bool)
    present[ids] = True
    return np.flatnonzero(present)


def _codes(rgb: np.ndarray) -> np.ndarray:
    """One number per colour: R + 256 G + 65536 B."""
    padded = np.zeros((*rgb.shape[:2], 4), np.uint8)
    for channel in range(3):  # Several times faster than all at once.
        padded[..., channel] = rgb[..., channel]
    codes: np.ndarray = padded.view("<u4")[..., 0]
    return codes


def _frequent(codes: np.ndarray, lengths: np.ndarray) -> str:
    values, place = np.unique(codes, return_inverse=True)
    counts = np.bincount(place, weights=lengths).astype(int)
    first = np.argsort(-counts, kind="stable")[:NAMED]
    parts = [
        f"[{c & 255}, {c >> 8 & 255}, {c >> 16}] in {n} pixels"
        for c, n in zip(values[first].tolist(), counts[first].tolist(), strict=True)
    ]
    if len(values) > NAMED:
        parts.append(f"{len(values) - NAMED} others")
    return ", ".join(parts)
