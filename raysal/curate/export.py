"""Export a trained model for other programs: its logits from normalised images."""

from __future__ import annotations

import io
import json
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from raysal.curate.wrap import relative_difference
from raysal.errors import CheckpointError, ConfigError
from raysal.experiment.integrity import check_model_stage
from raysal.models.archive import NOTE, reason
from raysal.models.archive_onnx import PROPERTY, need_onnx
from raysal.models.archives import Format, open_archive
from raysal.models.checkpoint import LoadedModel, load_model
from raysal.models.network import Network
from raysal.storage.atomic import write_bytes

TOLERANCE = 1e-3
"""Largest difference of the logits, relative to the largest logit, at which a file is written."""
# The batch that is traced. Of these sizes, others are compared.
TRACED = 2
COMPARED = (1, 2, 3)


@dataclass(frozen=True)
class ExportedFile:
    """What was written.

    Attributes:
        difference: largest difference between the logits of the model and those of the file, by
            the largest logit.
        note: what the file says about the model.
    """

    file: Path
    difference: float
    note: dict[str, Any]


class Logits(nn.Module):
    """A network's logits (B, C, H, W) at input size, without its branches."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        network.difficulty = network.rating = None
        self.network = network

    def forward(self, image: Tensor) -> Tensor:
        """From normalised images (B, D, H, W)."""
        logits: Tensor = self.network(image).logits_BCHW
        return logits


def export_model(model: Path, kind: Format, out: Path) -> ExportedFile:
    """Write a model's network as an archive of `torch.export`, or as ONNX.

    Its input `image` is a batch of any number of normalised images, float32 (B, D, H, W) of the
    model's size. Classes, size, mean and deviation are written into the file as JSON: as the extra
    file `raysal.json`, or as the metadata property `raysal`.

    Raises:
        ConfigError: a package is not installed.
        CheckpointError: the model is absent or damaged, it cannot be exported, or the logits of the
            file differ by more than `TOLERANCE`.
    """
    if kind == "onnx":
        need_onnx("onnxruntime", "onnx", "onnxscript")
    if out.is_dir():
        raise ConfigError(f"--out: {out} is a folder; give the name of a file")
    check_model_stage(model)
    loaded = load_model(model)
    if not loaded.config.info.trained:
        raise CheckpointError(f"{model} is an exported model already")
    note = _note(loaded)
    logits = Logits(loaded.model).eval()
    logits.to(memory_format=torch.contiguous_format)
    encode: Callable[..., bytes] = _onnx if kind == "onnx" else _pt2
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            data = encode(_traced(logits, loaded), json.dumps(note))
    except Exception as error:  # Of torch's compiler, or of onnxscript: any kind.
        raise CheckpointError(f"{model} cannot be exported as {kind}: {reason(error)}") from error
    difference = _difference(logits, data, kind, loaded)
    if not difference <= TOLERANCE:
        raise CheckpointError(
            f"the logits of the {kind} file differ from the model's by {difference:.2g} of the "
            f"largest logit, more than {TOLERANCE:g}; it is not written"
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(out, data)
    return ExportedFile(out, difference, note)


def _note(loaded: LoadedModel) -> dict[str, Any]:
    mean, std = loaded.pixels.normal
    return {
        "classes": list(loaded.class_names),
        "palette": [list(colour) for colour in loaded.palette],
        "size": list(loaded.size),
        "mean": list(mean),
        "std": list(std),
        "normalised": "each channel on a scale of 0 to 1, less its mean, by its deviation (std)",
        "pixels": loaded.pixels.dump(),
        "model": loaded.digest,
    }


def _noise(count: int, loaded: LoadedModel) -> Tensor:
    random = torch.Generator().manual_seed(count)
    return torch.randn(count, loaded.model.in_channels, *loaded.size, generator=random)


def _traced(logits: Logits, loaded: LoadedModel) -> Any:
    batch = torch.export.Dim("batch", min=1)
    with torch.no_grad():
        return torch.export.export(
            logits, (_noise(TRACED, loaded),), dynamic_shapes={"image": {0: batch}}
        )


def _pt2(program: Any, note: str) -> bytes:
    buffer = io.BytesIO()
    torch.export.save(program, buffer, extra_files={NOTE: note})
    return buffer.getvalue()


def _onnx(program: Any, note: str) -> bytes:
    made: Any = torch.onnx.export(
        program, dynamo=True, external_data=False, verbose=False, output_names=["logits"]
    )
    made.model.metadata_props[PROPERTY] = note
    data: bytes = made.model_proto.SerializeToString()
    return data


@torch.inference_mode()
def _difference(logits: Logits, data: bytes, kind: Format, loaded: LoadedModel) -> float:
    opened = open_archive(data, kind)
    found = 0.0
    for count in COMPARED:
        images = _noise(count, loaded)
        found = max(found, relative_difference(logits(images), opened.run(images)))
    return found
