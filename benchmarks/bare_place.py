"""Packer in a place that is there already, without our report and without its box.

Beside a simulated account, what starts, stops and freezes machines is the API's work, with a report
as without one. So the bare side has the engine's own place, control plane and machines, loaded and
open before the clock starts; `inside_place` drives them. Packer is then started directly, by the
place's root, in the network where the account answers: the same program with the same arguments,
environment and files as in the report. Not there, and so what a report is measured by: its own
process, the checks, bubblewrap and seccomp around each verb, fresh accounts, and the evidence that
is read and told.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packerlab.sandbox import host_ids
from packerlab.sandbox.bubblewrap import SYSTEM_PATH, Bubblewrap

if TYPE_CHECKING:
    from packerlab.lab import Limits
    from packerlab.sandbox.base import Needs

DRIVERS = "/opt/packerlab"
NO_TOOLS: Needs = frozenset()


class Bare:
    """A place for one verb at a time; `driver` is the module that stands in the supervisor's stead.

    `command` is the engine's own for such a place.
    """

    def __init__(self, command: list[str], driver: str) -> None:
        self._process = subprocess.Popen(
            _driven(command, driver), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            start_new_session=True, cwd="/", env={"PATH": SYSTEM_PATH},
        )  # fmt: skip

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


class BarePlace(Bare):
    """With an account."""

    def __init__(self, limits: Limits) -> None:
        command = Bubblewrap([])._place(limits, NO_TOOLS, None, host_ids.LOCKED)  # noqa: SLF001
        super().__init__(command, "inside_place.py")
        self.load_cpu = float(self._ask({"load": True})["cpu"])
        """CPU seconds of the control plane until it was ready."""

    def open(self, state: dict[str, Any]) -> float:
        """Seconds until a fresh account is there."""
        return float(self._ask({"open": state})["seconds"])


class BareEngine(Bare):
    """With a container engine."""

    def __init__(self, limits: Limits) -> None:
        super().__init__(
            Bubblewrap([])._with_engine(limits, NO_TOOLS, None, host_ids.LOCKED),  # noqa: SLF001
            "inside_engine.py",
        )


def _driven(command: list[str], driver: str) -> list[str]:
    """The command with another first process in its place."""
    *launcher, config = command
    place = json.loads(config)
    python, *_, supervisors = place["command"]
    place["view"].append([str(Path(__file__).with_name(driver)), f"{DRIVERS}/{driver}"])
    place["command"] = [python, "-I", "-S", "-B", f"{DRIVERS}/{driver}", supervisors]
    return [*launcher, json.dumps(place)]
