"""`packerlab serve --out DIR`: a workshop in a room."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from packerlab.commands.options import (
    ClassOption,
    CourseOption,
    JobsOption,
    SandboxOption,
    lab_names,
)

if TYPE_CHECKING:
    from packerlab.room.pages import Address
    from packerlab.room.room import Room

EXTRA = "pip install 'packerlab[room]'"


def serve(
    out: Annotated[Path, typer.Option("--out", help="The gradebook's folder.")],
    labs: Annotated[
        list[str] | None,
        typer.Option(
            "--lab",
            help="A lab of the workshop; may be repeated. By default the class's, or all.",
            autocompletion=lab_names,
            show_default=False,
        ),
    ] = None,
    host: Annotated[
        str,
        typer.Option("--host", metavar="ADDR", help="This machine's address in the room."),
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0: any.")] = 8443,
    site: Annotated[
        Path | None,
        typer.Option("--site", help="The built site; by default the course's.", show_default=False),
    ] = None,
    scores: Annotated[
        bool, typer.Option("--scores", help="Show on the wall who has not passed yet, too.")
    ] = False,
    jobs: JobsOption = 0,
    sandbox: SandboxOption = "auto",
    weak_limits: Annotated[
        bool, typer.Option("--weak-limits", help="Accept a sandbox whose bounds are weak.")
    ] = False,
    course: CourseOption = None,
    class_file: ClassOption = None,
) -> None:
    """Serve a workshop to the room: hand out labs, grade what comes in, show who passed."""
    from packerlab.classroom import opening
    from packerlab.commands.grade import backend_for, open_class
    from packerlab.course.signing import key_of
    from packerlab.errors import BadInputError
    from packerlab.executors.local import Local
    from packerlab.gradebook import open_gradebook

    refuse_without_extra()
    from packerlab.room.room import Room
    from packerlab.room.serving import Server

    classroom, whole = open_class([], out, course, class_file)
    named = labs or (classroom.rules.labs if classroom else [])
    chosen = [whole.lab(name) for name in dict.fromkeys(named)] or whole.labs()
    pages = site or whole.root / "site"
    if site and not (site / "index.html").is_file():
        raise BadInputError(f"{site} is no built site: it has no index.html (`make docs`).")
    asked = None if sandbox == "auto" else sandbox
    with open_gradebook(out, asked, key_of(whole.root)) as book:
        if book.doubt:
            typer.echo(f"note: {book.doubt}", err=True)
        needs = {"packer"}.union(*(lab.needs for lab in chosen))
        masked = [whole.root, out.resolve()]
        name = book.sandbox or sandbox
        backend = backend_for(name, needs, masked, full_limits=not weak_limits)
        book.settle_sandbox(backend.name)
        if classroom:
            opening.keep(classroom, book)
        room = Room(whole.outline.title, chosen, book, scores=scores)
        server = Server(room, host, port, pages if (pages / "index.html").is_file() else None)
        _announce(room, server.address)
        with contextlib.suppress(KeyboardInterrupt):
            server.run(Local(backend, jobs or os.cpu_count() or 1))
        left = len(room.turns)
        waits = f"; hand-ins that wait for the next start: {left}" if left else ""
        print(f"The room is closed{waits}.")


def refuse_without_extra() -> None:
    from importlib.util import find_spec

    from packerlab.errors import MachineError

    missing = [
        name
        for name in ("markdown_it", "python_multipart", "starlette", "uvicorn")
        if not find_spec(name)
    ]
    if missing:
        raise MachineError(f"`serve` needs {', '.join(missing)}: install them with `{EXTRA}`.")


def _announce(room: Room, address: Address) -> None:
    print(f"The room is open at {address.url}")
    print(f"  its code:     {room.code}")
    if address.certificate:
        print(f"  fingerprint:  {address.certificate.fingerprint}")
    print(f"  your wall:    {address.url}/desk/{room.desk}", flush=True)
    print("Ctrl-C closes it. What was handed in stays, and the same command opens it again.")
