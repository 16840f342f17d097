"""`raysal annotate`."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from raysal.cli.show import console
from raysal.errors import ConfigError

if TYPE_CHECKING:
    from raysal.annotate.tool.workplace import Workplace

DEMO = Path("raysal-demo")


def annotate(
    place: Annotated[
        Path | None,
        typer.Argument(
            help="Folder of a run, or of a query that `raysal select` has written.",
            show_default=False,
        ),
    ] = None,
    demo: Annotated[
        bool, typer.Option("--demo", help="Built-in streets to try it: nothing else is needed.")
    ] = False,
    images: Annotated[
        str | None, typer.Option(help="For a query: the folder or pool of its images.")
    ] = None,
    classes: Annotated[
        str | None, typer.Option(help="For a query: names of the classes, as road,sky,car.")
    ] = None,
    model: Annotated[
        Path | None, typer.Option(help="For a query: a model, for classes and predictions.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="For a query or the demo: folder for answers [beside the query]."),
    ] = None,
    export: Annotated[
        Path | None,
        typer.Option(help="Write the finished answers as PNGs into this new folder, and end."),
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port [8765, or the next free one].")
    ] = None,
    name: Annotated[
        list[str] | None,
        typer.Option(help="A name under which browsers reach it, as of a proxy; repeatable."),
    ] = None,
    user: Annotated[str | None, typer.Option(help="Your name [that of your account].")] = None,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Only show: nothing is stored.")
    ] = False,
    invite: Annotated[str | None, typer.Option(help="Print a link for somebody, and end.")] = None,
    reviewer: Annotated[
        bool, typer.Option("--reviewer", help="With --invite: may review what others finish.")
    ] = False,
    revoke: Annotated[
        str | None, typer.Option(help="Make somebody's links invalid, and end.")
    ] = None,
    overlap: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Share of the images that two people label [as before]."),
    ] = None,
    review: Annotated[
        bool | None,
        typer.Option("--review/--no-review", help="A reviewer sees all answers [as before]."),
    ] = None,
    lease: Annotated[
        float, typer.Option(min=5, help="Seconds for which an image is yours when you are away.")
    ] = 300.0,
    workers: Annotated[
        int, typer.Option(min=0, help="Processes that prepare images; 0 for none.")
    ] = 1,
    access_log: Annotated[
        bool, typer.Option("--access-log", help="Print a line for each request.")
    ] = False,
    browser: Annotated[
        bool | None, typer.Option("--open/--no-browser", help="Open a browser [if there is one].")
    ] = None,
) -> None:
    """Label what is asked, in the browser."""
    where = _workplace(place, demo, images, classes, model, out)
    if export is not None:
        _export(where, export)
        return
    from raysal.annotate.tool.people import People

    people = People(where.folder)
    if invite is not None or revoke is not None:
        _change_people(where, people, invite, reviewer, revoke, host, port, name)
        return
    if reviewer:
        raise ConfigError("--reviewer is for --invite")

    import contextlib

    from raysal.annotate.tool.browser import open_browser, wants_browser
    from raysal.annotate.tool.desk import Options
    from raysal.annotate.tool.serve import bound, is_loopback, only_server, serve, url_of

    who = user or _user()
    with only_server(where) if where.writes and not read_only else contextlib.nullcontext():
        people.set_rules(overlap, review)
        token = people.invite(who, reviewer=True, again=True)
        listening = bound(host, port)
        url = url_of(host, listening.getsockname()[1], name[0] if name else None)
        link = f"{url}/?token={token}"

        def ready() -> None:
            console.print(f"{where.title}: open {link}")
            if not is_loopback(host):
                console.print(
                    "warning: what goes over the network is not encrypted; put a proxy with TLS in "
                    f"front, or use `ssh -L {listening.getsockname()[1]}:127.0.0.1:"
                    f"{listening.getsockname()[1]} HOST` and --host 127.0.0.1"
                )
            console.print("Ctrl-C ends it; all that was drawn is stored")
            if wants_browser(host) if browser is None else browser:
                open_browser(where.folder, link)

        names = frozenset((*(name or ()), host))
        serve(
            where, people, Options(read_only, lease), listening, url,
            names=names, workers=workers, access_log=access_log, when_ready=ready,
        )  # fmt: skip
    console.print("ended")


def _workplace(
    place: Path | None,
    demo: bool,
    images: str | None,
    classes: str | None,
    model: Path | None,
    out: Path | None,
) -> Workplace:
    if demo == (place is not None):
        raise ConfigError("give the folder of a run or of a query, or --demo")
    of_query = {"--images": images, "--classes": classes, "--model": model}
    if place is None:
        from raysal.annotate.tool.workplaces.demo import Demo

        if given := [option for option, value in of_query.items() if value is not None]:
            raise ConfigError(f"{given[0]} is for a query, not for --demo")
        return Demo(out or DEMO)
    raise ConfigError("not yet")


def _export(where: Workplace, folder: Path) -> None:
    raise ConfigError("not yet")


def _change_people(*_: object) -> None:
    raise ConfigError("not yet")


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # No such user, as in containers.
        return "you"
