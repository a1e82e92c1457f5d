"""Packer beside a simulated account that is there already, without our report and without its box.

What starts, stops and freezes machines is the API's work, with a report as without one. So the bare
side has the engine's own place, control plane and machines, loaded and open before the clock
starts; `inside_place` drives them. Packer is then started directly, by the place's root, in the
network where the account answers: the same program with the same arguments, environment and files
as in the report. Not there, and so what a report is measured by: its own process, the checks,
bubblewrap and seccomp around each verb, fresh accounts, and the evidence that is read and told.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packerlab.sandbox.bubblewrap import SYSTEM_PATH, Bubblewrap

if TYPE_CHECKING:
    from packerlab.lab import Limits

DRIVER = "/opt/packerlab/inside_place.py"


class BarePlace:
    """A place with an account for one verb at a time."""

    def __init__(self, limits: Limits) -> None:
        self._process = subprocess.Popen(
            _command(limits), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            start_new_session=True, cwd="/", env={"PATH": SYSTEM_PATH},
        )  # fmt: skip
        self.load_cpu = float(self._ask({"load": True})["cpu"])
        """CPU seconds of the control plane until it was ready."""

    def open(self, state: dict[str, Any]) -> float:
        """Seconds until a fresh account is there."""
        return float(self._ask({"open": state})["seconds"])

    def run(self, verb: dict[str, Any]) -> float:
        """Seconds of a recorded verb, which must end as it did in the report."""
        answer = self._ask(verb)
        if answer["exit"] != verb["exit"]:
            raise RuntimeError(f"{verb['argv']} ended with {answer['exit']}:\n{answer['output']}")
        return float(answer["seconds"])

    def close(self) -> None:
        self._process.communicate()

    def _ask(self, line: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(line) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError("the bare place ended")
        said: dict[str, Any] = json.loads(answer)
        return said


def _command(limits: Limits) -> list[str]:
    """The engine's command for a place, with another first process in it."""
    *launcher, config = Bubblewrap([])._place(limits, None)  # noqa: SLF001  (it is what we compare)
    place = json.loads(config)
    python, *_, supervisors = place["command"]
    place["view"].append([str(Path(__file__).with_name("inside_place.py")), DRIVER])
    place["command"] = [python, "-I", "-S", "-B", DRIVER, supervisors]
    return [*launcher, json.dumps(place)]
