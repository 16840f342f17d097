"""Networks of segmentation-models-pytorch (smp): many architectures on many encoders.

Stages are smp's features of the encoder, `f1` to `f5` (of DPT `f1` to `f4`), each at half the
resolution of the one before; those that an encoder leaves empty are left out. Logits are taken
before smp enlarges them to the size of the image, so that scoring them stays cheap.

An image whose sides the encoder cannot divide is padded at its right and lower edge, by repeating
its last pixels, and the logits are cropped.
"""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import Any

import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from raysal.errors import ConfigError, did_you_mean
from raysal.models.config import ModelConfig
from raysal.models.depthwise import replace_depthwise
from raysal.models.in_channels import adapted, for_rgb
from raysal.models.layers import resize
from raysal.models.network import Decoded, Network, Stages
from raysal.models.published import read_published

# Arguments that raysal sets itself; `activation` would turn logits into something else.
OURS = ("encoder_name", "encoder_weights", "in_channels", "classes", "activation", "aux_params")
IMAGE, PREFIX = "image", "prefix"
# Which features an architecture's decoder reads, counted from the last, where not all are.
LAST_READ = {"pspnet": (-1,), "deeplabv3": (-1,), "fpn": (-4, -3, -2, -1)}
PYRAMID = ("f2", "f3", "f4", "f5")
READ = {"deeplabv3plus": ("f2", "f5"), "pan": PYRAMID, "upernet": PYRAMID}


class SMPNetwork(Network):
    """Encoder, decoder and the convolution of the segmentation head of an smp model.

    Raises:
        ConfigError: smp has no such encoder, or cannot put these parts together.
    """

    def __init__(
        self,
        config: ModelConfig,
        classes: int,
        in_channels: int = 3,
        *,
        size: tuple[int, int] | None = None,
        pretrained: bool = True,
    ) -> None:
        super().__init__(config, classes, in_channels)
        whole = make_smp(config, classes, in_channels)
        self.encoder, self.decoder = whole.encoder, whole.decoder
        head = whole.segmentation_head
        # DPT calls its layers before the enlargement `head`; the others are a sequence.
        self.classify = head.head if hasattr(head, "head") else head[0]
        self.tokens = config.arch == "dpt"
        self.multiple = _divisor(whole)
        channels = list(self.encoder.out_channels)[0 if self.tokens else 1 :]
        self.names = [f"f{index}" for index in range(1, len(channels) + 1)]
        self.stage_channels = {
            name: count for name, count in zip(self.names, channels, strict=True) if count
        }
        self.decoder_stages = _read(str(config.arch), list(self.stage_channels))
        replace_depthwise(self)
        self.add_branches()

    def stages(self, image_BDHW: Tensor) -> Stages:
        """The features by name, the padded image, and a vision transformer's other tokens."""
        height, width = image_BDHW.shape[-2:]
        down, across = -height % self.multiple, -width % self.multiple
        if down or across:
            image_BDHW = F.pad(image_BDHW, (0, across, 0, down), mode="replicate")
        if not self.tokens:
            first, *features = self.encoder(image_BDHW)
            return {IMAGE: first, **dict(zip(self.names, features, strict=True))}
        features, prefixes = self.encoder(image_BDHW)
        stages = dict(zip(self.names, features, strict=True))
        for name, prefix in zip(self.names, prefixes, strict=True):
            if prefix is not None:
                stages[PREFIX + name] = prefix
        return {IMAGE: image_BDHW, **stages}

    def decode(self, stages: Stages, size: tuple[int, int]) -> Decoded:
        """Logits at the decoder's resolution; at the image's own if it was padded."""
        features = [stages[name] for name in self.names]
        if self.tokens:
            decoded = self.decoder(features, [stages.get(PREFIX + name) for name in self.names])
        else:
            decoded = self.decoder([stages[IMAGE], *features])
        logits_BChw = self.classify(decoded)
        padded = (stages[IMAGE].shape[-2], stages[IMAGE].shape[-1])
        if padded != size:
            logits_BChw = resize(logits_BChw, padded)[..., : size[0], : size[1]]
        return Decoded(logits_BChw)

    def load_initial_weights(self) -> None:
        """The encoder's weights: smp's or timm's, downloaded once, or those of a file."""
        config = self.config
        if config.weights == "none":
            return
        if config.weights == "imagenet":
            pretrained = make_smp(config, self.classes, self.in_channels, weights="imagenet")
            self.encoder.load_state_dict(pretrained.encoder.state_dict())
            return
        # A timm encoder is a module `model` in smp's, and its file knows nothing of that.
        encoder = self.encoder.model if str(config.encoder).startswith("tu-") else self.encoder
        names = encoder.state_dict()
        state = read_published(Path(config.weights), for_rgb(names, encoder), config.layout)
        nn.Module.load_state_dict(encoder, adapted(state, names, encoder, self.in_channels))


