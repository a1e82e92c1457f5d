"""Python packages for the Debian of the sandboxes: locked by hash, fetched once and kept."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from packerlab import state
from packerlab.errors import MachineError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PYTHON = "3.11"
"""Debian bookworm's."""


def download_wheels(lock: Path, architecture: str, say: Callable[[str], None]) -> Path:
    """The wheels of a lock, in a folder, fetched by this machine's pip and its settings."""
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()[:16]
    folder = state.cache_folder() / f"wheels-{digest}-{architecture}"
    if folder.is_dir():
        return folder
    say("downloading Python packages")
    beside = folder.with_name(f".{folder.name}.{os.getpid()}")
    platforms = [f"--platform=manylinux_2_{version}_{architecture}" for version in (34, 28, 17)]
    command = [
        sys.executable, "-P", "-m", "pip", "download", "--quiet", "--require-hashes", "--no-deps",
        "--only-binary=:all:", "--implementation=cp", f"--python-version={PYTHON}",
        *platforms, f"--platform=manylinux2014_{architecture}", f"--dest={beside}",
        f"--requirement={lock}",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        shutil.rmtree(beside, ignore_errors=True)
        raise MachineError(f"pip can't fetch the packages of {lock}: {done.stderr.strip()[-300:]}")
    beside.rename(folder)
    return folder
