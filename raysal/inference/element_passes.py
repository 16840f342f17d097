"""Passes of DeepLabv3+ with its own dropout: after the ASPP, and twice in the decoder, by elements.

Only what follows the first dropout is computed again. The shortcuts are those of
`raysal.inference.passes`, and the masks those of `raysal.inference.own_dropout`.

The masks cost little: on 180x240 pixels, 20 votes take 6.3 to 6.6 times as long as one pass of the
network, and 7.8 to 8.8 times with channel dropout (`raysal bench votes`, two cores of a Xeon,
bfloat16).

Axes in names as in `raysal.inference.passes`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from torch import Tensor, nn

from raysal.inference.masks import drop_elements
from raysal.inference.passes import Folded, Passes, convolve
from raysal.models.deeplab import DeepLabV3Plus


class ElementPasses(Passes):
    """Logits of such passes over one image; arguments as for `Passes`."""

    def __init__(self, model: DeepLabV3Plus, high_hwD: Tensor, low_yxD: Tensor, seed: int) -> None:
        super().__init__(model, high_hwD, low_yxD)
        self._seed = seed
        self._p: list[float] = []
        for layer in (model.aspp.project[3], model.decoder[1], model.decoder[3]):
            assert isinstance(layer, nn.Dropout)
            self._p.append(layer.p)
        # What is kept is divided by 1 - p: here, once, or in the weights of the next convolution.
        aspp, first, second = (1 / (1 - p) for p in self._p)
        self._aspp_1hwO = self._aspp(self._high_hwD.unsqueeze(0)) * aspp
        self._low_1yxO = self._of_low(self._low_yxD.unsqueeze(0))
        self._second = _scaled(self._second, first)
        self._weight_CO = self._weight_CO * second

    def numbered(self, passes: Sequence[int]) -> Tensor:
        """(M, y, x, C) float32 logits of the passes with these numbers."""
        x_MhwO = self._drop(self._aspp_1hwO.repeat(len(passes), 1, 1, 1), 0, passes)
        x_MyxO = self._first(x_MhwO, self._low_1yxO).relu_()
        x_MyxO = convolve(self._drop(x_MyxO, 1, passes), self._second).relu_()
        return self._classified(self._drop(x_MyxO, 2, passes))

    def _drop(self, x_MyxO: Tensor, layer: int, passes: Sequence[int]) -> Tensor:
        """What the passes keep, in the same memory."""
        p = self._p[layer]
        if p == 0:
            return x_MyxO
        # Layers are numbered as they are called, and those that drop nothing are not.
        number = sum(other > 0 for other in self._p[:layer])
        x_MyxO = x_MyxO.contiguous()
        drop_elements(x_MyxO.flatten(1), self._seed, number, passes, p)
        return x_MyxO


def _scaled(folded: Folded, factor: float) -> Folded:
    """The same for an input that is `factor` times as large."""
    return replace(folded, weight_ODkk=folded.weight_ODkk * factor)
