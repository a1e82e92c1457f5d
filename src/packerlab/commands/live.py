"""What `watch` does: one loop of saves, keys and results, and the screen that shows them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packerlab.course import pages
from packerlab.display import terminal
from packerlab.learning import progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console

    from packerlab.commands.workspace import Workspace
    from packerlab.report import Check, Report

DEBOUNCE_MS = 20
"""An editor saves in several steps: what follows within this time belongs to the same save."""

KEYS = {"t": "task", "h": "hint", "r": "run again", "n": "next lab", "d": "docs", "q": "quit"}


PAGES = ("t", "d")
"""The keys that show a page in place of the results, until another key or a save."""


@dataclass(frozen=True)
class Saved:
    """Something in the workspace changed."""


@dataclass(frozen=True)
class Key:
    """A key was pressed."""

    name: str


@dataclass(frozen=True)
class Resized:
    """The terminal has another size, or is ours again."""


async def watch(workspace: Workspace, sandbox: str, *, show_task: bool) -> Workspace | None:
    """Watch one workspace; the one to go on with, or None to quit."""
    from packerlab.commands.workspace import backend_for
    from packerlab.learning.watching import Broke, Rounds

    events: asyncio.Queue[Any] = asyncio.Queue()
    screen = Screen(terminal.console(), workspace)
    loop = asyncio.get_running_loop()
    backend = backend_for(workspace, sandbox)
    rounds = Rounds(workspace.path, workspace.lab, backend, loop, events.put_nowait)
    saves = asyncio.create_task(_saves(workspace.path, events.put_nowait))
    saves.add_done_callback(events.put_nowait)
    try:
        with _keys(loop, events.put_nowait):
            rounds.begin(again=True)
            if show_task:
                events.put_nowait(Key("t"))
            while True:
                event = await events.get()
                if event == Saved():
                    rounds.begin()
                elif event == Key("r"):
                    rounds.begin(again=True)
                elif event == Key("q"):
                    return None
                elif event is saves:
                    saves.result()  # raises why no save is heard of any more
                elif isinstance(event, Broke):
                    raise event.error
                elif event == Key("n") and (following := screen.next_workspace()):
                    return following
                else:
                    screen.show(event)
    finally:
        saves.cancel()
        rounds.close()


async def _saves(path: Path, tell: Callable[[Saved], None]) -> None:
    """Tell of every save; where the system does not tell us, by looking again and again."""
    from watchfiles import awatch

    follow = partial(awatch, path, debounce=DEBOUNCE_MS, step=DEBOUNCE_MS // 4)
    try:
        async for _ in follow():
            tell(Saved())
    except OSError:  # for example, all of the user's inotify watches are in use
        async for _ in follow(force_polling=True):
            tell(Saved())


@contextlib.contextmanager
def _keys(loop: asyncio.AbstractEventLoop, tell: Callable[[object], None]) -> Iterator[None]:
    """Tell of keys and of the terminal's size, where standard input is a terminal."""
    if not sys.stdin.isatty():
        yield
        return
    import termios
    import tty

    fd = sys.stdin.fileno()
    before = termios.tcgetattr(fd)

    def read() -> None:
        pressed = os.read(fd, 64).decode(errors="replace")
        if not pressed:
            loop.remove_reader(fd)
        for name in pressed:
            tell(Key(name))

    def again() -> None:
        tty.setcbreak(fd)
        tell(Resized())

    tty.setcbreak(fd)
    loop.add_reader(fd, read)
    for sign in (signal.SIGWINCH, signal.SIGCONT):
        loop.add_signal_handler(sign, again)
    try:
        yield
    finally:
        loop.remove_reader(fd)
        termios.tcsetattr(fd, termios.TCSADRAIN, before)


