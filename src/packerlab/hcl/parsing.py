"""A workspace's templates, parsed: a learner's in a short-lived process with bounds, ours here.

The process answers with JSON, so that nothing of it but data comes home.
"""

from __future__ import annotations

import contextlib
import os
import resource
import select
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from packerlab.errors import MachineError, RejectedError, SandboxError
from packerlab.hcl import grammar
from packerlab.hcl.blocks import hcl_body
from packerlab.hcl.json_form import json_body
from packerlab.hcl.template import (
    Block,  # noqa: TC001  (msgspec reads the annotations)
    Expression,  # noqa: TC001
    SyntaxProblem,
    Template,
    assignment_files,
    template_files,
)
from packerlab.report import Where
from packerlab.source import SourceError
from packerlab.submissions.reader import File
from packerlab.text import visible

if TYPE_CHECKING:
    from collections.abc import Callable

    from packerlab.hcl.blocks import Body
    from packerlab.submissions.reader import Files

MAX_ANSWER = 32_000_000
TOO_MUCH = "its HCL takes more time or memory to read than any template needs."
BROKEN, AT_BOUNDS = 1, 2
"""How the parser's process ends when it has no answer; its CPU bound is a signal."""


class Bounds(NamedTuple):
    """What the parser's process may use: seconds of CPU, and bytes beyond what the parent has."""

    cpu_s: int = 10
    memory: int = 1_000_000_000

    @property
    def wall_s(self) -> int:
        """So many that a template can't need them: the bound on CPU time would be reached first."""
        return self.cpu_s * 6


class _Answer(msgspec.Struct):
    blocks: list[Block] = []
    assigned: dict[str, Expression] = {}
    problem: SyntaxProblem | None = None
    refusal: str = ""


Parsed = Template | SyntaxProblem


def parse_untrusted(files: Files, bounds: Bounds = Bounds()) -> Callable[[], Parsed]:  # noqa: B008
    """Begin to parse a learner's workspace, in a process of its own; what is returned ends it.

    That raises RejectedError where the bounds are hit or a file has what no template may have.
    """
    pid, reader = _fork(files, bounds)

    def parsed() -> Parsed:
        data = _bring_home(pid, reader, time.monotonic() + bounds.wall_s)
        answer = msgspec.json.decode(data, type=_Answer)
        if answer.refusal:
            raise RejectedError(answer.refusal)
        return answer.problem or Template(answer.blocks, answer.assigned)

    return parsed


def parse_trusted(files: Files) -> Template:
    """Parse files of our own, such as a starter, here; a broken one is an empty template."""
    answer = _parse(files)
    return Template(answer.blocks, answer.assigned)


def warm_up() -> None:
    """Have the parser load all that a parse needs, once for many forks."""
    sample = b'a "b" {\n  c = "${d.e}" # f\n  g = [1, <<EOF\nh\nEOF\n  ]\n}\n'
    _parse({"main.pkr.hcl": File(sample)})


def _parse(files: Files) -> _Answer:
    answer = _Answer()
    templates = template_files(files)
    for name in [*templates, *assignment_files(files)]:
        try:
            attributes, blocks = _body(name, files[name].data)
        except SourceError as error:
            where = Where(name, error.line, error.column)
            return _Answer(problem=SyntaxProblem(str(error), where))
        except RejectedError as error:
            return _Answer(refusal=str(error))
        except RecursionError:
            return _Answer(refusal=f"{visible(name)} nests too deep to be read.")
        if name in templates:
            answer.blocks += blocks
        else:
            answer.assigned |= attributes
    return answer


def _body(name: str, data: bytes) -> Body:
    if not name.endswith(".json"):
        return hcl_body(name, data.decode(errors="surrogateescape"))
    try:
        return json_body(name, data.decode())
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        raise SourceError("this is not UTF-8 text.", line, column) from None


# --- the process ----------------------------------------------------------------------------------


def _fork(files: Files, bounds: Bounds) -> tuple[int, int]:
    """The process that parses under bounds, and where it answers with JSON."""
    grammar.warm_up()
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:  # whatever breaks in here, this process goes no further
            os.close(reader)
            _bind(bounds)
            answer = msgspec.json.encode(_parse(files))
            with os.fdopen(writer, "wb") as stream:
                stream.write(answer)
            os._exit(0)
        except MemoryError:
            os._exit(AT_BOUNDS)
        finally:
            os._exit(BROKEN)
    os.close(writer)
    return pid, reader


def _bring_home(pid: int, reader: int, deadline: float) -> bytes:
    """The answer; RejectedError at the bounds, SandboxError where the machine ended the process."""
    try:
        answer = _receive(reader, deadline)
    except BaseException:
        os.kill(pid, signal.SIGKILL)
        raise
    finally:
        os.close(reader)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if status == BROKEN:
        raise MachineError("The template's parser broke; please report it with the template.")
    if status == -signal.SIGKILL:  # the bounds end it otherwise
        raise SandboxError("The machine ended the template's parser: it may be short of memory.")
    if status:
        raise RejectedError(TOO_MUCH)
    return answer


def _bind(bounds: Bounds) -> None:
    signal.signal(signal.SIGXCPU, signal.SIG_DFL)  # it may be ignored or blocked where we begin
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGXCPU})
    resource.setrlimit(resource.RLIMIT_CPU, (bounds.cpu_s, bounds.cpu_s + 2))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError, ValueError):  # not every system has a bound on addresses
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        most = pages * resource.getpagesize() + bounds.memory
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _receive(reader: int, deadline: float) -> bytes:
    """All that the child says; RejectedError where it is too much, SandboxError where late."""
    chunks: list[bytes] = []
    while sum(map(len, chunks)) <= MAX_ANSWER:
        ready, _, _ = select.select([reader], [], [], max(deadline - time.monotonic(), 0))
        if not ready:
            raise SandboxError("The machine was too busy to read the templates in time.")
        chunk = os.read(reader, 1 << 20)
        if not chunk:
            return b"".join(chunks)
        chunks.append(chunk)
    raise RejectedError(TOO_MUCH)
