"""The application: routes, what errors look like, and the guard around it."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

from raysal.annotate.tool import changing, door, reading
from raysal.annotate.tool.desk import Desk
from raysal.annotate.tool.door import PAGE, Door
from raysal.annotate.tool.guard import Guard, Patience
from raysal.annotate.tool.save import RefusedError
from raysal.errors import RaysalError, one_line


def make_app(
    desk: Desk, names: frozenset[str] = frozenset(), patience: Patience | None = None
) -> Guard:
    """The application.

    Args:
        names: under which the server may be reached, besides addresses and `localhost`.
        patience: with wrong tokens.
    """
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.state.door = Door(desk, patience or Patience())
    for part in (door, reading, changing):
        app.include_router(part.router)
    app.mount("/static", _Static(directory=PAGE, check_dir=False))
    app.add_exception_handler(RefusedError, _refused)
    app.add_exception_handler(RaysalError, _user_error)
    app.add_exception_handler(OSError, _user_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _bug)
    return Guard(app, names)


class _Static(StaticFiles):
    """Files of the page, which browsers keep only if they ask whether they have changed."""

    def file_response(self, *args: Any, **more: Any) -> Response:
        answer = super().file_response(*args, **more)
        answer.headers["cache-control"] = "no-cache"
        return answer


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, RefusedError)
    return JSONResponse({"why": error.why, **error.more}, error.status)


async def _user_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, RaysalError | OSError)
    return JSONResponse({"why": one_line(error)}, 500)


async def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return JSONResponse({"why": f"{where}: {first['msg']}"}, 422)


async def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"why": str(error.detail)}, error.status_code, error.headers)


async def _bug(_: Request, error: Exception) -> Response:
    return JSONResponse({"why": f"a mistake in raysal: {type(error).__name__}"}, 500)
