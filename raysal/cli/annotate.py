"""`raysal annotate`."""

from __future__ import annotations

import getpass
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from raysal.cli.terminal import Terminal, console
from raysal.errors import ConfigError

if TYPE_CHECKING:
    from raysal.annotate.tool.desk import Options
    from raysal.annotate.tool.workplace import Workplace


def annotate(
    place: Annotated[
        Path | None,
        typer.Argument(
            help="Folder of a run, of a query of `raysal select`, or of a `raysal review`.",
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
        typer.Option(help="Address or name at which browsers reach it: https://label.example.org."),
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
    cache: Annotated[
        float, typer.Option(min=0.1, help="Gigabytes on disk for what is prepared.")
    ] = 2.0,
    access_log: Annotated[
        bool, typer.Option("--access-log", help="Print a line for each request.")
    ] = False,
    browser: Annotated[
        bool | None, typer.Option("--open/--no-browser", help="Open a browser [if there is one].")
    ] = None,
) -> None:
    """Label what is asked, in the browser."""
    from raysal.annotate.tool.workplaces.find import Place, find_workplace

    names = None if classes is None else [each.strip() for each in classes.split(",")]
    with Terminal() as watch:
        place_of = Place(place, demo, images, names, model, out, read_only)
        where = find_workplace(place_of, watch)
    if export is not None:
        _export(where, export)
        return
    address = _Address(host, port, tuple(name or ()))
    if invite is not None or revoke is not None:
        _change_people(where, invite, reviewer, revoke, address)
        return
    if reviewer:
        raise ConfigError("--reviewer is for --invite")
    if review:
        _about_label_errors(place, where)

    from raysal.annotate.tool.desk import Options

    rules = (overlap, review)
    if read_only or not where.writes:
        rules = (None, None)
    _serve(
        where, user or _user(), rules, address, Options(read_only, lease), workers,
        round(cache * 1e9), access_log, browser,
    )  # fmt: skip


def _about_label_errors(place: Path | None, where: Workplace) -> None:
    """`--review` may be meant for what `raysal review` has found."""
    from raysal.experiment.layout import REVIEW_FILE, RunLayout

    if place is None or not RunLayout(place).config.exists():
        return
    folder = RunLayout(place).review
    found = (folder / REVIEW_FILE).exists()
    if found:
        hint = f"`raysal annotate {folder}` opens the labels that `raysal review` takes for wrong"
    else:
        hint = f"`raysal review {place}` looks for labels that are probably wrong"
    if not where.writes:
        raise ConfigError(
            f"--review has people's answers reviewed, but {place} asks people for nothing; {hint}"
        )
    if found:
        console.print(f"--review: what people finish waits for a reviewer; {hint}")


@dataclass(frozen=True)
class _Address:
    """Where it is to be served."""

    host: str
    port: int | None
    names: tuple[str, ...]


def _serve(
    where: Workplace,
    user: str,
    rules: tuple[float | None, bool | None],
    address: _Address,
    options: Options,
    workers: int,
    cache_bytes: int,
    access_log: bool,
    browser: bool | None,
) -> None:
    from raysal.annotate.tool.browser import open_browser, wants_browser
    from raysal.annotate.tool.people import People
    from raysal.annotate.tool.serve import (
        bound,
        is_loopback,
        names_in,
        only_server,
        serve,
        url_of,
    )

    alone = only_server(where) if where.writes and not options.read_only else nullcontext()
    with alone:
        people = People(where.folder)
        people.set_rules(*rules)
        listening = bound(address.host, address.port)
        port = listening.getsockname()[1]
        url = url_of(address.host, port, address.names[0] if address.names else None)
        link = f"{url}/?token={people.invite(user, reviewer=True, again=True)}"

        def ready() -> None:
            console.print(f"{where.title}: open {link}")
            if not is_loopback(address.host):
                console.print(
                    "warning: what goes over the network is not encrypted; rather leave out --host "
                    f"and use `ssh -L {port}:127.0.0.1:{port} THIS_MACHINE`, or put a proxy with "
                    "TLS in front (--name)"
                )
            console.print("Ctrl-C ends it; what was drawn is stored")
            if wants_browser(address.host) if browser is None else browser:
                open_browser(where.folder, link)

        serve(
            where, people, options, listening, url, names=names_in(*address.names),
            workers=workers, cache_bytes=cache_bytes, access_log=access_log, when_ready=ready,
        )  # fmt: skip
    console.print("ended")


def _export(where: Workplace, folder: Path) -> None:
    from raysal.annotate.tool.export import export

    with Terminal() as watch:
        asked = where.view().asked
        done = export(asked, folder, watch)
    more = f"; {done.unusable} images cannot be labelled (answers.csv)" if done.unusable else ""
    console.print(f"{done.masks} masks in {folder}{more}")
    if asked.begun_by:
        console.print(
            f"{done.corrected} of them were corrected"
            + (f": a new run uses them with data.corrections={folder}" if done.corrected else "")
        )


def _change_people(
    where: Workplace, invite: str | None, reviewer: bool, revoke: str | None, address: _Address
) -> None:
    from raysal.annotate.tool.people import People
    from raysal.annotate.tool.serve import PORT, url_of, url_of_running

    people = People(where.folder)
    if revoke is not None:
        people.revoke(revoke)
        console.print(f"the links of '{revoke}' are not valid any more")
    if invite is not None:
        token = people.invite(invite, reviewer)
        url = url_of_running(where.folder)
        if url is None or address.names:
            name = address.names[0] if address.names else None
            url = url_of(address.host, address.port or PORT, name)
        console.print(f"for {invite}, shown only now: {url}/?token={token}")


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # No such user, as in containers.
        return "you"
