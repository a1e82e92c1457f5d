"""What labs need that is made once on this machine: offered where it is missing, made in sight."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import typer

from packerlab.display.terminal import console
from packerlab.sandbox import host_base, host_images, host_tools

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from packerlab.learning.readiness import Missing

    Say = Callable[[str], None]


class Thing(NamedTuple):
    """What is made for bubblewrap: its name and verb in a sentence, and how much it takes."""

    called: str
    verb: str
    takes: str
    prepare: Callable[[Say], Path]


THINGS = {
    "account": Thing("the instances' disk", "is", "about a minute and 120 MB", host_base.prepare),
    "containers": Thing(
        "the containers' images", "are", "about a minute and 80 MB", host_images.prepare
    ),
    "tools": Thing("the tools for scripts", "are", "two minutes and 260 MB", host_tools.prepare),
}
"""By the capability that needs it."""


def offer(missing: Missing) -> bool:
    """Ask whether to make what is missing now, where there is somebody to ask; whether it was."""
    thing = THINGS.get(missing.prepared)
    if not thing or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    question = f"This lab needs {thing.called}. Make it ready now? It takes {thing.takes}, once."
    if not typer.confirm(question, default=True, err=True):
        return False
    make(thing)
    return True


def make(thing: Thing) -> None:
    """Make a thing, unless it is there already, and tell where it is and how large."""
    begun = time.monotonic()
    with shown() as say:
        path = thing.prepare(say)
    seconds = time.monotonic() - begun
    print(f"bubblewrap: {thing.called} {thing.verb} in {path}")
    print(f"  {_megabytes(path)} MB, ready in {seconds:.0f} s")


@contextlib.contextmanager
def shown() -> Iterator[Say]:
    """What hears of the progress: on a terminal one line that changes, elsewhere a line for each.

    It is drawn by this thread, when something is said: what is made here is made by forks.
    """
    from rich.progress import Progress, TextColumn, TimeElapsedColumn

    out = console(stderr=True)
    if not out.is_terminal:
        yield lambda text: print(_first_line(text), file=sys.stderr)
        return
    columns = (TimeElapsedColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=out, auto_refresh=False, transient=True) as progress:
        task = progress.add_task("")

        def say(text: str) -> None:
            progress.update(task, description=_first_line(text), refresh=True)

        yield say


def _first_line(text: str) -> str:
    return f"  {text.strip().partition(chr(10))[0][:110]}"


def _megabytes(path: Path) -> int:
    """How much disk a folder takes; what is not ours to look into is left out."""
    size = 0
    for folder, _, names in os.walk(path):
        for name in names:
            with contextlib.suppress(OSError):
                size += Path(folder, name).lstat().st_blocks * 512
    return round(size / 1_000_000)
