"""A box around a grader that is not ours, so that a forgery harms nothing on this machine.

In it are the system and the grader's packages, read-only, and one place that may be written. It has
a home of its own, no network and no other processes. For a grader that is documented to run in a
container for each submission, a box for each stands in for these.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SYSTEM = ("/usr", "/bin", "/lib", "/lib64", "/etc")
LEARNER = "1000"


def boxed(argv: list[str], place: Path, at: str, environment: Path) -> list[str]:
    """The command that runs `argv` in a box, with `place` as the folder `at`."""
    seen = [*SYSTEM, sys.base_prefix, str(environment)]
    variables = {
        "HOME": f"{at}/home",
        "LANG": "C.UTF-8",
        "PATH": f"{environment}/bin:{os.defpath}",
        "TERM": "dumb",
    }
    return [
        *("bwrap", "--unshare-all", "--die-with-parent", "--clearenv"),
        *("--uid", LEARNER, "--gid", LEARNER, "--cap-drop", "ALL"),
        *("--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"),
        *(word for path in seen for word in ("--ro-bind-try", path, path)),
        *("--bind", str(place), at, "--chdir", at),
        *(word for pair in variables.items() for word in ("--setenv", *pair)),
        *argv,
    ]
