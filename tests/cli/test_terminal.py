"""Progress lines in the absence of a terminal."""

from __future__ import annotations

import pytest
from rich.table import Table

from raysal.cli.terminal import SafeConsole, Terminal, duration
from raysal.data.text import printable


@pytest.mark.parametrize(("seconds", "text"), [
    (0.2, "0 s"), (89, "89 s"), (95, "2 min"), (1800, "30 min"), (5399, "90 min"),
    (5400, "1.5 h"), (90000, "25.0 h"),
])  # fmt: skip
def test_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_lines_with_speed_and_time_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The speed is that since the last line, because workers take a while to start."""
    clock = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])  # Simulated minutes.
    watch = Terminal()
    watch.start("score", 1000)
    for clock[0], steps in ((10.0, 20), (40.0, 40), (50.0, 70), (80.0, 330), (200.0, 0)):
        watch.advance(steps)
    watch.finish()
    watch.start("read", None)
    clock[0] = 240.0
    watch.advance(80)
    assert capsys.readouterr().out.splitlines() == [
        "score: 60 of 1000, 1.5/s, 10 min left",
        "score: 460 of 1000, 10.0/s, 54 s left",
        "score: 460 of 1000, 0.0/s",
        "read: 80, 2.0/s",
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mb\x07", "a\\x1b[31mb\\x07"),
        ("a\rb\x9bc\x7f", "a\\rb\\x9bc\\x7f"),
        ("dog:x:[bold]cat", "dog:x:[bold]cat"),
        ("a\u202eb\u2066", "a\\u202eb\\u2066"),
        ("caf\udce9", "caf\\udce9"),
        ("天空 é\nc", "天空 é\nc"),
    ],
)
def test_texts_of_strangers(text: str, shown: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert printable(text) == shown
    for console in (SafeConsole(), SafeConsole(stderr=True)):
        console.print(text)
    printed = capsys.readouterr()
    assert printed.out == printed.err
    assert printed.out.rstrip("\n") == shown
    SafeConsole().print(_table(text))
    assert not set(capsys.readouterr().out) & set("\x1b\x07\r\x9b\x7f\u202e\udce9")


def _table(cell: str) -> Table:
    table = Table("id")
    table.add_row(cell)
    return table
