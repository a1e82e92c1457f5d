"""The same Packer verbs with the same arguments, without us: what every figure is held against."""

from __future__ import annotations

import base64
import json
import shlex
from contextlib import closing
from typing import TYPE_CHECKING, Any

from packerlab.grading.grade_one import grade
from packerlab.packer.verbs import RUN_ID, WRAPPED
from packerlab.sandbox import Sandbox, choose
from packerlab.sandbox.base import PROGRAM
from packerlab.sandbox.channel import Channel
from packerlab.sandbox.host_packer import host_packer
from packerlab.submissions.workspaces import read_workspace

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from packerlab.lab import Lab


class Recorder(Channel):
    """A channel that notes every request that goes through it, and what is answered."""

    log: Path

    def send(self, header: Mapping[str, object], blobs: Iterable[bytes] = ()) -> None:
        blobs = list(blobs)
        self._note({**header, "data": [base64.b64encode(blob).decode() for blob in blobs]})
        super().send(header, blobs)

    def header(self, deadline: float) -> bytes:
        line = super().header(deadline)
        self._note(json.loads(line))
        return line

    def _note(self, line: Mapping[str, object]) -> None:
        with self.log.open("a") as stream:
            stream.write(json.dumps(line) + "\n")


def recorded_verbs(lab: Lab, log: Path) -> list[dict[str, Any]]:
    """What the lab's grader has Packer do with the solution: each verb's request, and its exit.

    The environment is without what only we tell Packer.
    """
    backend = choose("bubblewrap", set(lab.needs), [], full_limits=True)
    with closing(Sandbox(backend, lab.limits, lab.needs)) as sandbox:
        channel = sandbox.channel()
        channel.__class__ = Recorder
        channel.log = log  # type: ignore[attr-defined]
        report = grade(lab, read_workspace(lab.solution), sandbox, lab.limits)
    if not report.passed:
        raise RuntimeError(f"{lab.slug}'s solution does not pass: {report}")
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    pairs = zip(lines[::2], lines[1::2], strict=True)
    verbs = [{**asked, "exit": told["exit"]} for asked, told in pairs if "argv" in asked]
    for verb in verbs:
        for name in (*WRAPPED, RUN_ID):
            verb["env"].pop(name, None)
    return verbs


def bare_script(path: Path, verbs: list[dict[str, Any]], told: Mapping[str, str]) -> Path:
    """A script that runs the verbs in fresh copies of the workspace that it is given.

    `told` are more variables of Packer's environment.
    """
    packer = str(host_packer().path)
    lines = ['set -e; work=$(mktemp -d -p "${TMPDIR:-/dev/shm}"); trap \'rm -rf "$work"\' EXIT']
    for verb in verbs:
        words = [packer if word == PROGRAM else word for word in verb["argv"]]
        env = {name: verb["env"][name] for name in ("CHECKPOINT_DISABLE", "LANG")} | {**told}
        settings = " ".join(f"{name}={shlex.quote(value)}" for name, value in env.items())
        lines += [
            'rm -rf "$work/w"; mkdir "$work/w"; cp -r "$1/." "$work/w"; cd "$work/w"',
            f"printf %s {shlex.quote(verb['stdin'])} |"
            f' env -i HOME="$work" PATH="$PATH" {settings} {shlex.join(words)} >/dev/null',
        ]
    path.write_text("\n".join(lines) + "\n")
    return path
