"""Grade one submission: `grade` is the product, and every verb that grades calls it.

A report has a process of its own, which gets the submission's bytes, a lent channel to a sandbox,
and answers with JSON. A process that dies, hangs or babbles harms its own report only.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
import traceback
from dataclasses import dataclass, field
from functools import cache
from multiprocessing import connection
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec

from packerlab import state
from packerlab.course import engine_digest
from packerlab.errors import LimitError, MachineError, SandboxError
from packerlab.packer.environment import packer_version
from packerlab.report import (
    Check,  # noqa: TC001  (msgspec reads the annotations)
    Digests,
    Ending,
    Run,
    conclude,
)
from packerlab.sandbox.box import Box, limit_error
from packerlab.sandbox.channel import ANSWER_GRACE_S

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection
    from multiprocessing.context import BaseContext

    from packerlab.lab import Lab, Limits
    from packerlab.packer.versions import Version
    from packerlab.report import Report
    from packerlab.sandbox.base import Sandbox
    from packerlab.sandbox.channel import Channel
    from packerlab.submissions.workspaces import Submission

MAX_LINE = 1_000_000
MAX_LINES = 2_000
GRACE_S = 5.0
"""Seconds beyond the lab's deadline and the sandbox's answer before a report's process is ended."""


class Line(msgspec.Struct):
    """What a report's process sends: first the plan, then each check as it ends, then the ending.

    With the ending come the seconds of CPU time that the verbs and the process itself used, and
    what is for our log.
    """

    plan: list[Check] | None = None
    check: Check | None = None
    seconds: float = 0.0
    ending: Ending | None = None
    cpu: float = 0.0
    grader_cpu: float = 0.0
    log: str = ""


@dataclass(frozen=True)
class Task:
    """All that a report's process is given."""

    lab: Lab
    submission: Submission
    limits: Limits
    version: Version
    until_failed: bool


def grade(
    lab: Lab,
    submission: Submission,
    sandbox: Sandbox,
    limits: Limits,
    on_check: Callable[[Check], None] | None = None,
    *,
    until_failed: bool = False,
    context: BaseContext | None = None,
) -> Report:
    """Grade a submission of a lab in an open sandbox, within limits.

    `on_check` hears each check as it ends. With `until_failed`, no check runs after one that fails.
    `context` starts the report's process: by default a fork of this one, which must then have a
    single thread; a batch gives a forkserver.
    """
    started = time.monotonic()
    heard = Heard(on_check)
    try:
        version = packer_version(sandbox)
        task = Task(lab, submission, limits, version, until_failed)
        _run(task, sandbox, heard, context or multiprocessing.get_context("fork"))
        named = ".".join(map(str, version))
    except MachineError as error:
        sandbox.close()
        heard.ending = Ending("fault", str(error), error.retry)
        named = ""
    if heard.last.log:
        _keep_log(heard.last.log)
    report = conclude(lab.slug, heard.checks(), heard.ending.status, heard.ending.reason)
    return msgspec.structs.replace(
        report,
        digests=digests(lab, submission, sandbox.backend.packer().digest),
        run=Run(
            sandbox=sandbox.backend.name,
            limits=msgspec.structs.asdict(limits),
            packer=named,
            seconds=round(time.monotonic() - started, 3),
            check_seconds=heard.seconds,
            cpu_seconds=round(heard.last.cpu, 3),
            grader_cpu_seconds=round(heard.last.grader_cpu, 3),
            retry=heard.ending.retry,
        ),
    )


def digests(lab: Lab, submission: Submission, packer: str) -> Digests:
    """What a report of this submission, with the Packer of this digest, is computed from."""
    return Digests(
        submission=submission.digest,
        lab=lab.digest,
        grader=lab.grader_digest,
        engine=_engine(),
        packer=packer,
        policy=lab.policy_digest,
    )


_engine = cache(engine_digest)


# --- the parent's side ----------------------------------------------------------------------------


@dataclass
class Heard:
    """What the report's process has said so far: enough to report if it says no more."""

    on_check: Callable[[Check], None] | None
    plan: list[Check] = field(default_factory=list)
    ended: dict[str, Check] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    ending: Ending = Ending("fault", "the grading process died.")  # noqa: RUF009  (frozen)
    last: Line = field(default_factory=Line)
    finished: bool = False

    def hear(self, data: bytes) -> None:
        """Take one line in; raises msgspec.DecodeError where it does not fit the schema."""
        line = msgspec.json.decode(data, type=Line)
        if line.plan is not None:
            self.plan = line.plan
        if line.ending is not None:
            self.ending, self.last, self.finished = line.ending, line, True
            if self.ending.status == "graded" and not self._has_all():
                self.ending = Ending("fault", "the grader did not report all its checks.")
        if line.check is not None:
            self.ended[line.check.name] = line.check
            self.seconds[line.check.name] = round(line.seconds, 3)
            if self.on_check:
                self.on_check(line.check)

    def _has_all(self) -> bool:
        """Whether there were checks, and each of them ended."""
        return bool(self.plan) and all(check.name in self.ended for check in self.plan)

    def checks(self) -> list[Check]:
        """All checks in file order; those that did not end are blocked."""
        return [self.ended.get(check.name, check) for check in self.plan]


