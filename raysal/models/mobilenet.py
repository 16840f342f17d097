"""MobileNetV2 as a dense encoder with named stages, from torchvision's parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from torch import Tensor, nn

from raysal.models.depthwise import DilatedDepthwise, replace_depthwise
from raysal.models.encoder import Encoder
from raysal.models.torchvision_parts import mobilenet_v2

# (expansion, channels, repeats, stride): torchvision's table with stride 1 in the 160 stage.
STAGES_OS16 = [
    [1, 16, 1, 1],
    [6, 24, 2, 2],
    [6, 32, 3, 2],
    [6, 64, 4, 2],
    [6, 96, 3, 1],
    [6, 160, 3, 1],
    [6, 320, 1, 1],
]
# Index of the last torchvision block of each stage. Names are channel counts.
STAGE_END = {"c24": 3, "c32": 6, "c64": 10, "c96": 13, "c160": 16, "c320": 17}
FIRST_BLOCK_OF_64 = 7
LAST_BLOCK = 17


def _dilate(block: nn.Module, dilation: int) -> None:
    """Give the 3x3 depthwise convolution of an inverted residual block a dilation."""
    for parent in list(block.modules()):
        for name, module in parent.named_children():
            if isinstance(module, nn.Conv2d) and module.kernel_size == (3, 3):
                dilated = DilatedDepthwise(module.out_channels, dilation)
                dilated.weight = module.weight  # Initialised as torchvision does it.
                setattr(parent, name, dilated)


class MobileNetV2Encoder(Encoder):
    """The 18 blocks of MobileNetV2, width 1, output stride 16 or 8; 1,811,712 parameters.

    At stride 16 the 160-channel stage has stride 1 and the last block dilation 2. At stride 8
    the 64-channel stage has stride 1 as well, the blocks after its first are dilated by 2, and the
    last block by 4.
    """

    stage_channels: Mapping[str, int] = {name: int(name[1:]) for name in STAGE_END}
    low, high = "c24", "c320"
    rating_stages: ClassVar[dict[str, tuple[str, ...]]] = {
        "six": ("c24", "c32", "c64", "c96", "c160", "c320"),
        "four": ("c24", "c32", "c96", "c320"),
    }
    """`six` has the proportions of CPRAL's Fig. 2."""

    def __init__(self, output_stride: int = 16) -> None:
        super().__init__()
        stages = [list(row) for row in STAGES_OS16]
        if output_stride == 8:
            stages[3][3] = 1
        full = mobilenet_v2(weights=None, inverted_residual_setting=stages)
        self.blocks = nn.ModuleList(full.features[: LAST_BLOCK + 1])
        if output_stride == 8:
            for block in self.blocks[FIRST_BLOCK_OF_64 + 1 :]:
                _dilate(block, 2)
        _dilate(self.blocks[LAST_BLOCK], 2 if output_stride == 16 else 4)
        replace_depthwise(self)

    def forward(self, image_BDHW: Tensor) -> dict[str, Tensor]:
        """Named stages: `c24` (1/4 resolution) to `c320` (1/`output_stride`)."""
        ends = {index: name for name, index in STAGE_END.items()}
        stages: dict[str, Tensor] = {}
        x = image_BDHW
        for index, block in enumerate(self.blocks):
            x = block(x)
            if index in ends:
                stages[ends[index]] = x
        return stages

    def published_names(self) -> dict[str, Tensor]:
        """Torchvision's `features.N` are the blocks."""
        state = self.state_dict()
        return {"features." + name.removeprefix("blocks."): state[name] for name in state}

    def load_published(self, state: Mapping[str, Tensor]) -> None:
        """Load torchvision's state dict without its classifier."""
        own = {
            name: state["features." + name.removeprefix("blocks.")] for name in self.state_dict()
        }
        self.load_state_dict(own)
