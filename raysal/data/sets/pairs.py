"""Images and the labels that belong to them, in two trees of files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from raysal.data.sets.base import Item
from raysal.errors import DataError

NAMED = 3


@dataclass(frozen=True)
class Tree:
    """Files of one kind: `<root>/<folder>/<split>/<key><end><suffix>`.

    Image and label belong together if they have the same key.
    """

    folder: str
    """Where the splits lie, below the root of the data set."""
    pattern: str
    """What a split holds: `*` files, `*/*` files in folders."""
    end: str
    """End of every stem, such as `_leftImg8bit`; may be empty."""
    suffixes: tuple[str, ...]
    """Suffixes in lower case, the published one first."""

    def place(self, root: Path, split: str) -> Path:
        """Folder of a split."""
        return root / self.folder / split

    def find(self, root: Path, split: str) -> dict[str, Path]:
        """Files of a split by key; none if there is no such folder.

        Raises:
            DataError: two files that differ in suffix only, and so would share a key.
        """
        place = self.place(root, split)
        found: dict[str, Path] = {}
        for path in sorted(place.glob(self.pattern)):
            known = path.stem.endswith(self.end) and path.suffix.lower() in self.suffixes
            if not known or not path.is_file():
                continue
            key = path.relative_to(place).with_suffix("").as_posix().removesuffix(self.end)
            if key in found:
                raise DataError(f"{found[key]} and {path} would have the same id; remove one")
            found[key] = path
        return found

    def expected(self, root: Path, split: str, key: str) -> str:
        """The file that a key calls for."""
        return str(self.place(root, split) / f"{key}{self.end}{self.suffixes[0]}")


@dataclass(frozen=True)
class Pairs:
    """What a split holds on disk."""

    items: tuple[Item, ...]
    """Images with their labels, by id: the key without its folder."""
    missing_images: tuple[str, ...]
    """Files that ought to be there, for their labels are."""
    missing_labels: tuple[str, ...]
    """Files that ought to be there, for their images are."""


def find_pairs(root: Path, split: str, images: Tree, labels: Tree) -> Pairs:
    """List both trees of a split and put together what belongs together.

    Raises:
        DataError: two images or two labels with the same key.
    """
    image_of, label_of = images.find(root, split), labels.find(root, split)
    items = [
        Item(PurePosixPath(key).name, str(image_of[key]), str(label_of[key]))
        for key in image_of.keys() & label_of.keys()
    ]
    return Pairs(
        tuple(sorted(items, key=lambda item: (item.image_id, item.image))),
        tuple(images.expected(root, split, key) for key in sorted(label_of.keys() - image_of)),
        tuple(labels.expected(root, split, key) for key in sorted(image_of.keys() - label_of)),
    )


def first_few(files: Sequence[str]) -> str:
    """The first files of a list by name, the others by number."""
    more = f" and {len(files) - NAMED} more" if len(files) > NAMED else ""
    return ", ".join(files[:NAMED]) + more
