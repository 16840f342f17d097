"""A run that waits for people, and the labelling tool beside it: two processes."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from raysal.annotate.asked import Asked, AskedImage
from raysal.annotate.of_run import asked_of
from raysal.errors import RaysalError
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.layout import RunLayout
from raysal.experiment.own_files import draft_of, rounds_on_disk
from tests.support.drivers import Driver, start
from tests.support.tiny_run import write_config

T = TypeVar("T")
WITHIN_S = 240.0
PAUSE_S = 0.1
_LINK = re.compile(r"open (http://\S+/\?token=\S+)")


@dataclass(frozen=True)
class Beside:
    """The two processes.

    Attributes:
        link: that the tool has printed.
    """

    layout: RunLayout
    run: Driver
    tool: Driver
    link: str

    def asked(self, query: str) -> tuple[Asked, tuple[AskedImage, ...]]:
        """What the run asks for, and the images of one query, as soon as it asks for them."""

        def found() -> tuple[Asked, tuple[AskedImage, ...]] | None:
            self.check()
            if not self._query_file(query).exists():
                return None
            try:
                asked = asked_of(self.layout.root)
            except RaysalError:  # It has not asked yet.
                return None
            images = tuple(image for image in asked.images if image.query == query)
            return (asked, images) if images else None

        return until(found)

    def _query_file(self, query: str) -> Path:
        queries = [*self.layout.first_queries, *rounds_on_disk(self.layout)]
        named = {here.name: here.query_file for here in queries}
        return named.get(query, self.layout.root / "not yet")

    def invite(self, name: str) -> str:
        """A link for somebody."""
        log = self.tool.output.with_name(f"invite-{name}.log")
        asked = start(["annotate", self.layout.root, "--invite", name], log)
        assert asked.ended(WITHIN_S)
        line = re.search(r"http://\S+/\?token=\S+", log.read_text())
        assert line, log.read_text()
        return line[0]

    @contextmanager
    def halted_in(self, stage: Path) -> Iterator[None]:
        """Wait until the run computes a stage, and let it stand still meanwhile."""
        until(lambda: draft_of(stage).exists() or None)
        os.kill(self.run.process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.run.process.pid, signal.SIGCONT)

    def check(self) -> None:
        """Both processes live, or have ended well."""
        assert not self.tool.ended(0), self.tool.output.read_text()
        self.run.ended(0)


def until(found: Callable[[], T | None], within_s: float = WITHIN_S) -> T:
    """What is found, asking again and again."""
    end = time.monotonic() + within_s
    while (value := found()) is None:
        assert time.monotonic() < end, f"not within {within_s:.0f} s"
        time.sleep(PAUSE_S)
    return value


@contextmanager
def beside(config: ExperimentConfig, logs: Path, *options: object) -> Iterator[Beside]:
    """Start both; they are ended afterwards.

    Args:
        options: of `raysal annotate`.
    """
    layout = RunLayout(config.folder)
    file = write_config(logs / "run.yaml", config)
    run = start(["run", file, "--wait"], logs / "run.log")
    processes = [run]
    try:
        until(lambda: run.ended(0) or layout.config.exists() or None)
        tool = serve(layout.root, logs / "tool.log", *options)
        processes.append(tool)
        yield Beside(layout, run, tool, link_in(tool))
    finally:
        for process in processes:
            process.stop()


def serve(root: Path, log: Path, *options: object) -> Driver:
    """Start `raysal annotate`."""
    return start(["annotate", root, "--no-browser", "--port", 0, *options], log)


def link_in(tool: Driver) -> str:
    """The link that the tool prints."""

    def found() -> str | None:
        assert not tool.ended(0), tool.output.read_text()
        line = tool.output.exists() and _LINK.search(tool.output.read_text())
        return line[1] if line else None

    return until(found)
