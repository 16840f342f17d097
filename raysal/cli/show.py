"""The console under its former name; see `raysal.cli.terminal`."""

from __future__ import annotations

from raysal.cli.terminal import SafeConsole, Terminal, console, duration, from_here

__all__ = ["SafeConsole", "Terminal", "console", "duration", "from_here"]
