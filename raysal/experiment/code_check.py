"""The code of a user's network is that which a run began with: stored once, compared when it is
resumed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from raysal.errors import RunError
from raysal.experiment.layout import RunLayout
from raysal.experiment.own_files import has_finished_stage, remove_unfinished
from raysal.progress import Watch
from raysal.storage.document import Document
from raysal.storage.foreign import named


class Code(Document):
    """`code.json`: the user's modules that define the network of a run.

    Attributes:
        modules: name and hash of each; see `Network.code`.
    """

    file: ClassVar[str] = "code.json"
    remedy: ClassVar[str] = "remove it to go on with the code as it is"

    modules: dict[str, str]


def check_code(code: Mapping[str, str], layout: RunLayout, watch: Watch) -> None:
    """Store the code of a network, or compare it with the stored one.

    Until a stage of a round is finished, changed code starts the run again.

    Args:
        code: see `Network.code`; empty if raysal has made the network.

    Raises:
        RunError: the code has changed since.
        DataError: the stored hashes are damaged.
    """
    if not code:
        return
    file = layout.root / Code.file
    if file.exists():
        before = Code.read(layout.root).modules
        names = {name for name, _ in before.items() ^ code.items()}
        if not names:
            return
        changed = f"the network's code has changed ({named(sorted(names))})"
        if has_finished_stage(layout):
            raise RunError(
                f"{changed} since {layout.root} was begun; restore it, give this run another name, "
                f"or, if the network computes the same as before, remove {file}"
            )
        watch.say(f"{changed}; starting again")
        remove_unfinished(layout)
    Code(modules=dict(code)).write(layout.root)
