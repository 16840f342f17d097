"""The server of the labelling tool in a process of its own, for pictures that are at hand."""

from __future__ import annotations

import multiprocessing
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from raysal.annotate.asked import Asked, AskedImage
from raysal.annotate.tool.desk import Options
from raysal.annotate.tool.people import People
from raysal.annotate.tool.prepare.guide import Guide, MapSource
from raysal.annotate.tool.serve import bound, serve, url_of
from raysal.annotate.tool.workplace import View, Workplace
from raysal.data.sets.base import Colour
from raysal.errors import RunError

START_S = 120.0
END_S = 15.0
NAME = "bench"


@dataclass(frozen=True)
class Picture:
    """A picture to be labelled wholly.

    Attributes:
        query: a name; pictures of one query have a store of answers.
        file: the encoded image.
        size: (height, width) as it is shown.
    """

    image_id: str
    query: str
    file: Path
    size: tuple[int, int]

    def asked(self) -> AskedImage:
        """As the tool has it."""
        return AskedImage(
            image_id=self.image_id,
            query=self.query,
            size=self.size,
            rectangles=((0, 0, *self.size),),
            path=self.file,
            read=self.file.read_bytes,
        )


@dataclass(frozen=True)
class Place:
    """What is labelled; it can be pickled.

    Attributes:
        root: a folder for answers and prepared layers.
        pictures: in the order in which they are asked for.
        models: the model that helps with a query, by its name; others get no prediction.
    """

    root: Path
    class_names: tuple[str, ...]
    palette: tuple[Colour, ...]
    pictures: tuple[Picture, ...]
    models: tuple[tuple[str, Path], ...] = ()

    def asked(self) -> Asked:
        """As the tool has it."""
        return Asked(
            name=NAME,
            class_names=self.class_names,
            palette=self.palette,
            images=tuple(picture.asked() for picture in self.pictures),
            answers=self.root / "answers",
            model=None,
        )


class PicturesPlace(Workplace):
    """A workplace of pictures."""

    title = "raysal bench"

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.class_names, self.palette = place.class_names, place.palette
        self.folder = place.root / "annotate"
        self._asked = place.asked()
        self._guides = {
            query: Guide(model, "model", map=MapSource()) for query, model in place.models
        }

    def view(self) -> View:
        """All of them, all the time."""
        return View(
            generation=NAME,
            heading=f"{len(self._asked.images)} pictures",
            state="asks",
            text="waits for your labels",
            asked=self._asked,
            guides=self._guides,
        )


@contextmanager
def serving(place: Place) -> Iterator[str]:
    """The link to a server that runs meanwhile.

    Raises:
        RunError: it does not start.
    """
    # A new process: torch must not be forked with its threads, and the server shares no lock of
    # the interpreter with what drives the browser.
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe(duplex=False)
    process = spawn.Process(target=_serve, args=(place, there))
    process.start()
    there.close()
    try:
        try:
            if not here.poll(START_S):
                raise RunError(f"the server did not start within {START_S:.0f} s")
            link = here.recv()
        except EOFError:
            raise RunError("the server ended at its start; what it said stands above") from None
        yield str(link)
    finally:
        here.close()
        process.terminate()
        process.join(END_S)
        if process.is_alive():
            process.kill()
            process.join()


def _serve(place: Place, ready: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one who started it.
    # uvicorn ends, and then sends itself the signal again: what is prepared is to end, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    workplace = PicturesPlace(place)
    people = People(workplace.folder)
    listening = bound("127.0.0.1", 0)
    url = url_of("127.0.0.1", listening.getsockname()[1])
    link = f"{url}/?token={people.invite('bench', again=True)}"
    serve(workplace, people, Options(), listening, url, when_ready=lambda: ready.send(link))
