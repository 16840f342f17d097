"""A network from an archive: logits from images, and nothing else.

It has no stages, no dropout to switch on and no weights to train, so that it serves what needs only
class probabilities. `raysal model wrap` makes a checkpoint with the archive in it, which has the
form of any other checkpoint.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from raysal.errors import CheckpointError, ConfigError
from raysal.models.archive import Archive, reason
from raysal.models.archives import open_archive
from raysal.models.config import ExportedConfig, ModelConfig
from raysal.models.network import Decoded, Network, Passes, Stages

ARCHIVE = "archive"
IMAGE = "image"


class Exported(Network):
    """The network of an archive, which `load_state_dict` opens.

    It computes in the precision that it was exported with.
    """

    archive: Tensor

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
        assert config.exported is not None
        self.exported: ExportedConfig = config.exported
        self.stage_channels = {}
        self.decoder_stages = ()
        self._opened: Archive | None = None
        self._device = torch.device("cpu")
        self.register_buffer(ARCHIVE, torch.empty(0, dtype=torch.uint8))
        self.add_branches()

    # --- From a checkpoint ------------------------------------------------------------------

    def expect(self, state: object) -> None:
        """Make room for the bytes of the archive."""
        stored = state.get(ARCHIVE) if isinstance(state, dict) else None
        if isinstance(stored, Tensor) and stored.dtype == torch.uint8 and stored.ndim == 1:
            self.archive = torch.empty_like(stored)

    def load_state_dict(self, state_dict: Mapping[str, Any], *args: Any, **options: Any) -> Any:
        """Take the bytes of the archive, and open it.

        Raises:
            ConfigError, CheckpointError: see `open_archive`.
        """
        loaded = super().load_state_dict(state_dict, *args, **options)
        try:
            self._opened = open_archive(self.archive.numpy().tobytes(), self.exported.format)
        except CheckpointError as error:
            raise CheckpointError(f"its {self.exported.format} archive {error}") from error
        return loaded

    @property
    def opened(self) -> Archive:
        """The archive."""
        assert self._opened is not None, "no archive yet"
        return self._opened

    @property
    def parameter_count(self) -> int | None:
        """Of the archive."""
        return self.opened.parameters

    @property
    def device(self) -> torch.device:
        """Where it runs."""
        return self._device

    def place(self, device: torch.device | str) -> None:
        """Move the opened archive; its bytes stay where they are."""
        self._device = torch.device(device)
        self.opened.place(self._device)

    # --- As a network -----------------------------------------------------------------------

    def stages(self, image_BDHW: Tensor) -> Stages:
        """Only the image: the archive runs from image to logits in one."""
        return {IMAGE: image_BDHW}

    def decode(self, stages: Stages, size: tuple[int, int]) -> Decoded:
        """The archive's logits, in as many batches as it needs."""
        image_BDHW = stages[IMAGE]
        batch = self.exported.batch
        most = batch.most or len(image_BDHW)
        parts = [
            self._run(some_BDHW, batch.fewest, size)[: len(some_BDHW)]
            for some_BDHW in image_BDHW.split(most)
        ]
        return Decoded(torch.cat(parts))

    def passes(self, image_1DHW: Tensor) -> Passes:
        """There are none."""
        self.need_stages("votes of dropout passes")
        raise AssertionError

    def load_initial_weights(self) -> None:
        """There are none: it is not trained."""

    def need_stages(self, setting: str) -> None:
        """An archive shows no stages.

        Raises:
            ConfigError: always.
        """
        raise ConfigError(
            f"{setting}: needs stages of a network, but an exported model gives class "
            "probabilities only"
        )

    def check_size(self, size: tuple[int, int]) -> None:
        """Whether images of `size` can be processed.

        Raises:
            CheckpointError: they cannot.
        """
        if not self.opened.shape.takes(size):
            raise CheckpointError(
                f"the exported model takes images of {self.opened.shape.sides} (height x width), "
                f"not of {size[0]}x{size[1]}"
            )
        with torch.inference_mode():
            blank = torch.zeros(1, self.in_channels, *size, device=self.device)
            self.decode({IMAGE: blank}, size)

    def _run(self, image_BDHW: Tensor, fewest: int, size: tuple[int, int]) -> Tensor:
        """At least as many logits as there are images, float32."""
        shape = self.opened.shape
        if (lacking := fewest - len(image_BDHW)) > 0:
            image_BDHW = F.pad(image_BDHW, (0, 0, 0, 0, 0, 0, 0, lacking))
        try:
            logits: Any = self.opened.run(image_BDHW.to(shape.dtype).contiguous())
        except Exception as error:  # Of the archive: any kind.
            raise CheckpointError(
                f"the exported model fails on {len(image_BDHW)} images of {size[0]}x{size[1]}: "
                f"{reason(error)}"
            ) from error
        if isinstance(logits, (tuple, list)) and len(logits) == 1:
            logits = logits[0]
        if (
            not isinstance(logits, Tensor)
            or logits.ndim != 4
            or len(logits) != len(image_BDHW)
            or not logits.is_floating_point()
        ):
            raise CheckpointError(
                f"the exported model returns {_what(logits)} for images {tuple(image_BDHW.shape)}; "
                f"needed are logits ({len(image_BDHW)}, {self.classes}, h, w)"
            )
        if logits.shape[1] != self.classes:
            raise CheckpointError(
                f"the exported model has {logits.shape[1]} classes, not {self.classes}"
            )
        return logits.float()


def _what(value: Any) -> str:
    if isinstance(value, Tensor):
        kind = "" if value.is_floating_point() else f" of {str(value.dtype).removeprefix('torch.')}"
        return f"a tensor {tuple(value.shape)}{kind}"
    if isinstance(value, dict):
        return f"a dict with {', '.join(map(str, value))}"[:120]
    if isinstance(value, (tuple, list)):
        return f"{len(value)} values"
    return f"a {type(value).__name__}"
