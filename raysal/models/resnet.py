"""ResNet-18 and -50 as dense encoders with named stages, from torchvision's parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from torch import Tensor, nn

from raysal.models.encoder import Encoder, dilate
from raysal.models.torchvision_parts import resnet18, resnet50

NETWORKS = {18: resnet18, 50: resnet50}
LEVELS = ("layer1", "layer2", "layer3", "layer4")
CHANNELS = {18: (64, 128, 256, 512), 50: (256, 512, 1024, 2048)}
STEM, STEM_CHANNELS = "stem", 64
FIRST_OF_LAST = "layer4_first"
# Dilation of the levels whose stride is removed, by output stride.
DILATED = {16: {"layer4": 2}, 8: {"layer3": 2, "layer4": 4}}


class ResNetEncoder(Encoder):
    """A torchvision ResNet without its classifier, output stride 16 or 8."""

    low, high = "layer1", "layer4"
    rating_stages: ClassVar[dict[str, tuple[str, ...]]] = {
        "six": (STEM, "layer1", "layer2", "layer3", FIRST_OF_LAST, "layer4"),
        "four": LEVELS,
    }
    """`four`: its levels, as Yoo & Kweon. `six`: also the stem and the first block of the last
    level (our choice; CPRAL does not use this network)."""

    def __init__(self, depth: int, output_stride: int = 16) -> None:
        super().__init__()
        full = NETWORKS[depth](weights=None)
        self.conv1, self.bn1, self.relu, self.maxpool = (
            full.conv1,
            full.bn1,
            full.relu,
            full.maxpool,
        )
        before = 1
        for level in LEVELS:
            part = getattr(full, level)
            if level in DILATED[output_stride]:
                dilate(part, DILATED[output_stride][level], before)
                before = DILATED[output_stride][level]
            self.add_module(level, part)
        *first, last = CHANNELS[depth]
        self.stage_channels = {
            STEM: STEM_CHANNELS,
            **dict(zip(LEVELS[:-1], first, strict=True)),
            FIRST_OF_LAST: last,
            LEVELS[-1]: last,
        }

    def forward(self, image_BDHW: Tensor) -> dict[str, Tensor]:
        """`stem` (1/2 resolution), `layer1` (1/4) to `layer4` (1/`output_stride`)."""
        x = self.relu(self.bn1(self.conv1(image_BDHW)))
        stages = {STEM: x}
        x = self.maxpool(x)
        for level in LEVELS:
            blocks = getattr(self, level)
            assert isinstance(blocks, nn.Sequential)
            for index, block in enumerate(blocks):
                x = block(x)
                if level == LEVELS[-1] and index == 0:
                    stages[FIRST_OF_LAST] = x
            stages[level] = x
        return stages

    def load_published(self, state: Mapping[str, Tensor]) -> None:
        """Load torchvision's state dict without its classifier."""
        self.load_state_dict({name: state[name] for name in self.state_dict()})
