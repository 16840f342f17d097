"""Archives of `torch.export`.

`torch.export.load` would also run code of an archive: pickled objects, and compiled libraries.
Those are refused, so that opening a model remains free of that risk, as it is for checkpoints.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import math
import warnings
import zipfile
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from raysal.errors import CheckpointError
from raysal.models.archive import NOTE, Archive, InputShape, one_input, read_note, reason

OURS = "extra/" + NOTE
DTYPES = (torch.float32, torch.float16, torch.bfloat16)


class Pt2Archive(Archive):
    """A network as `torch.export.save` wrote it.

    Raises:
        CheckpointError: see `open_archive`.
    """

    def __init__(self, data: bytes) -> None:
        entries = _checked(data)
        self.note = read_note(entries.get(OURS))
        try:
            with _quiet():
                self._program = torch.export.load(io.BytesIO(data))
                self._module = self._program.module()
        except Exception as error:  # Of torch, or of what the file makes it do: any kind.
            raise CheckpointError(f"cannot be opened by torch.export.load: {reason(error)}") from (
                error
            )
        self.parameters = sum(p.numel() for p in self._program.parameters())
        self.shape = _shape(self._program)
        self.place(torch.device("cpu"))

    def run(self, image_BDHW: Tensor) -> Any:
        """In the precision that the archive was exported with."""
        with torch.autocast(image_BDHW.device.type, enabled=False):
            return self._module(image_BDHW)

    def place(self, device: torch.device) -> None:
        """Move the weights, and what the graph makes on a device."""
        from torch.export.passes import move_to_device_pass

        with _quiet():
            self._program = move_to_device_pass(self._program, device)
            self._module = self._program.module()


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without torch's log lines, which repeat what the exception says."""
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _shape(program: Any) -> InputShape:
    names = program.graph_signature.user_inputs
    one_input(len(names))
    nodes = (node for node in program.graph.nodes if node.op == "placeholder")
    value = next(node.meta["val"] for node in nodes if node.name == names[0])
    if not isinstance(value, Tensor) or value.ndim != 4:
        what = f"a tensor of {value.ndim} axes" if isinstance(value, Tensor) else "no tensor"
        raise CheckpointError(f"takes {what}; needed is a batch of images (B, 3, H, W)")
    if value.dtype not in DTYPES:
        raise CheckpointError(
            f"takes numbers of type {str(value.dtype).removeprefix('torch.')}; needed are "
            "normalised images as floating-point numbers"
        )
    batch, channels, height, width = (n if isinstance(n, int) else None for n in value.shape)
    fewest, most = 1, None
    if batch is None:
        limits = program.range_constraints.get(value.shape[0].node.expr)
        if limits is not None:
            fewest = max(1, int(limits.lower))
            most = int(limits.upper) if math.isfinite(float(limits.upper)) else None
    return InputShape(batch, channels, height, width, value.dtype, fewest, most)


def _checked(data: bytes) -> dict[str, bytes]:
    """The small entries of an archive by their names in it, after it was found to be sound.

    Raises:
        CheckpointError: it is damaged, something else, or holds code.
    """
    if not zipfile.is_zipfile(io.BytesIO(data)):
        raise CheckpointError("is no archive of torch.export, or is damaged; see torch.export.save")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            changed = archive.testzip()
            paths = {name.partition("/")[2]: name for name in archive.namelist()}
            entries = {
                inner: archive.read(name)
                for inner, name in paths.items()
                if inner.endswith((".json", ".pt")) or inner == "archive_format"
            }
    except Exception as error:
        raise CheckpointError(f"is damaged: {reason(error)}") from error
    if changed is not None:
        raise CheckpointError(f"is damaged: the content of '{changed}' has changed")
    if "constants.pkl" in paths and any(inner.startswith("code/") for inner in paths):
        raise CheckpointError(
            "is a TorchScript archive; export the module again, with torch.export.export and "
            "torch.export.save"
        )
    if entries.get("archive_format") != b"pt2" or "models/model.json" not in entries:
        raise CheckpointError(
            "is no archive of torch.export; write one with torch.export.save (a state dict or a "
            "pickled module is none)"
        )
    _refuse_code(paths, entries)
    return entries


def _refuse_code(paths: dict[str, str], entries: dict[str, bytes]) -> None:
    from torch.export.pt2_archive import constants

    for inner, content in entries.items():
        if inner.endswith(".pt"):
            try:
                torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
            except Exception as error:
                raise _with_code(inner) from error
        if inner.startswith((constants.WEIGHTS_DIR, constants.CONSTANTS_DIR)):
            for payload in _payloads(content):
                path = str(payload.get("path_name"))
                tensor = path.startswith(
                    (constants.WEIGHT_FILENAME_PREFIX, constants.TENSOR_CONSTANT_FILENAME_PREFIX)
                )
                if payload.get("use_pickle") or not tensor:
                    raise _with_code(path)
    for inner in paths:
        if inner.startswith((constants.AOTINDUCTOR_DIR, constants.EXECUTORCH_DIR)):
            raise _with_code(inner)


def _payloads(content: bytes) -> list[dict[str, Any]]:
    try:
        return list(json.loads(content)["config"].values())
    except (ValueError, KeyError, AttributeError, TypeError):
        return []  # `torch.export.load` says what is wrong.


def _with_code(inner: str) -> CheckpointError:
    return CheckpointError(
        f"holds Python objects or compiled code ({inner}), whose loading could run anything, and "
        "is not loaded; export the network with plain tensors as weights"
    )