@dataclass
class Screen:
    """What the learner sees: drawn anew on a terminal, told line by line elsewhere."""

    out: Console
    workspace: Workspace
    checks: list[Check] = field(default_factory=list)
    report: Report | None = None
    debrief: bool = False
    reading: str = ""

    def show(self, event: object) -> None:
        """Take an event in, and show what is new."""
        self._take(event)
        if self.out.is_terminal and not self.out.is_dumb_terminal:
            self._draw()
        else:
            self._tell(event)

    def _take(self, event: object) -> None:
        from packerlab.commands.workspace import keep
        from packerlab.learning.watching import Began, CheckEnded, Finished

        if isinstance(event, Key):
            self.reading = event.name if event.name in PAGES else ""
        if isinstance(event, Began):
            self.checks, self.report, self.debrief, self.reading = [], None, False, ""
        elif isinstance(event, CheckEnded):
            self.checks.append(event.check)
        elif isinstance(event, Finished):
            self.report = event.report
            self.debrief = keep(self.workspace, event.report)
        elif event == Key("h") and (failed := self._failed()):
            progress.next_hint(self.workspace.course, self.workspace.lab, failed)

    def _tell(self, event: object) -> None:
        """Where nothing can be drawn over: what is new, below what there is."""
        from packerlab.learning.watching import CheckEnded, Finished

        if isinstance(event, CheckEnded):
            self._check(event.check)
        elif isinstance(event, Finished):
            self._verdict(event.report)
        elif event == Key("h") and (failed := self._failed()):
            self._check(failed)
        elif isinstance(event, Key) and self.reading:
            self._page()

    def next_workspace(self) -> Workspace | None:
        """The next lab's, beside this one, begun if it was not yet; None while this one fails."""
        from packerlab.commands.start import lay_out
        from packerlab.commands.workspace import open_workspace

        if not self._passed:
            return None
        course = self.workspace.course
        lab = progress.next_lab(course, progress.read(progress.file_of(course)))
        if lab is None:
            return None
        path = self.workspace.path.resolve().with_name(lab.slug)
        if not path.exists():
            lay_out(lab, path)
        progress.begin(course, lab, path)
        return open_workspace(path, lab.slug, course.root)

    @property
    def _passed(self) -> bool:
        return self.report is not None and self.report.passed

    def _failed(self) -> Check | None:
        return next((check for check in self.checks if check.outcome == "failed"), None)

    def _draw(self) -> None:
        """The whole picture in one write, so that it does not flicker."""
        with self.out.capture() as picture:
            if self.reading:
                self._page()
            else:
                self._results()
        self.out.file.write("\x1b[H\x1b[2J\x1b[3J" + picture.get())
        self.out.file.flush()

    def _results(self) -> None:
        self._head()
        for check in self.report.checks if self.report else self.checks:
            self._check(check)
        if self.report:
            self._verdict(self.report)
        else:
            self.out.print("checking ...", style="dim")
        if sys.stdin.isatty():
            shown = [f"{key} {what}" for key, what in KEYS.items() if key != "n" or self._passed]
            keys = "   ".join(shown)
            self.out.print(f"\n{keys}", style="dim")

    def _head(self) -> None:
        lab = self.workspace.lab
        self.out.print(lab.title, style="bold")
        self.out.print(f"{self.workspace.path.resolve()}\n", style="dim")
        if self.workspace.begun_otherwise:
            self.out.print(self.workspace.changed_note())

    def _check(self, check: Check) -> None:
        titles = {each.name: each.title for each in self.checks}
        hints = self.workspace.hints_seen().get(check.name, 1)
        terminal.show_check(self.out, check, titles, hints)

    def _verdict(self, report: Report) -> None:
        terminal.show_verdict(self.out, report)
        if self.debrief:
            terminal.show_debrief(self.out, self.workspace.lab, self.workspace.next_step())

    def _page(self) -> None:
        """The task, or the part of the lab's page that the first failing check is about."""
        course, lab = self.workspace.course, self.workspace.lab
        if self.reading == "t":
            self._head()
            text = pages.read(lab.task, course.root, "")
        else:
            failed = self._failed()
            text = pages.read(
                lab.page, course.root, failed.docs.partition("#")[2] if failed else ""
            )
        terminal.show_page(self.out, text)
        self.out.print("\nany other key goes back", style="dim")