def _run(task: Task, sandbox: Sandbox, heard: Heard, context: BaseContext) -> None:
    """Start the report's process, listen to it, and see that it ends."""
    process, ours = _start(task, sandbox.channel(), context)
    deadline = time.monotonic() + task.limits.deadline_s + ANSWER_GRACE_S + GRACE_S
    intact = False
    try:
        intact = _listen(ours, heard, deadline)
        if not intact and time.monotonic() >= deadline:
            late = limit_error("deadline", task.limits)
            heard.ending = Ending(late.status, late.reason, late.retry)
    finally:
        ours.close()
        dead = _end_process(process, patience=0.0 if not intact else 1.0)
        if heard.ending.status == "fault":
            heard.last.log += sandbox.complaint()  # it may know why
        broken = {"fault", "timeout", "limit"} if "account" in task.lab.needs else {"fault"}
        if not (intact and dead) or heard.ending.status in broken or not sandbox.backend.reusable:
            sandbox.close()


def _start(task: Task, channel: Channel, context: BaseContext) -> tuple[Any, Connection]:
    """The report's process, and where it is heard."""
    try:
        ours, theirs = context.Pipe(duplex=False)
        with theirs:
            arguments = (task, channel, theirs)
            process: Any = context.Process(target=_child, args=arguments)  # type: ignore[attr-defined]
            process.start()
    except (OSError, EOFError) as error:
        raise SandboxError(f"The machine can't start a process that grades: {error}") from None
    return process, ours


def _listen(ours: Connection, heard: Heard, deadline: float) -> bool:
    """Hear the process out; whether it ended as it should."""
    for _ in range(MAX_LINES):
        if not ours.poll(max(deadline - time.monotonic(), 0)):
            return False
        try:
            data = ours.recv_bytes(MAX_LINE)
        except (EOFError, OSError):
            return False
        try:
            heard.hear(data)
        except msgspec.DecodeError as error:
            heard.ending = Ending("fault", f"the grading process sent unreadable data: {error}")
            return False
        if heard.finished:
            return True
    return False


def _end_process(process: Any, patience: float) -> bool:
    """TERM, then KILL, of the process and all that it started; whether they are seen to be dead.

    On a machine that is very busy, a process that was killed may take longer than we wait.
    """
    process.join(patience)
    for sign in (signal.SIGTERM, signal.SIGKILL):
        if process.is_alive():
            try:
                os.killpg(process.pid, sign)
            except (ProcessLookupError, PermissionError):
                process.kill()
            process.join(0.3 if sign == signal.SIGTERM else 5)
    dead = not process.is_alive()
    if dead:
        process.close()
    return dead


def _keep_log(log: str) -> None:
    """A traceback is for us: it goes into a file, which the message names by its verb."""
    path = state.state_folder() / "log" / f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.txt"
    state.write_atomically(path, log.encode())


# --- the child's side -----------------------------------------------------------------------------


def _child(task: Task, channel: Channel, results: Connection) -> None:
    """The report's process: a group of its own, which dies with its parent."""
    os.setpgid(0, 0)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    box = Box(channel, task.limits)
    _bound_own_cpu(task.limits)

    def say(line: Line) -> None:
        results.send_bytes(msgspec.json.encode(line))

    try:
        ending, log = _check_all(task, box, say)
    except Exception as error:  # noqa: BLE001  (the boundary: a mistake of ours, for the log)
        ending = Ending("fault", f"the grading process broke: {error!r}")
        log = "".join(traceback.format_exception(error))
    say(Line(ending=ending, cpu=box.cpu, grader_cpu=sum(os.times()[:4]), log=log))
    results.close()
    os._exit(0)


def _bound_own_cpu(limits: Limits) -> None:
    """A grader may take as much CPU time as the verbs may: a check that takes more is timed out."""

    def end(*_: object) -> NoReturn:
        raise LimitError("timeout", f"more than {limits.cpu_s} s of CPU time to grade it.")

    signal.signal(signal.SIGPROF, end)
    signal.setitimer(signal.ITIMER_PROF, limits.cpu_s)


def _check_all(task: Task, box: Box, say: Callable[[Line], None]) -> tuple[Ending, str]:
    """Run the grader; its ending, and what is for our log."""
    from packerlab.grading.plugin import Grading, run_checks
    from packerlab.hcl.parsing import parse_untrusted
    from packerlab.packer.verbs import Packer
    from packerlab.prepared_account import account_of

    parsed = parse_untrusted(task.submission.files)  # while pytest looks for the checks
    _watch_parent()
    files = task.submission.files
    packer = Packer(box, files, task.version, task.lab.manifest.outputs, account_of(task.lab))
    grading = Grading(
        lab=task.lab,
        submission=task.submission,
        parsed=parsed,
        packer=packer,
        send=lambda check, seconds: say(Line(check=check, seconds=seconds)),
        plan=lambda checks: say(Line(plan=checks)),
        until_failed=task.until_failed,
    )
    try:
        run_checks(grading, task.lab.grader)
        if grading.ending.status not in {"timeout", "limit"}:  # the sandbox ends with the report
            signal.setitimer(signal.ITIMER_PROF, 0)  # no check is under way
            packer.leave()
    except MachineError as error:
        grading.ending = Ending("fault", str(error), error.retry)
    return grading.ending, grading.log


def _watch_parent() -> None:
    """End this process, and so its use of the sandbox, when the one that asked for it is gone."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        connection.wait([parent.sentinel])
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()
