"""The command line: one Typer application, and the one place where errors become exit codes."""

from __future__ import annotations

import contextlib
import errno
import os
import select
import sys
import time
import traceback
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from packerlab import __version__, errors
from packerlab.commands import (
    check,
    debrief,
    demo,
    doctor,
    explain,
    export,
    grade,
    hint,
    key,
    labs,
    new,
    notebook,
    override,
    packer,
    progress,
    read,
    regrade,
    report,
    reset,
    sandbox,
    serve,
    shell,
    similar,
    solution,
    start,
    team,
    variant,
    verify,
    watch,
    worker,
)
from packerlab.encoding import accept_every_character
from packerlab.text import clean


class _Ended(Exception):  # noqa: N818  (no error: the user's wish)
    """Ctrl-C, or the reader of our output is gone."""


class _Verbs(TyperGroup):
    """Lets both come through to `main`: Typer has exit codes of its own for them."""

    def invoke(self, ctx: Any) -> Any:
        try:
            try:
                return super().invoke(ctx)
            finally:
                sys.stdout.flush()
        except KeyboardInterrupt as wish:
            raise _Ended from wish
        except OSError as error:
            if error.errno in NOBODY_READS and _reader_is_gone():
                raise _Ended from error
            if isinstance(error, BrokenPipeError):  # else Click would end without a word
                raise RuntimeError("a pipe of our own broke") from error  # noqa: TRY004
            raise


NOBODY_READS = (errno.EPIPE, errno.EIO)
"""What it is to write to a pipe without a reader, and to a terminal that was closed."""


def _reader_is_gone() -> bool:
    """Whether it is our output that nobody reads any more, and nothing of our own that broke."""
    poll = select.poll()
    for stream in (sys.stdout, sys.stderr):
        poll.register(stream.fileno(), select.POLLOUT)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))


app = typer.Typer(
    name="packerlab",
    cls=_Verbs,
    help="Learn Packer by building for real, offline, in a sandbox.",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

LEARNERS, INSTRUCTORS, AUTHORS, EVERYONE = "Learners", "Instructors", "Authors", "Everyone"
for function, panel in (
    (labs.labs, LEARNERS),
    (start.start, LEARNERS),
    (check.check, LEARNERS),
    (watch.watch, LEARNERS),
    (shell.shell, LEARNERS),
    (hint.hint, LEARNERS),
    (read.read, LEARNERS),
    (debrief.debrief, LEARNERS),
    (solution.solution, LEARNERS),
    (reset.reset, LEARNERS),
    (notebook.notebook, LEARNERS),
    (progress.progress, LEARNERS),
    (grade.grade, INSTRUCTORS),
    (report.report, INSTRUCTORS),
    (regrade.regrade, INSTRUCTORS),
    (explain.explain, INSTRUCTORS),
    (override.override, INSTRUCTORS),
    (similar.similar, INSTRUCTORS),
    (key.key, INSTRUCTORS),
    (serve.serve, INSTRUCTORS),
    (team.team, INSTRUCTORS),
    (worker.worker, INSTRUCTORS),
    (verify.verify, AUTHORS),
    (variant.variant, AUTHORS),
    (new.new, AUTHORS),
    (doctor.doctor, EVERYONE),
    (demo.demo, EVERYONE),
):
    app.command(rich_help_panel=panel)(function)
app.command(
    rich_help_panel=LEARNERS,
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)(packer.packer)
app.add_typer(export.app, name="export", rich_help_panel=INSTRUCTORS)
app.add_typer(sandbox.app, name="sandbox", rich_help_panel=EVERYONE)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"packerlab {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def packerlab(
    context: typer.Context,
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Tell the version.")
    ] = False,
) -> None:
    """Learn Packer by building for real, offline, in a sandbox."""
    if context.invoked_subcommand is None:
        progress.where_you_are()


def main() -> None:
    """Run the command line; every way out has a documented exit code."""
    accept_every_character()
    try:
        app(prog_name="packerlab")
    except errors.PackerlabError as error:
        _complain(f"error: {clean(str(error))}")
        sys.exit(error.exit_code)
    except _Ended as ended:
        if isinstance(ended.__cause__, KeyboardInterrupt):
            _complain("interrupted")
            sys.exit(errors.INTERRUPTED)
        sys.exit(errors.DONE)
    except Exception as error:  # noqa: BLE001  (the boundary: a mistake of ours goes into a log)
        _complain(f"error: {clean(_logged(error))}")
        sys.exit(errors.MACHINE)
    finally:
        _drop_what_nobody_reads()


def _complain(sentence: str) -> None:
    with contextlib.suppress(OSError):
        print(sentence, file=sys.stderr)


def _drop_what_nobody_reads() -> None:
    """Else Python fails to write it when it ends, and exits with 120."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _logged(error: Exception) -> str:
    """Keep the traceback in a file, and say where; a full disk keeps nothing."""
    from packerlab import state

    try:
        path = state.state_folder() / "log" / f"{time.strftime('%Y%m%d-%H%M%S')}.txt"
        state.write_atomically(path, "".join(traceback.format_exception(error)).encode())
    except OSError:
        return f"{error!r} (and no log could be written)"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or 'the system'}: {error.strerror} (more in {path})"
    return f"this is a mistake of ours: {error!r}; please report it with {path}"
