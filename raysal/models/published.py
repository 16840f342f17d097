"""Weights of an encoder from a file that some other program saved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from raysal.errors import CheckpointError
from raysal.models.state_file import load_state

# Added to names by torch.compile, FSDP and activation checkpointing, at any depth.
WRAPPERS = ("_orig_mod.", "_fsdp_wrapped_module.", "_checkpoint_wrapped_module.")
# Trainers keep weights beside an optimizer, or in a dict of several networks.
MAX_DEPTH = 3
NAMED = 6
# Batch norm's batch counter, which nothing here reads; files of early versions lack it.
COUNTER = "num_batches_tracked"


def read_published(
    file: Path, needed: Mapping[str, Tensor], layout: str, setting: str = "model.weights"
) -> dict[str, Tensor]:
    """The weights of a network's encoder, by their published names.

    They may lie in a dict such as `{"state_dict": ...}`, and all names may have a prefix such as
    `module.`. Half-precision weights become float32.

    Args:
        needed: tensors of the shapes that are needed, by these names.
        layout: of the file, for messages.
        setting: that names the file, for messages.

    Raises:
        CheckpointError: the file is absent or damaged, lacks weights, has several sets of them,
            or holds some that are not finite.
    """
    saved = load_state(file)
    if not isinstance(saved, Mapping):
        raise CheckpointError(
            f"{setting}: {file} holds a {type(saved).__name__}, not a state dict; save "
            "model.state_dict()"
        )
    found = [
        (where, prefix, state)
        for where, state in _state_dicts(saved, "", 0)
        for prefix in _prefixes(state, needed)
    ]
    exact = [one for one in found if not one[0] and not one[1]]
    if len(found) > 1 and not exact:
        places = ", ".join(f"'{where}{prefix}'" for where, prefix, _ in found[:NAMED])
        raise CheckpointError(
            f"{setting}: {file} holds several sets of {layout} weights ({places}); save the "
            "one to use in a file of its own"
        )
    if not found:
        raise CheckpointError(_none_found(file, saved, needed, layout, setting))
    _, prefix, state = (exact or found)[0]
    weights: dict[str, Tensor] = {}
    for published, own in needed.items():
        if published.endswith(COUNTER) and not isinstance(state.get(prefix + published), Tensor):
            weights[published] = own
        else:
            weights[published] = _checked(
                state[prefix + published], own, published, file, layout, setting
            )
    return weights


def _state_dicts(
    saved: Mapping[Any, Any], where: str, depth: int
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The dicts that hold tensors, with their places, outermost first; names without wrappers."""
    if any(isinstance(value, Tensor) for value in saved.values()):
        yield where, {_unwrapped(str(name)): value for name, value in saved.items()}
    if depth < MAX_DEPTH:
        for name, value in saved.items():
            if isinstance(value, Mapping):
                yield from _state_dicts(value, f"{where}{name}.", depth + 1)


def _unwrapped(name: str) -> str:
    for wrapper in WRAPPERS:
        name = name.replace(wrapper, "")
    return name


def _prefixes(state: Mapping[str, Any], needed: Mapping[str, Tensor]) -> list[str]:
    """What to put before the needed names so that all of them are in a state dict."""
    names = [name for name in needed if not name.endswith(COUNTER)]
    possible = [key.removesuffix(names[0]) for key in state if key.endswith(names[0])]
    return [prefix for prefix in possible if all(prefix + name in state for name in names)]


def _none_found(
    file: Path, saved: Mapping[Any, Any], needed: Mapping[str, Tensor], layout: str, setting: str
) -> str:
    dicts = list(_state_dicts(saved, "", 0))
    keys = [f"{where}{name}" for where, state in dicts for name in state] or list(map(str, saved))
    more = f" and {len(keys) - NAMED} more" if len(keys) > NAMED else ""
    missing = next((name for name in needed if name not in keys), next(iter(needed)))
    return (
        f"{setting}: {file} is not a {layout} state dict: '{missing}' is missing; "
        f"its keys are {', '.join(keys[:NAMED]) or 'none'}{more}"
    )


def _checked(value: Any, own: Tensor, name: str, file: Path, layout: str, setting: str) -> Tensor:
    def refuse(what: str) -> CheckpointError:
        return CheckpointError(f"{setting}: {file} is not a {layout} state dict: '{name}' {what}")

    if not isinstance(value, Tensor):
        raise refuse(f"is a {type(value).__name__}, not a tensor")
    if value.layout != torch.strided or value.is_quantized or value.is_meta:
        raise refuse("is sparse, quantized or empty; save plain weights")
    if value.is_floating_point() != own.is_floating_point() or value.is_complex():
        raise refuse(f"has type {value.dtype}, but {own.dtype} is needed")
    if value.shape != own.shape:
        raise refuse(f"has shape {tuple(value.shape)}, but {tuple(own.shape)} is needed")
    if not torch.isfinite(value).all():
        raise CheckpointError(
            f"{setting}: '{name}' in {file} holds NaN or infinite numbers; the file is damaged "
            "or of a failed training, use another"
        )
    return value.detach().to(own.dtype)
