"""The toy course, and the ways in which tests grade with it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from packerlab import forkserver
from packerlab.course import Course
from packerlab.grading.grade_one import grade
from packerlab.report import Run, encode
from packerlab.sandbox import Sandbox, choose
from packerlab.submissions.reader import File, digest
from packerlab.submissions.workspaces import Submission

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from packerlab.lab import Lab, Limits
    from packerlab.report import Check, Report
    from packerlab.sandbox.base import Backend

ROOT = Path(__file__).parent / "course"
COURSE = Course(ROOT)
SCRIPT = Path(sys.executable).with_name("packerlab")

LAB_TOML = """\
format = 1
title = "A lab"
minutes = 5
packer = ">=1.6.6"
needs = ["packer"]
components = ["source.file"]
outputs = ["out"]
after = []
deadline_s = 60
cpu_s = 20
memory_mb = 400
disk_mb = 32
"""
"""The manifest of a lab that builds a file, for courses that tests make."""

MESSAGE = """\
variable "name" {
  type    = string
  default = "nobody"
}

source "file" "message" {
  content = "Hello, ${var.name}!\\n"
  target  = "out/message.txt"
}

build {
  sources = ["source.file.message"]
}
"""
"""Passes every check of 101_message."""

SHELL = """\
source "null" "nothing" {
  communicator = "none"
}

build {
  sources = ["source.null.nothing"]

  provisioner "shell-local" {
    inline = ["mkdir -p out", "PROGRAM"]
  }
}
"""
"""For the labs that allow a program."""


def handed(template: str, **others: str) -> Submission:
    """A submission of one template, and of other files by their names with `__` for a dot."""
    named = {name.replace("__", "."): text for name, text in others.items()}
    files = {
        name: File(text.encode()) for name, text in ({"main.pkr.hcl": template} | named).items()
    }
    return Submission(files, digest(files))


def program(command: str) -> Submission:
    """A submission whose build runs a shell command."""
    return handed(SHELL.replace("PROGRAM", command))


class Bench:
    """Open sandboxes, one for each set of limits, for as long as a module's tests run."""

    def __init__(self) -> None:
        self._open: dict[Limits, Sandbox] = {}

    def backend(self) -> Backend:
        return choose("bubblewrap", set(), [ROOT], full_limits=False)

    def sandbox(self, lab: Lab) -> Sandbox:
        if lab.limits not in self._open:
            self._open[lab.limits] = Sandbox(self.backend(), lab.limits)
        return self._open[lab.limits]

    def grade(
        self,
        name: str,
        submission: Submission,
        on_check: Callable[[Check], None] | None = None,
        *,
        until_failed: bool = False,
    ) -> Report:
        """Grade as a batch does."""
        lab = COURSE.lab(name)
        return grade(lab, submission, self.sandbox(lab), lab.limits, on_check,
                     until_failed=until_failed, context=forkserver.context())  # fmt: skip

    def close(self) -> None:
        for sandbox in self._open.values():
            sandbox.close()


def outcomes(report: Report) -> dict[str, str]:
    return {check.name.removeprefix("test_"): check.outcome for check in report.checks}


def lasting(report: Report) -> bytes:
    """A report's bytes outside `run`, which equal gradings share."""
    return encode(msgspec.structs.replace(report, run=Run()))


def cli(
    *words: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the console script on the toy course."""
    return subprocess.run(
        [SCRIPT, *words],
        cwd=cwd,
        env={**os.environ, "PACKERLAB_COURSE": str(ROOT), **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=120,
        check=False,
    )
