"""Open exported networks: archives of `torch.export` (pt2) and ONNX files."""

from __future__ import annotations

from typing import Literal

from raysal.models.archive import Archive

Format = Literal["pt2", "onnx"]


def open_archive(data: bytes, kind: Format) -> Archive:
    """Open an archive on the CPU.

    Raises:
        CheckpointError: it is damaged, of another kind, or cannot be opened here; the message
            starts with a verb.
    """
    if kind == "onnx":
        from raysal.models.archive_onnx import OnnxArchive

        return OnnxArchive(data)
    from raysal.models.archive_pt2 import Pt2Archive

    return Pt2Archive(data)
