"""ONNX files, run by onnxruntime."""

from __future__ import annotations

from importlib.util import find_spec
from math import prod
from typing import Any

import torch
from torch import Tensor

from raysal.errors import CheckpointError, ConfigError
from raysal.models.archive import Archive, InputShape, one_input, read_note, reason

DTYPES = {"tensor(float)": torch.float32, "tensor(float16)": torch.float16}
PROPERTY = "raysal"
CUDA, CPU = "CUDAExecutionProvider", "CPUExecutionProvider"
# Messages of onnxruntime below errors would be printed by it.
ERRORS_ONLY = 3


class OnnxArchive(Archive):
    """A network in an ONNX file, with its weights in the same file.

    Raises:
        ConfigError: onnxruntime is not installed.
        CheckpointError: see `open_archive`.
    """

    def __init__(self, data: bytes) -> None:
        need_onnx("onnxruntime")
        self._data = data
        self._session = self._open(CPU)
        inputs = self._session.get_inputs()
        one_input(len(inputs))
        self._input = inputs[0].name
        self.shape = _shape(inputs[0].shape, inputs[0].type)
        self.note = read_note(self._session.get_modelmeta().custom_metadata_map.get(PROPERTY))
        self.parameters = _parameters(data)

    def run(self, image_BDHW: Tensor) -> Any:
        """On the CPU, or on the GPU if the onnxruntime that is installed can use it."""
        outputs = self._session.run(None, {self._input: image_BDHW.cpu().numpy()})
        tensors = [torch.from_numpy(value).to(image_BDHW.device) for value in outputs]
        return tensors[0] if len(tensors) == 1 else tensors

    def place(self, device: torch.device) -> None:
        """Open it again with the provider for this device, and with torch's number of threads."""
        import onnxruntime

        cuda = device.type == "cuda" and CUDA in onnxruntime.get_available_providers()
        self._session = self._open(CUDA if cuda else CPU)

    def _open(self, provider: str) -> Any:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        options.log_severity_level = ERRORS_ONLY + 1
        try:
            return onnxruntime.InferenceSession(self._data, options, providers=[provider])
        except Exception as error:  # Of onnxruntime's own kinds.
            text = reason(error)
            if "external" in text.lower():
                text += "; write the weights into the same file"
            raise CheckpointError(f"cannot be opened by onnxruntime: {text}") from error


def need_onnx(*packages: str) -> None:
    """Check that packages of the extra `raysal[onnx]` are installed.

    Raises:
        ConfigError: one is not.
    """
    for package in packages:
        if find_spec(package) is None:
            raise ConfigError(f"ONNX needs the package {package}; install 'raysal[onnx]'")


def _shape(sides: list[Any], kind: str) -> InputShape:
    if len(sides) != 4:
        raise CheckpointError(
            f"takes a tensor of {len(sides)} axes; needed is a batch of images (B, 3, H, W)"
        )
    if kind not in DTYPES:
        raise CheckpointError(
            f"takes numbers of type {kind}; needed are normalised images as floating-point numbers"
        )
    # An axis of any length is a name, or None.
    batch, channels, height, width = (n if isinstance(n, int) else None for n in sides)
    return InputShape(batch, channels, height, width, DTYPES[kind])


def _parameters(data: bytes) -> int | None:
    if find_spec("onnx") is None:
        return None
    import onnx

    graph = onnx.load_from_string(data).graph
    return sum(prod(weight.dims) for weight in graph.initializer)
