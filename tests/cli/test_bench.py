"""What `raysal bench` prints, and how it ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.table import Table
from typer.testing import CliRunner

from raysal.bench import whole
from raysal.bench.result import Figure, Result
from raysal.cli.bench.present import by_case, number, rows
from raysal.cli.main import app
from raysal.errors import RunError
from raysal.progress import Watch


def cells(table: Table) -> list[tuple[str, ...]]:
    columns = [[str(column.header), *map(str, column.cells)] for column in table.columns]
    return list(zip(*columns, strict=True))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"), (0.01234, "0.0123"), (1.234, "1.23"), (12.34, "12.3"), (123.4, "123"),
        (12_345.6, "12346"), (7.0, "7"), (float("nan"), "-"), (-0.5, "-0.5"),
    ],
)  # fmt: skip
def test_numbers_have_three_digits(value: float, text: str) -> None:
    assert number(value) == text


def test_only_columns_that_say_something() -> None:
    plain = Figure("plain", 2.0, "ms")
    assert cells(rows([plain])) == [("", "median"), ("plain", "2 ms")]
    fast = Figure("fast", 1.0, "ms", 0.5, "plain", (0.9, 1.1), at_most=3)
    missed = Figure("late", 4.0, "ms", at_most=3, at_least=1)
    assert cells(rows([plain, fast, missed])) == [
        ("", "median", "range", "ratio", "target"),
        ("plain", "2 ms", "", "", ""),
        ("fast", "1 ms", "0.9 to 1.10", "0.50 of plain", "at most 3: met"),
        ("late", "4 ms", "", "", "at least 1 and at most 3: MISSED"),
    ]


def test_what_could_not_be_measured_is_a_dash() -> None:
    nan = float("nan")
    figure = Figure("worker", nan, "MiB", nan, "driver", (nan, nan), at_most=3)
    assert cells(rows([figure]))[1] == ("worker", "- MiB", "at most 3: not measured")


def test_cases_and_figures_cross() -> None:
    figures = [
        Figure("time", 1.0, "s", of="few"),
        Figure("memory", 5.0, "MiB", of="few"),
        Figure("time", 3.0, "s", 3.0, "few", of="many"),
        Figure("memory", 6.0, "MiB", of="many"),
    ]
    wide = [
        ("", "time, s", "memory, MiB"), ("few", "1", "5"), ("many", "3 (3.00 of few)", "6"),
    ]  # fmt: skip
    assert cells(by_case(figures)) == wide
    more = [*figures, Figure("files", 8, "", of="few")]
    assert cells(by_case(more)) == [
        ("", "few", "many"),
        ("time, s", "1", "3 (3.00 of few)"),
        ("memory, MiB", "5", "6"),
        ("files", "8", ""),
    ]


Bench = Callable[[str, Watch], Result]


def good(engine: str, watch: Watch) -> Result:
    return Result("good", (Figure("speed", 7.0, "images/s"),), {"engine": engine}, ("a note",))


def fails(error: Exception) -> Bench:
    def bench(engine: str, watch: Watch) -> Result:
        raise error

    return bench


def run_all(
    monkeypatch: pytest.MonkeyPatch, benches: dict[str, Bench], *options: str
) -> tuple[int, str]:
    modules = {f"raysal.bench.{name}": bench for name, bench in benches.items()}
    monkeypatch.setattr(whole, "import_module", lambda name: SimpleNamespace(small=modules[name]))
    monkeypatch.setattr(whole, "BENCHES", tuple(benches))
    ended = CliRunner().invoke(app, ["bench", "all", "--engine", "local", *options])
    return ended.exit_code, ended.output


def test_one_that_fails_does_not_stop_the_others(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    benches = {
        "disk": fails(OSError(28, "No space left on device")),
        "engine": fails(RunError("no run\nhere")),
        "bug": fails(TypeError("what\nis this")),
        "wrong": lambda engine, watch: Result("wrong", (), wrong="the picks differ"),
        "good": good,
    }
    file = tmp_path / "all.json"
    status, out = run_all(monkeypatch, benches, "--json", str(file))
    assert status == 1
    assert "disk failed: no space left" in out
    assert "engine failed: no run here" in out
    assert "bug failed: TypeError: what; see `raysal bench bug --debug`" in out
    assert "WRONG: the picks differ" in out
    assert "raysal bench good: engine local" in out
    assert "7 images/s" in out
    assert "a note" in out
    told = json.loads(file.read_bytes())["benches"]
    assert [each["name"] for each in told] == list(benches)
    assert [bool(each["error"]) for each in told] == [True, True, True, False, False]


def test_when_all_are_good_it_ends_well(monkeypatch: pytest.MonkeyPatch) -> None:
    status, out = run_all(monkeypatch, {"good": good})
    assert status == 0, out
    assert "GiB; " in out, "the machine is not named"
    assert "torch " in out


def test_a_file_in_no_folder_is_refused_before_anything_is_measured(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    status, out = run_all(
        monkeypatch, {"good": good}, "--json", str(tmp_path / "absent" / "all.json")
    )
    assert status != 0
    assert "7 images/s" not in out


@pytest.mark.parametrize("name", whole.BENCHES)
def test_each_has_a_command_and_a_small_size(name: str) -> None:
    ended = CliRunner().invoke(app, ["bench", name, "--help"])
    assert ended.exit_code == 0
    assert "--json" in ended.output
    assert callable(whole._small(name))
