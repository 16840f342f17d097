"""Dilated residual networks, arrangement D, as dense encoders (Yu, Koltun & Funkhouser 2017).

The strides of the last levels are replaced by dilation, and two levels without shortcuts at the
end remove the gridding that dilation leaves behind. Names of layers are those of the authors'
published weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from torch import Tensor, nn

from raysal.models.encoder import Encoder

# For levels 0 to 8; level 0 is a 7x7 convolution, and levels 3 to 6 are residual.
CHANNELS = (16, 16, 32, 64, 128, 256, 512, 512, 512)
RESIDUAL = range(3, 7)
STRIDES = (1, 1, 2, 2, 2, 1, 1, 1, 1)
DILATIONS = (1, 1, 1, 1, 1, 2, 4, 2, 1)
# Number of convolutions or blocks in levels 1 to 8.
DEPTHS = {
    22: (1, 1, 2, 2, 2, 2, 1, 1),
    38: (1, 1, 3, 4, 6, 3, 1, 1),
    54: (1, 1, 3, 4, 6, 3, 1, 1),
}
BOTTLENECK = 4


class Block(nn.Module):
    """Two 3x3 convolutions and a shortcut."""

    expansion = 1

    def __init__(self, channels_in: int, planes: int, stride: int, dilation: int) -> None:
        super().__init__()
        self.conv1 = _conv(channels_in, planes, 3, stride, dilation)
        self.bn1 = nn.BatchNorm2d(planes)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = _conv(planes, planes, 3, 1, dilation)
        self.bn2 = nn.BatchNorm2d(planes)
        self.downsample = _shortcut(channels_in, planes, stride)

    def forward(self, x: Tensor) -> Tensor:
        """(B, planes, H/stride, W/stride)."""
        shortcut = x if self.downsample is None else self.downsample(x)
        x = self.relu(self.bn1(self.conv1(x)))
        return self.relu(self.bn2(self.conv2(x)) + shortcut)


class Bottleneck(nn.Module):
    """1x1, 3x3 and 1x1 convolutions and a shortcut; four times as many channels out."""

    expansion = BOTTLENECK

    def __init__(self, channels_in: int, planes: int, stride: int, dilation: int) -> None:
        super().__init__()
        channels_out = planes * self.expansion
        self.conv1 = _conv(channels_in, planes, 1)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = _conv(planes, planes, 3, stride, dilation)
        self.bn2 = nn.BatchNorm2d(planes)
        self.conv3 = _conv(planes, channels_out, 1)
        self.bn3 = nn.BatchNorm2d(channels_out)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = _shortcut(channels_in, channels_out, stride)

    def forward(self, x: Tensor) -> Tensor:
        """(B, 4·planes, H/stride, W/stride)."""
        shortcut = x if self.downsample is None else self.downsample(x)
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.relu(self.bn2(self.conv2(x)))
        return self.relu(self.bn3(self.conv3(x)) + shortcut)


class DRNEncoder(Encoder):
    """DRN-D-22, -38 or -54 without its classifier; the output stride is always 8."""

    low, high = "layer3", "layer8"
    rating_stages: ClassVar[dict[str, tuple[str, ...]]] = {
        "six": ("layer3", "layer4", "layer5", "layer6", "layer7", "layer8"),
        "four": ("layer3", "layer4", "layer6", "layer8"),
    }
    """`four`: the stage at 1/4, the first at 1/8, the last residual stage and the final one (our
    choice; Yoo & Kweon do not use this network)."""

    def __init__(self, depth: int, output_stride: int = 8) -> None:
        super().__init__()
        assert output_stride == 8, "the published DRNs have no other"
        block = Bottleneck if depth == 54 else Block
        channels = CHANNELS[0]
        self.layer0 = nn.Sequential(
            nn.Conv2d(3, channels, 7, padding=3, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
        )
        self.stage_channels = {}
        for level, repeats in enumerate(DEPTHS[depth], start=1):
            parts: list[nn.Module] = []
            for index in range(repeats):
                stride = STRIDES[level] if index == 0 else 1
                planes, dilation = CHANNELS[level], DILATIONS[level]
                if level in RESIDUAL:
                    parts.append(block(channels, planes, stride, dilation))
                    channels = planes * block.expansion
                else:
                    parts += [
                        _conv(channels, planes, 3, stride, dilation),
                        nn.BatchNorm2d(planes),
                        nn.ReLU(inplace=True),
                    ]
                    channels = planes
            self.add_module(f"layer{level}", nn.Sequential(*parts))
            if level >= RESIDUAL.start:
                self.stage_channels[f"layer{level}"] = channels
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, image_BDHW: Tensor) -> dict[str, Tensor]:
        """`layer3` (1/4 resolution) and `layer4` to `layer8` (1/8)."""
        stages: dict[str, Tensor] = {}
        x = image_BDHW
        for name, layer in self.named_children():
            x = layer(x)
            if name in self.stage_channels:
                stages[name] = x
        return stages

    def load_published(self, state: Mapping[str, Tensor]) -> None:
        """Load the authors' state dict without its classifier."""
        # It predates batch norm's batch counter, which nothing here reads.
        own = {
            name: state[name] if name in state or not name.endswith("num_batches_tracked") else old
            for name, old in self.state_dict().items()
        }
        self.load_state_dict(own)


def _conv(
    channels_in: int, channels_out: int, kernel: int, stride: int = 1, dilation: int = 1
) -> nn.Conv2d:
    padding = dilation * (kernel // 2)
    return nn.Conv2d(
        channels_in, channels_out, kernel, stride, padding, dilation=dilation, bias=False
    )


def _shortcut(channels_in: int, channels_out: int, stride: int) -> nn.Sequential | None:
    if stride == 1 and channels_in == channels_out:
        return None
    return nn.Sequential(_conv(channels_in, channels_out, 1, stride), nn.BatchNorm2d(channels_out))
