"""Files that the engine keeps while it works: whose they are, and what is read of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from raysal.engine.on_ray.sweep import MARK, _scratch
from raysal.engine.on_ray.train import _Progress
from raysal.errors import RunError
from raysal.training.job import EpochReport


def test_records_of_tune(tmp_path: Path) -> None:
    folder = tmp_path / ".tune"
    for left in (None, "a killed sweep", "a kill at its start"):
        if left is not None:
            folder.mkdir()
            (folder / "x").mkdir()
        if left == "a killed sweep":
            (folder / MARK).touch()
        elif left is not None:
            (folder / "x").rmdir()
        with _scratch(folder) as notes:
            assert sorted(path.name for path in folder.iterdir()) == ["notes", MARK]
            assert list(notes.iterdir()) == []
        assert not folder.exists()


@pytest.mark.parametrize("name", [".tune", ".tune/mine.txt", ".tune/notes/mine.json"])
def test_a_folder_of_the_user_stays(name: str, tmp_path: Path) -> None:
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("mine")
    with pytest.raises(RunError, match=r"but raysal did not make it"), _scratch(tmp_path / ".tune"):
        raise AssertionError
    assert file.read_text() == "mine"


def test_lines_that_are_no_epochs_are_passed_over(tmp_path: Path) -> None:
    told: list[EpochReport] = []
    file = tmp_path / "progress.jsonl"
    progress = _Progress(file, told.append)
    progress.pass_on()
    one = b'{"epoch": 1, "epochs": 3, "loss": 0.5, "val_miou": null}\n'
    file.write_bytes(one + b"\xff\xfe\n[]\n" + b'{"epoch": "x"}\n{"epo' + one + one[:-9])
    progress.pass_on()
    assert told == [EpochReport(1, 3, 0.5, None)]
    with file.open("ab") as end:
        end.write(one[-9:])
    progress.pass_on()
    assert told == [EpochReport(1, 3, 0.5, None)] * 2
