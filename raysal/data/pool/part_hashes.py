"""A list of the hashes of finished parts, by which damage at rest is noticed."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from pyarrow import fs

from raysal.data.pool.parts import finished_parts
from raysal.errors import RunError
from raysal.storage.seal import hash_bytes, is_intact, sealed
from raysal.storage.uri import join, resolve, shown, write_whole

READS = 16


@dataclass(frozen=True)
class PartHashes:
    """The list in one folder of parts.

    Attributes:
        folder: folder or URI.
        file: name of the list.
        command: that makes a part again which is missing, for messages.
    """

    folder: str
    file: str
    command: str

    def write(self) -> None:
        """Hash every part and write the list, atomically."""
        hashes = dict(self._hashes())
        filesystem, path = resolve(self.folder)
        text = json.dumps(sealed({"version": 1, "parts": hashes}), indent=0) + "\n"
        write_whole(filesystem, join(path, self.file), text.encode())

    def check(self) -> None:
        """Check that the parts are as they were written, as far as they are listed.

        Folders of earlier versions have no list, and parts written since it was dropped are not
        in one.

        Raises:
            RunError: a part or the list is damaged.
        """
        listed = self._listed()
        for name, found in self._hashes(listed) if listed else ():
            if listed[name] != found:
                raise RunError(
                    f"{shown(self.folder)}/{name} is damaged: its content has changed; remove this "
                    f"file and run its '{self.command}' again"
                )

    def drop(self) -> None:
        """Remove the list, before parts are written again."""
        filesystem, path = resolve(self.folder)
        if filesystem.get_file_info(join(path, self.file)).type == fs.FileType.File:
            filesystem.delete_file(join(path, self.file))

    def _listed(self) -> dict[str, str]:
        filesystem, path = resolve(self.folder)
        try:
            with filesystem.open_input_stream(join(path, self.file)) as stream:
                values = json.loads(stream.read())
            parts = values["parts"] if is_intact(values) else None
        except FileNotFoundError:
            return {}
        except (ValueError, KeyError, TypeError):
            parts = None
        if not isinstance(parts, dict):
            raise RunError(
                f"{shown(self.folder)}/{self.file} is damaged; if the parts are not, remove it: "
                "they are then not checked"
            )
        return parts

    def _hashes(self, among: Collection[str] | None = None) -> Iterator[tuple[str, str]]:
        """The name and hash of each part that is there, or of those among some names."""
        filesystem, path = resolve(self.folder)
        names = sorted(finished_parts(self.folder))

        def read(name: str) -> tuple[str, str]:
            with filesystem.open_input_stream(join(path, name)) as stream:
                return name, hash_bytes(stream.read())

        with ThreadPoolExecutor(READS) as threads:
            yield from threads.map(read, (n for n in names if among is None or n in among))
