"""A user's own network: any module that turns images (B, D, H, W) into logits (B, C, h, w).

`model.factory` names the function that makes it, as `module:function`. It is called with those of
these keyword arguments that it has parameters for, and with `model.arguments`:

    classes      C, the number of classes; every factory takes this one, or num_classes, as those of
                 torchvision do
    in_channels  D, channels of the images
    size         (height, width) of the images in pixels
    pretrained   False where a checkpoint is about to replace all weights

The module is imported from where Python finds it, or else from the current folder. Its whole
package, or its single file if it is in none, is sent to the machines of a Ray cluster.

The files that define the factory and the classes of the module and of its parts count as settings
of the network: a run, or a folder of scores or predictions, that was begun with other contents of
them is not gone on with. What else these files import does not count, nor do installed packages.

Images come in normalised, and logits may have any resolution. A module may return a mapping with
the logits as `out`, as those of torchvision do.

`model.stages` names submodules, as in `named_modules()`, whose outputs (B, D, h, w) count as the
encoder's stages, first to last; hooks read and change them. They are needed for dropout passes,
rating heads and features.

The hooks cannot run what follows a stage alone, so each of m dropout passes is a whole one.

A child named `encoder` or `backbone` has the encoder's learning rate, and all else
`optim.head_lr_mult` times it. Without such a child, everything has the encoder's.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from raysal.errors import ConfigError, RaysalError, did_you_mean
from raysal.models.config import ModelConfig
from raysal.models.depthwise import replace_depthwise
from raysal.models.network import Alter, Decoded, Network, Passes, Stages
from raysal.models.published import read_published
from raysal.models.travel import hashes, note

# What the network is tried with if the size of the images is not known.
PROBE = (64, 64)
ENCODERS = ("encoder", "backbone")
Hook = Callable[[str, Tensor], Tensor]


class OwnNetwork(Network):
    """A module made by the user's factory; see this file.

    Raises:
        ConfigError: there is no such factory or stage, the factory fails or returns something else,
            or the module does not turn images into logits.
    """

    decodes_alone: ClassVar[bool] = False

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
        offered = {
            "in_channels": in_channels,
            "size": size or PROBE,
            "pretrained": pretrained,
        }
        self.module = make_module(config, classes, offered)
        self._parts = dict(self.module.named_modules())
        for stage in config.stages:
            if stage not in self._parts:
                known = [name for name in self._parts if name]
                raise ConfigError(
                    f"model.stages: the network of {config.factory} has no submodule '{stage}'"
                    f"{did_you_mean(stage, known)[:300]}"
                )
        self.decoder_stages = config.stages
        replace_depthwise(self.module)
        self.stage_channels = self._try(size or PROBE)
        self.add_branches()

    @property
    def code(self) -> Mapping[str, str]:
        """Of the modules that hold the factory and the classes of the network and its parts, with
        their bases; installed packages and raysal are left out."""
        factory = str(self.config.factory)
        names = {factory.partition(":")[0], find_factory(factory).__module__}
        for part in self.module.modules():
            names |= {kind.__module__ for kind in type(part).__mro__}
        own = sorted(name for name in names if name.partition(".")[0] != "raysal")
        return hashes(sys.modules[name] for name in own if name in sys.modules)

    def stages(self, image_BDHW: Tensor) -> Stages:
        """The outputs of the named submodules; everything else runs as well."""
        return self.run(image_BDHW, lambda _, x_BDhw: x_BDhw)[0]

    def decode(self, stages: Stages, size: tuple[int, int]) -> Decoded:
        """Not on its own: `run` and `passes` change stages on their way through the module."""
        raise NotImplementedError("a user's module runs from image to logits in one")

    def run(self, image_BDHW: Tensor, alter: Alter) -> tuple[Stages, Decoded]:
        """One pass; hooks keep the stages and hand on the altered ones."""
        stages: dict[str, Tensor] = {}

        def hook(name: str, x_BDhw: Tensor) -> Tensor:
            stages[name] = x_BDhw
            altered_BDhw = alter(name, x_BDhw)
            # What follows may work in place, as a ReLU often does, and must not change the stage.
            return altered_BDhw.clone() if altered_BDhw is x_BDhw else altered_BDhw

        with self._hooked(hook):
            logits_BChw = self._logits(image_BDHW)
        for name, x_BDhw in stages.items():
            self.show(name, x_BDhw)
        return stages, Decoded(logits_BChw)

    def passes(self, image_1DHW: Tensor) -> Passes:
        """Whole passes, as a batch of the same image."""

        def logits(factors: Sequence[Tensor]) -> Tensor:
            of = dict(zip(self.decoder_stages, factors, strict=True))
            with self._hooked(lambda name, x: x * of[name][:, :, None, None].to(x)):
                return self._logits(image_1DHW.expand(len(factors[0]), -1, -1, -1)).float()

        return logits

    def load_initial_weights(self) -> None:
        """Those of a file, if one is named."""
        weights = self.config.weights
        if weights != "none":
            own = self.module.state_dict()
            layout = f"{self.config.factory} network's"
            self.module.load_state_dict(read_published(Path(weights), own, layout))

    def place(self, device: torch.device | str) -> None:
        """Move to a device. The memory layout stays: `view` in a module may depend on it."""
        self.to(device)

    def parameter_groups(self) -> dict[str, list[nn.Parameter]]:
        """As for any network, with `encoder` or `backbone` of the module as the encoder."""
        parts: dict[str, nn.Module] = dict(self.module.named_children())
        encoders = [parts[name] for name in ENCODERS if name in parts] or [self.module]
        encoder = {id(p) for part in encoders for p in part.parameters()}
        groups = super().parameter_groups()
        both = groups["encoder"] + groups["heads"]
        return {
            "encoder": [p for p in both if id(p) in encoder],
            "heads": [p for p in both if id(p) not in encoder],
            "rating": groups["rating"],
        }

    def _logits(self, image_BDHW: Tensor) -> Tensor:
        output: Any = self.module(image_BDHW.contiguous())
        within = isinstance(output, Mapping) and "out" in output
        logits_BChw: Tensor = output["out"] if within else output
        return logits_BChw

    @contextlib.contextmanager
    def _hooked(self, hook: Hook) -> Iterator[None]:
        def forward_hook(name: str) -> Callable[[nn.Module, Any, Tensor], Tensor]:
            return lambda module, inputs, output: hook(name, output)

        parts = self._parts
        handles = [parts[n].register_forward_hook(forward_hook(n)) for n in self.config.stages]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _try(self, size: tuple[int, int]) -> dict[str, int]:
        """Channels of the stages, from a pass over two images of zeros.

        Raises:
            ConfigError: the module fails, or its output or a stage has another shape.
        """
        factory, height, width = self.config.factory, *size
        channels: dict[str, int] = {}

        def hook(name: str, output: Any) -> Any:
            if not isinstance(output, Tensor) or output.ndim != 4:
                raise ConfigError(
                    f"model.stages: '{name}' of {factory} returns {_what(output)}, not one tensor "
                    "(B, D, h, w); name another submodule"
                )
            channels[name] = output.shape[1]
            return output

        images = torch.zeros(2, self.in_channels, height, width)
        self.module.eval()
        try:
            with torch.no_grad(), self._hooked(hook):
                logits: Any = self._logits(images)
        except RaysalError:
            raise
        except Exception as error:
            raise ConfigError(
                f"model.factory: the network of {factory} fails on images "
                f"{tuple(images.shape)}: {_reason(error)}"
            ) from error
        finally:
            self.module.train()
        if not isinstance(logits, Tensor) or logits.ndim != 4 or logits.shape[:2] != (
            2, self.classes,
        ):  # fmt: skip
            raise ConfigError(
                f"model.factory: the network of {factory} returns {_what(logits)} for images "
                f"{tuple(images.shape)}; needed are logits (2, {self.classes}, h, w)"
            )
        for name in self.config.stages:
            if name not in channels:
                raise ConfigError(
                    f"model.stages: '{name}' of {factory} is not called when the network runs; "
                    "name another submodule"
                )
        return {name: channels[name] for name in self.config.stages}


def make_module(config: ModelConfig, classes: int, offered: dict[str, Any]) -> nn.Module:
    """Call the factory with `classes`, with what it takes of `offered`, and `model.arguments`.

    Raises:
        ConfigError: there is no such factory, it fails, or it returns no module.
    """
    factory = find_factory(str(config.factory))
    taken = _taken(factory, {**offered, "num_classes": classes})
    if "num_classes" not in taken:
        taken["classes"] = classes
    arguments = {**taken, **config.arguments}
    try:
        module = factory(**arguments)
    except RaysalError:
        raise
    except Exception as error:
        given = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
        raise ConfigError(
            f"model.factory: {config.factory}({given}) fails: {_reason(error)}"
        ) from error
    if not isinstance(module, nn.Module):
        raise ConfigError(
            f"model.factory: {config.factory} returns {_what(module)}, not a torch.nn.Module"
        )
    return module


def find_factory(where: str) -> Callable[..., Any]:
    """The function that `module:function` names.

    Raises:
        ConfigError: there is no such module or function, or the module cannot be imported.
    """
    name, _, function = where.partition(":")
    module = _import(name)
    factory = getattr(module, function, None)
    if not callable(factory):
        known = [n for n, value in vars(module).items() if callable(value) and n[0] != "_"]
        raise ConfigError(
            f"model.factory: {name} ({module.__file__}) has no function '{function}'"
            f"{did_you_mean(function, known)[:300]}"
        )
    made: Callable[..., Any] = factory
    return made


def _import(name: str) -> Any:
    here = str(Path.cwd())
    if here not in sys.path and "" not in sys.path:
        sys.path.append(here)  # To stay: what a network imports when it runs lies there, too.
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            raise ConfigError(
                f"model.factory: there is no module '{error.name}' here; install it, put its "
                f"folder on PYTHONPATH, or run in the folder that holds it (this is {here})"
            ) from None
        raise ConfigError(f"model.factory: {name} cannot be imported: {_reason(error)}") from error
    except Exception as error:
        raise ConfigError(f"model.factory: {name} cannot be imported: {_reason(error)}") from error
    note(module)
    return module


def _taken(factory: Callable[..., Any], offered: dict[str, Any]) -> dict[str, Any]:
    """What of `offered` a function has parameters for."""
    try:
        parameters = inspect.signature(factory).parameters.values()
    except (TypeError, ValueError):  # Written in C.
        return {}
    names = {parameter.name for parameter in parameters}
    return {name: value for name, value in offered.items() if name in names}


def _what(value: Any) -> str:
    if isinstance(value, Tensor):
        return f"a tensor {tuple(value.shape)}"
    if isinstance(value, (tuple, list)):
        return f"a {type(value).__name__} of {len(value)}"
    return f"a {type(value).__name__}"


def _reason(error: Exception) -> str:
    """What an exception of other people's code says, in one line."""
    text = " ".join(str(error).split())[:300]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
