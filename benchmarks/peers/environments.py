"""An environment for each grader, with the packages that it requires and nothing else."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class CannotInstallError(Exception):
    """pip can't install the packages for this Python; the message is its own."""


def environment(folder: Path, requires: tuple[str, ...]) -> Path:
    """Make the environment in `folder`, or take the one that an earlier run made there."""
    ready = folder / "requires.txt"
    wanted = "\n".join(requires)
    if not (ready.exists() and ready.read_text() == wanted):
        _run([sys.executable, "-m", "venv", "--clear", str(folder)])
        pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
        _run([*pip, "install", "--quiet", *requires])
        ready.write_text(wanted)
    return folder


def _run(argv: list[str]) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotInstallError((done.stderr.strip() or done.stdout.strip()).splitlines()[-1])
