"""Random numbers for the street scenes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self, TypeVar

import numpy as np

from raysal.data.sets.streets.types import RGB, Floats

BLOCK = 4096
"""Numbers in a block; a power of two, so that an odd stride visits all of them."""

T = TypeVar("T")


class Dice:
    """Random numbers read from one block that is drawn in advance, so that a single draw is cheap.

    A fork reads the same block from another position with another stride. Every object of a scene
    has its own fork, so the amount of detail drawn on one object does not change the others.
    """

    __slots__ = ("_at", "_block", "_numbers", "_stride")

    def __init__(self, block: Floats, numbers: list[float], at: int = 0, stride: int = 1) -> None:
        # The same numbers twice: an array for `array`, a list because its items are read faster.
        self._block, self._numbers, self._at, self._stride = block, numbers, at, stride

    @classmethod
    def seeded(cls, *entropy: int) -> Self:
        """Numbers that depend on `entropy` alone."""
        generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(entropy)))
        block = generator.random(BLOCK)
        return cls(block, block.tolist())

    def fork(self) -> Dice:
        """Dice for another object; takes two numbers from this one."""
        at, stride = int(self.unit() * BLOCK), 2 * int(self.unit() * (BLOCK // 2)) + 1
        return Dice(self._block, self._numbers, at, stride)

    def unit(self) -> float:
        """A number in [0, 1)."""
        self._at = (self._at + self._stride) & (BLOCK - 1)
        return self._numbers[self._at]

    def between(self, low: float, high: float) -> float:
        """A number in [low, high)."""
        return low + (high - low) * self.unit()

    def whole(self, low: int, high: int) -> int:
        """An integer from low to high, both included."""
        return low + int((high - low + 1) * self.unit())

    def chance(self, share: float) -> bool:
        """True with probability `share`."""
        return self.unit() < share

    def pick(self, options: Sequence[T]) -> T:
        """One of the options, all equally likely."""
        return options[int(len(options) * self.unit())]

    def array(self, count: int) -> Floats:
        """(count,) numbers in [0, 1)."""
        steps = self._at + self._stride * np.arange(1, count + 1)
        self._at = int(self._at + self._stride * count) & (BLOCK - 1)
        values: Floats = self._block[steps & (BLOCK - 1)]
        return values

    def tint(self, colour: RGB, spread: float = 12.0) -> RGB:
        """The colour, slightly lighter or darker and slightly off its hue, by about `spread`."""
        red, green, blue = colour
        shift, hue = spread * (2 * self.unit() - 1.33), spread / 1.5
        return (
            red + shift + hue * self.unit(),
            green + shift + hue * self.unit(),
            blue + shift + hue * self.unit(),
        )

    def vivid(self) -> RGB:
        """Any colour, as clothes and paint may have."""
        return self.between(15, 235), self.between(15, 235), self.between(15, 235)