def make_smp(
    config: ModelConfig, classes: int, in_channels: int, weights: str | None = None
) -> Any:
    """A network of smp.

    Args:
        weights: `imagenet`, or None for random ones.

    Raises:
        ConfigError: it cannot be made, or its weights cannot be downloaded.
    """
    import segmentation_models_pytorch as smp

    if wrong := sorted(set(config.arguments) & set(OURS)):
        raise ConfigError(f"model.arguments: raysal sets {wrong[0]} itself; remove it")
    if config.arch == "dpt" and "dynamic_img_size" not in config.arguments:
        attempts: tuple[dict[str, Any], ...] = ({"dynamic_img_size": True}, {})
    else:
        attempts = ({},)
    error: Exception | None = None
    for more in attempts:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return smp.create_model(
                    str(config.arch),
                    encoder_name=str(config.encoder),
                    encoder_weights=weights,
                    in_channels=in_channels,
                    classes=classes,
                    **{**more, **config.arguments},
                )
        except Exception as raised:  # Of timm, torch and huggingface_hub: any kind.
            error = error if error is not None and not more else raised
            if not isinstance(raised, TypeError):
                break
    reason = " ".join(str(error).split())[:200] or type(error).__name__
    if weights is not None:
        raise ConfigError(
            f"model.weights: the ImageNet weights of {config.encoder} cannot be loaded ({reason}); "
            "give the path of a file with the encoder's state dict, or none"
        ) from error
    if hint := _unknown_encoder(str(config.encoder)):
        raise ConfigError(f"model.encoder: {hint}") from error
    raise ConfigError(
        f"model.arch={config.arch} with model.encoder={config.encoder} cannot be made: {reason}"
    ) from error


def _unknown_encoder(name: str) -> str | None:
    """What is wrong with an encoder's name; None if it is known."""
    import segmentation_models_pytorch as smp
    import timm

    if name.startswith("tu-"):
        bare = name.removeprefix("tu-").split(".")[0]
        if bare in timm.list_models():
            return None
        return f"timm has no '{bare}'" + (did_you_mean(bare, timm.list_models())[:200])
    if name in smp.encoders.encoders:
        return None
    known: list[str] = list(smp.encoders.encoders)
    hint = did_you_mean(name, known)
    if "did you mean" not in hint:
        hint = "; see its table of encoders, or give tu- and the name of one of timm"
    return f"segmentation-models-pytorch has no '{name}'{hint}"


def _divisor(whole: Any) -> int:
    """What the sides of an image must be multiples of."""
    if not whole.requires_divisible_input_shape:
        return 1
    stride = int(whole.encoder.output_stride)
    # DPT also brings the tokens of a transformer to 1/32 of the image.
    return math.lcm(stride, 32) if hasattr(whole.encoder, "has_prefix_tokens") else stride


def _read(arch: str, names: list[str]) -> tuple[str, ...]:
    """The features that the decoder of an architecture reads."""
    if arch in LAST_READ:
        return tuple(names[index] for index in LAST_READ[arch] if -index <= len(names))
    return tuple(name for name in names if name in READ.get(arch, names))
