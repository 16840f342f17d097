"""The server of the labelling tool with made-up images, and browsers of several people."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from httpx import Response

from raysal.annotate.asked import Asked, AskedImage
from raysal.annotate.tool.app import make_app
from raysal.annotate.tool.desk import Desk, Options
from raysal.annotate.tool.door import Door
from raysal.annotate.tool.guard import Patience
from raysal.annotate.tool.people import People
from raysal.annotate.tool.workplace import Past, RunState, View, Workplace, key_of
from raysal.data.answers import Answer, AnswerStore
from tests.support.asgi_client import Client
from tests.support.asked_images import asked_for


class MadeUp(Workplace):
    """Images that are asked for, made up.

    Attributes:
        asked, generation, state, text, past: may be changed while it is served.
        closed: queries whose answers have been taken.
    """

    def __init__(self, folder: Path, images: Sequence[AskedImage] | None = None) -> None:
        super().__init__()
        self.asked: Asked = asked_for(folder, images)
        self.title = "mine"
        self.class_names, self.palette = self.asked.class_names, self.asked.palette
        self.folder = folder / "annotate"
        self.generation = "1"
        self.state: RunState = "asks"
        self.text, self.past = "waits for your labels", Past()
        self.closed: set[str] = set()

    def view(self) -> View:
        return View(self.generation, "made up", self.state, self.text, self.asked, past=self.past)

    def is_open(self, image: AskedImage) -> bool:
        return image.query not in self.closed


@dataclass
class Served:
    """A server in this process.

    Attributes:
        slept: seconds for which answers to wrong tokens were delayed.
    """

    desk: Desk
    app: Any
    slept: list[float] = field(default_factory=list)

    @property
    def images(self) -> tuple[AskedImage, ...]:
        return self.desk.view(now=True).asked.images

    def key(self, index: int = 0) -> str:
        return key_of(self.images[index])

    def stored(self, index: int = 0) -> Answer | None:
        image = self.images[index]
        return self.desk.store(image).current(image.image_id)

    def store(self, index: int = 0) -> AnswerStore:
        return self.desk.store(self.images[index])

    def stranger(self) -> Client:
        """A browser without a token."""
        return Client(self.app)

    def person(self, name: str = "Ann", reviewer: bool = False) -> Browser:
        """A browser of somebody who came by a link."""
        token = self.desk.people.invite(name, reviewer, again=True)
        client = self.stranger()
        client.headers["cookie"] = f"{Door(self.desk, Patience()).cookie}={token}"
        return Browser(self, client, name, f"tab of {name}")


@dataclass
class Browser:
    """What the page does."""

    served: Served
    client: Client
    name: str
    session: str
    bases: dict[str, int] = field(default_factory=dict)

    def tab(self, session: str) -> Browser:
        """Another tab of the same person."""
        return Browser(self.served, self.client, self.name, session)

    def get(self, path: str, **options: Any) -> Response:
        return self.client.get(f"/api/{path}", **options)

    def queue(self) -> dict[str, Any]:
        return dict(self.get("queue").json())

    def entry(self, index: int = 0) -> dict[str, Any]:
        return dict(self.queue()["images"][index])

    def about(self, index: int = 0) -> dict[str, Any]:
        return dict(self.get(f"images/{self.served.key(index)}").json())

    def raster(self, index: int = 0) -> np.ndarray | None:
        found = self.get(f"images/{self.served.key(index)}/answer")
        if found.status_code == 404:
            return None
        return np.frombuffer(found.content, np.uint8).reshape(self.served.images[index].size)

    def open(self, index: int = 0) -> dict[str, Any]:
        """Open an image, as its version is the base of the next save."""
        answer = self.about(index)["answer"]
        self.bases[self.served.key(index)] = 0 if answer is None else answer["version"]
        return answer or {}

    def lease(self, index: int = 0) -> Response:
        key = self.served.key(index)
        return self.client.post(f"/api/images/{key}/lease", json={"session": self.session})

    def save(
        self, raster: np.ndarray | None = None, index: int = 0, state: str = "draft", **head: Any
    ) -> Response:
        """Save what is drawn, by default class 1 everywhere."""
        key, image = self.served.key(index), self.served.images[index]
        if raster is None and state != "unusable":
            raster = np.ones(image.size, np.uint8)
        base = {"state": state, "base": self.bases.get(key, 0), "session": self.session}
        body = json.dumps({**base, **head}).encode() + b"\n"
        found = self.send(key, body + (b"" if raster is None else raster.tobytes()))
        if found.status_code == 200:
            self.bases[key] = found.json()["version"]
        return found

    def finish(self, raster: np.ndarray | None = None, index: int = 0, **head: Any) -> Response:
        return self.save(raster, index, "done", **head)

    def review(self, verdict: str, index: int = 0, note: str = "") -> Response:
        key = self.served.key(index)
        return self.client.post(
            f"/api/images/{key}/review", json={"verdict": verdict, "note": note}
        )

    def send(self, key: str, body: bytes, zipped: bool = False) -> Response:
        headers = {"content-type": "application/octet-stream"}
        if zipped:
            body, headers = gzip.compress(body), {**headers, "content-encoding": "gzip"}
        return self.client.put(f"/api/images/{key}/answer", content=body, headers=headers)


def served(
    workplace: Workplace, options: Options | None = None, names: frozenset[str] = frozenset()
) -> Served:
    """A server that prepares nothing."""
    found = Served(Desk(workplace, People(workplace.folder), options or Options()), None)

    async def sleep(seconds: float) -> None:
        found.slept.append(seconds)

    found.app = make_app(found.desk, names, Patience(sleep=sleep))
    return found
