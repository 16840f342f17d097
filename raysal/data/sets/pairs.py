"""Find images and their labels in two folders with the same structure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from raysal.data.sets.base import Item
from raysal.data.walk import is_hidden
from raysal.errors import DataError

NAMED = 3


@dataclass(frozen=True)
class Tree:
    """Where the images, or the labels, are: `<root>/<folder>/<split>/<key><end><suffix>`.

    An image and a label with the same key belong together.
    """

    folder: str
    """Folder of the splits, relative to the root of the data set."""
    pattern: str
    """Files of a split: `*`, or `*/*` for files in subfolders."""
    end: str
    """End of every stem, such as `_leftImg8bit`; may be empty."""
    suffixes: tuple[str, ...]
    """Allowed suffixes in lower case, first the one of the published files."""

    def place(self, root: Path, split: str) -> Path:
        """Folder of a split."""
        return root / self.folder / split

    def find(self, root: Path, split: str) -> dict[str, Path]:
        """Files of a split by key; empty if its folder does not exist.

        Raises:
            DataError: two files differ only in their suffixes, so they would have the same key.
        """
        place = self.place(root, split)
        found: dict[str, Path] = {}
        for path in sorted(place.glob(self.pattern)):
            known = path.stem.endswith(self.end) and path.suffix.lower() in self.suffixes
            inside = path.relative_to(place)
            if not known or any(map(is_hidden, inside.parts)) or not path.is_file():
                continue
            key = inside.with_suffix("").as_posix().removesuffix(self.end)
            if key in found:
                raise DataError(f"{found[key]} and {path} would have the same id; remove one")
            found[key] = path
        return found

    def expected(self, root: Path, split: str, key: str) -> str:
        """Path of the file that belongs to a key."""
        return str(self.place(root, split) / f"{key}{self.end}{self.suffixes[0]}")


@dataclass(frozen=True)
class Pairs:
    """The files of a split."""

    items: tuple[Item, ...]
    """Images with labels, ordered by id, which is the key without its folder."""
    missing_images: tuple[str, ...]
    """Expected image files of labels that have none."""
    missing_labels: tuple[str, ...]
    """Expected label files of images that have none."""


def find_pairs(root: Path, split: str, images: Tree, labels: Tree) -> Pairs:
    """List the images and labels of a split and match them.

    Raises:
        DataError: two images or two labels have the same key.
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
    """The first files of a list, and how many more there are."""
    more = f" and {len(files) - NAMED} more" if len(files) > NAMED else ""
    return ", ".join(files[:NAMED]) + more
