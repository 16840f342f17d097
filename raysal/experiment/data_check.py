"""The data of a run are those that it began with: stored once, compared when it is resumed."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from raysal.data.identity import Change, Identity, changes, identify, shared_contents
from raysal.data.identity_file import read_identity, write_identity
from raysal.data.sets.base import SPLITS, Dataset
from raysal.errors import RunError
from raysal.experiment.check import Items
from raysal.experiment.layout import RunLayout
from raysal.experiment.own_files import has_finished_stage, remove_unfinished
from raysal.progress import Silent, Watch


@dataclass(frozen=True)
class RunData:
    """The images and masks of a run.

    Attributes:
        identity: of those that it works with, as it is stored.
        added: ids of images that came to the train split since.
        gone: ids of images of the pool that are not in the train split any more.
    """

    identity: Identity
    added: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()


def check_data(dataset: Dataset, items: Items, layout: RunLayout, watch: Watch) -> RunData:
    """Store the ids and contents of images and masks, or compare them with the stored ones.

    Until a stage of a round is finished, changed data start the run again. After that, images may
    be added to the train split or taken from it; see `raysal.experiment.grow`. Data that are drawn
    from the settings, which are compared elsewhere, are not stored.

    Raises:
        RunError: other images or masks have changed since.
        DataError: the stored identity is damaged.
    """
    data = _Data(dataset, items)
    if data.drawn:
        return RunData(data.identify(Silent()))
    if not layout.data_identity.exists():
        if layout.pool.exists():
            watch.say(
                f"{layout.root} was begun by a version of raysal that did not store which images "
                "and masks it used; those that are there now are stored and compared from now on"
            )
        return RunData(_begin(data, layout, watch))
    before = read_identity(layout.data_identity)
    now = data.identify(watch, before)
    found = changes(before, now)
    if not has_finished_stage(layout):
        return RunData(_start_again(data, layout, watch, found) if found else before)
    pool = [c for c in found if c.split == "train" and c.what in ("new", "gone")]
    if len(pool) < len(found):
        raise RunError(
            f"{layout.root} was begun with other data: {_named(found)}; restore the data, or give "
            "this run another name to begin with the data as they are"
        )
    if gone := [change for change in pool if change.what == "gone"]:
        watch.say(f"{_named(gone)}: set aside; what was labelled stays labelled")
    kept = {
        split: {i: now.get(split, {}).get(i, known) for i, known in of_split.items()}
        for split, of_split in before.items()
    }
    if kept != before:  # Copied, with other modification times: next time they are not read again.
        write_identity(layout.data_identity, kept)
    added = (change.ids for change in pool if change.what == "new")
    return RunData(kept, frozenset(itertools.chain.from_iterable(added)))


@dataclass(frozen=True)
class _Data:
    """A data set and what it lists."""

    dataset: Dataset
    items: Items

    @property
    def drawn(self) -> bool:
        """Whether there are no files."""
        if self.dataset.corrections is not None:
            return False
        first = next(item for split in SPLITS for item in self.items[split])
        return self.dataset.drawn_from(first) is not None

    def identify(self, watch: Watch, known: Identity | None = None) -> Identity:
        """As `identify`, with its progress."""
        watch.start("check data", sum(map(len, self.items.values())))
        identity = identify(self.dataset, known, watch.advance, self.items)
        watch.finish()
        return identity


def _begin(data: _Data, layout: RunLayout, watch: Watch) -> Identity:
    identity = data.identify(watch)
    for shared in shared_contents(identity):
        watch.say(f"{data.dataset.name}: {shared}")
    write_identity(layout.data_identity, identity)
    return identity


def _start_again(data: _Data, layout: RunLayout, watch: Watch, found: Sequence[Change]) -> Identity:
    if layout.pool.exists():
        watch.say(f"the data have changed ({_named(found)}); starting again")
    remove_unfinished(layout)
    return _begin(data, layout, watch)


def _named(found: Sequence[Change]) -> str:
    return "; ".join(str(change) for change in found)
