"""An encoder of timm that gives one vector per image and is never trained.

The driver builds it, checks it and writes it to a file with its weights, from which each worker
reads it once. So workers need neither the internet nor the user's weight file, and all compute with
the same weights, which the digest of the encoder stands for.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from pyarrow import fs
from torch import Tensor, nn

from raysal.config.load import validate
from raysal.config.seed import derive_seed
from raysal.data.pixel_format import PixelFormat
from raysal.errors import CheckpointError, ConfigError, did_you_mean
from raysal.models.checkpoint import digest_of, load_weights
from raysal.models.feature_config import PREFIX, FeatureConfig
from raysal.models.in_channels import adapted, for_rgb
from raysal.models.published import read_published
from raysal.models.state_file import load_state, parse_state
from raysal.storage.uri import join, resolve, shown, write_whole

ENCODER_FILE = "encoder.pt"
KIND, VERSION = "raysal.encoder", 1
KEYS = ("features", "pixels", "state")
REASON_CHARACTERS = 160


class FeatureEncoder(nn.Module):
    """One float32 vector per image.

    Attributes:
        config: `size` is what images are resized to, or None for encoders that read any size.
        pixels: what its input is normalised with: the encoder's own mean and deviation.
    """

    def __init__(self, config: FeatureConfig, net: nn.Module, pixels: PixelFormat) -> None:
        super().__init__()
        self.config, self.net, self.pixels = config, net, pixels
        self._vectors_BD: Tensor | None = None

    def forward(self, image_BDHW: Tensor) -> Tensor:
        """(B, D) float32 from normalised images (B, D, H, W) of any size."""
        size, net = self.config.size, self.net
        if size is not None and tuple(image_BDHW.shape[-2:]) != size:
            image_BDHW = F.interpolate(image_BDHW, size, mode="bilinear", antialias=True)
        features: Tensor = net.forward_features(image_BDHW)  # type: ignore[operator]
        if self.config.pool == "own":
            vectors: Tensor = net.forward_head(features, pre_logits=True)  # type: ignore[operator]
            return vectors.float()
        return _mean(features.float(), net)

    def compute(self, image_BDHW: Tensor) -> None:
        """As `PooledFeatures.compute`; see `vectors_BD`."""
        self._vectors_BD = self(image_BDHW)

    @property
    def vectors_BD(self) -> Tensor:
        """(B, D) float32 of the last `compute`."""
        assert self._vectors_BD is not None, "no forward pass yet"
        return self._vectors_BD

    @property
    def digest(self) -> str:
        """Hash of settings and weights: encoders with equal digests give equal vectors."""
        return digest_of((_described(self.config), self.pixels.dump()), _state(self))

    @property
    def label(self) -> str:
        """Its name and digest, which go with the vectors that it makes."""
        return f"{PREFIX}{self.config.encoder}:{self.digest}"


def build_encoder(
    config: FeatureConfig, seed: int, pixels: PixelFormat, size: tuple[int, int]
) -> FeatureEncoder:
    """The encoder in eval mode, tried on an image of noise.

    Args:
        seed: of the weights, if they are random.
        pixels: how images are read. Pictures, and other images with as many channels as the encoder
            was made for, are normalised with its own mean and deviation; others with those of
            `pixels` if it names them, otherwise with the encoder's average.
        size: (height, width) of the images.

    Raises:
        ConfigError: timm is not installed or has no such encoder, its weights cannot be downloaded,
            or it cannot read such images.
        CheckpointError: the weight file is damaged or of another encoder.
    """
    config.check()
    _check_name(config.encoder)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive_seed(seed, "feature encoder"))
        net = _make(config.encoder, pixels.channels, config.weights == "pretrained")
    if config.weights not in ("pretrained", "none"):
        names = net.state_dict()
        state = read_published(
            Path(config.weights), for_rgb(names, net), config.encoder, "features.weights"
        )
        net.load_state_dict(adapted(state, names, net, pixels.channels))
    config = config.model_copy(update={"size": _set_size(net, config)})
    encoder = FeatureEncoder(config, net, _normalised_with(net, pixels)).eval()
    _try(encoder, size)
    return encoder


def save_encoder(encoder: FeatureEncoder, folder: str) -> None:
    """Write the encoder with its weights into a folder or URI, atomically.

    Raises:
        OSError: no space, no permission, no connection.
    """
    buffer = io.BytesIO()
    about = {
        "kind": KIND, "version": VERSION, "features": _described(encoder.config),
        "pixels": encoder.pixels.dump(), "state": _state(encoder),
    }  # fmt: skip
    torch.save(about, buffer)
    filesystem, path = resolve(folder)
    write_whole(filesystem, join(path, ENCODER_FILE), buffer.getvalue())


def remove_encoder(folder: str) -> None:
    """Remove what `save_encoder` wrote, if it is there: it can be made again."""
    filesystem, path = resolve(folder)
    if filesystem.get_file_info(join(path, ENCODER_FILE)).type == fs.FileType.File:
        filesystem.delete_file(join(path, ENCODER_FILE))


def load_encoder(folder: str, device: str | torch.device = "cpu") -> FeatureEncoder:
    """Read what `save_encoder` wrote, in eval mode.

    Raises:
        CheckpointError: the file is absent, damaged, or of another kind.
        ConfigError: timm is not installed here, or this version has no such encoder.
    """
    raw, where = _read(folder)
    kind = (raw.get("kind"), raw.get("version")) if isinstance(raw, dict) else None
    if kind != (KIND, VERSION) or any(key not in raw for key in KEYS):
        raise CheckpointError(f"{where} is not an encoder of this raysal; run the command again")
    config = validate(FeatureConfig, raw["features"], where)
    pixels = validate(PixelFormat, raw["pixels"], where)
    config.check()
    net = _make(config.encoder, pixels.channels, pretrained=False)
    _set_size(net, config)
    encoder = FeatureEncoder(config, net, pixels).eval()
    load_weights(encoder.net, raw["state"], Path(where))
    encoder.to(device)
    return encoder.to(memory_format=torch.channels_last)


def _read(folder: str) -> tuple[Any, str]:
    """The content of the file, and its name for messages."""
    filesystem, path = resolve(folder)
    if isinstance(filesystem, fs.LocalFileSystem):
        file = Path(path) / ENCODER_FILE
        return load_state(file), str(file)
    where = join(shown(folder), ENCODER_FILE)
    try:
        with filesystem.open_input_stream(join(path, ENCODER_FILE)) as stream:
            return parse_state(stream.read(), Path(where)), where
    except FileNotFoundError:
        raise CheckpointError(f"no encoder at {where}; run the command again") from None


def _check_name(name: str) -> None:
    import timm

    known = timm.list_models()
    if (bare := name.split(".")[0]) not in known:
        hint = did_you_mean(bare, known)
        if "did you mean" not in hint:
            hint = "; timm.list_models() lists them"
        raise ConfigError(f"features.encoder: timm has no '{bare}'{hint}")


def _make(name: str, in_channels: int, pretrained: bool) -> nn.Module:
    """The encoder without its classifier."""
    import timm

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            net: nn.Module = timm.create_model(
                name, pretrained=pretrained, num_classes=0, in_chans=in_channels
            )
    except Exception as error:  # Of timm, torch and huggingface_hub: any kind.
        if pretrained:
            raise ConfigError(
                f"features.weights: the pretrained weights of {name} cannot be loaded "
                f"({_reason(error)}); give the path of a file with the encoder's state dict, or "
                "none"
            ) from error
        raise ConfigError(
            f"features.encoder: {name} cannot be made for {in_channels} channels: {_reason(error)}"
        ) from error
    return net


def _set_size(net: nn.Module, config: FeatureConfig) -> tuple[int, int] | None:
    """Make the encoder read images of the size that is asked for; returns what it will read.

    Raises:
        ConfigError: it cannot.
    """
    described = _described_by_timm(net)
    own = tuple(described["input_size"][1:])
    if not described.get("fixed_input_size"):
        return config.size
    if config.size in (None, own):
        return own
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            net.set_input_size(config.size)  # type: ignore[operator]
    except Exception as error:
        wanted = "x".join(map(str, config.size or ()))
        raise ConfigError(
            f"features.size: {config.encoder} cannot read images of {wanted} ({_reason(error)}); "
            f"leave it out for its own {own[0]}x{own[1]}"
        ) from error
    return config.size


def _described_by_timm(net: nn.Module) -> dict[str, Any]:
    found: dict[str, Any] = dict(net.pretrained_cfg)  # type: ignore[arg-type]
    return found


def _normalised_with(net: nn.Module, pixels: PixelFormat) -> PixelFormat:
    described = _described_by_timm(net)
    own = {name: tuple(map(float, described[name])) for name in ("mean", "std")}
    used = {
        name: _per_channel(own[name], getattr(pixels, name), pixels.channels)
        for name in ("mean", "std")
    }
    return PixelFormat(
        channels=pixels.channels, mean=used["mean"], std=used["std"], decode=pixels.decode
    )


def _per_channel(own: Sequence[float], given: Sequence[float], channels: int) -> tuple[float, ...]:
    if len(own) == channels:
        return tuple(own)
    return tuple(given) or (sum(own) / len(own),) * channels


@torch.inference_mode()
def _try(encoder: FeatureEncoder, size: tuple[int, int]) -> None:
    """Check that the encoder makes one finite vector of an image of noise."""
    name, generator = encoder.config.encoder, torch.Generator().manual_seed(0)
    image_1DHW = torch.randn(1, encoder.pixels.channels, *size, generator=generator)
    try:
        vectors = encoder(image_1DHW)
    except Exception as error:  # Of any network of timm: any kind.
        height, width = encoder.config.size or size
        raise ConfigError(
            f"features.encoder: {name} cannot read images of {height}x{width} ({_reason(error)}); "
            "set another features.size, or choose another encoder"
        ) from error
    if vectors.ndim != 2 or len(vectors) != 1 or not torch.isfinite(vectors).all():
        raise ConfigError(
            f"features.encoder: {name} gives no finite vector per image (shape "
            f"{tuple(vectors.shape)}); set features.pool, or choose another encoder"
        )


def _mean(features: Tensor, net: nn.Module) -> Tensor:
    """(B, D): the mean over the image of a feature map, or of the tokens of its patches."""
    if features.ndim == 3:  # (B, tokens, D)
        return features[:, int(getattr(net, "num_prefix_tokens", 0) or 0) :].mean(1)
    assert features.ndim == 4, features.shape
    last = getattr(net, "output_fmt", "NCHW") == "NHWC"
    return features.mean((1, 2) if last else (2, 3))


def _described(config: FeatureConfig) -> dict[str, Any]:
    """All that decides the vectors besides the weights, wherever these came from."""
    return {**config.dump(), "weights": "none"}


def _state(encoder: FeatureEncoder) -> dict[str, Tensor]:
    state = encoder.net.state_dict()
    return {name: value.detach().cpu().contiguous() for name, value in state.items()}


def _reason(error: Exception) -> str:
    return " ".join(str(error).split())[:REASON_CHARACTERS] or type(error).__name__
