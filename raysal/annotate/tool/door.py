"""The page, and who comes in: a token in a link becomes a cookie."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import FileResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from raysal.annotate.tool.desk import Desk
from raysal.annotate.tool.guard import Patience, cookie_of
from raysal.annotate.tool.people import Person
from raysal.annotate.tool.save import RefusedError
from raysal.storage.seal import hash_bytes

PAGE = Path(__file__).parent.parent / "page"
YEAR_S = 31_536_000
LONGEST_TOKEN = 200

router = APIRouter()


@dataclass(frozen=True)
class Door:
    """Attributes:
    patience: with wrong tokens.
    """

    desk: Desk
    patience: Patience

    @property
    def cookie(self) -> str:
        """Cookies do not know ports: each workplace has one of its own name."""
        return f"raysal-{hash_bytes(str(self.desk.workplace.folder.resolve()).encode())[:12]}"

    async def who(self, token: str) -> Person | None:
        """Whose token it is; nobody's is known only after a while.

        Raises:
            RefusedError: too many wrong tokens are being waited for.
        """
        person = None
        if len(token) <= LONGEST_TOKEN:
            person = await run_in_threadpool(self.desk.people.who, token)
        if person is None and not await self.patience.wrong():
            raise RefusedError(429, "too many wrong tokens; try again in a minute")
        return person


async def person_of(request: Request) -> Person:
    """Who sent a request.

    Raises:
        RefusedError: nobody who is known.
    """
    door: Door = request.app.state.door
    token = cookie_of(request.headers, door.cookie)
    person = await door.who(token) if token else None
    if person is None:
        raise RefusedError(401, "open the link that `raysal annotate` printed, or ask for one")
    return person


def desk_of(request: Request) -> Desk:
    """The state of the server."""
    door: Door = request.app.state.door
    return door.desk


Who = Annotated[Person, Depends(person_of)]
Here = Annotated[Desk, Depends(desk_of)]


@router.get("/")
async def page(request: Request, token: str = "") -> Response:
    """The page. It holds no secret and is there without a token, since a browser that comes over a
    link in another page does not send the cookie at first."""
    if not token:
        return FileResponse(PAGE / "index.html", headers={"cache-control": "no-cache"})
    door: Door = request.app.state.door
    if await door.who(token) is None:
        raise RefusedError(403, "this link is not valid, or was revoked; ask for another one")
    answer = RedirectResponse("/", 303)
    answer.set_cookie(
        door.cookie, token, max_age=YEAR_S, path="/", httponly=True, samesite="strict"
    )
    return answer
