"""The base: the Debian root that instances of the simulated account start from, as a tar.

Made once, by its recipe, and kept in the cache by the recipe's digest.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tarfile
from typing import TYPE_CHECKING

from filelock import FileLock

from packerlab import state
from packerlab.course import default_root
from packerlab.errors import MachineError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SUITE = "bookworm"
PACKAGES = (
    "openssh-server", "sudo", "procps", "ca-certificates", "systemd",
    "apt-utils",  # writes the indexes of the local repository
    "usr-is-merged",  # else usrmerge is taken, and 50 MB of Perl with it
)  # fmt: skip
INSIDE = "/opt/instance"
HOOKS = (
    f'mkdir "$1{INSIDE}"',
    f"sync-in instance {INSIDE}",
    f'chroot "$1" sh {INSIDE}/prepare.sh',
    f'rm -r "$1{INSIDE}"',
)
COMMAND = (
    "mmdebstrap", "--mode=auto", "--skip=output/dev",  # which no user namespace may make
    "--variant=minbase", f"--include={','.join(PACKAGES)}",
    "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr",
    *(f"--customize-hook={hook}" for hook in HOOKS), SUITE,
)  # fmt: skip


def recipe_files() -> dict[str, Path]:
    """What is put into the root, by its name there."""
    folder = default_root() / "sandbox" / "instance"
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path for path in files}


def recipe_digest() -> str:
    """Over the command and the files: a base of another recipe is another base."""
    whole = hashlib.sha256("\0".join(COMMAND).encode())
    for name, path in recipe_files().items():
        whole.update(name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()


def make_base(say: Callable[[str], None]) -> Path:
    """The base's tar, made where it is not in the cache yet. `say` hears the progress."""
    path = state.cache_folder() / f"base-{recipe_digest()[:16]}.tar"
    with FileLock(path.with_suffix(".lock")):
        if not path.exists():
            if not shutil.which("mmdebstrap"):
                raise MachineError(
                    "The base of the instances needs mmdebstrap: "
                    "install Debian's or Ubuntu's package of that name, and uidmap with it."
                )
            partial = path.with_suffix(".partial")
            try:
                _run(partial, say)
                _add_mount_point(partial)
                partial.replace(path)
            finally:
                partial.unlink(missing_ok=True)
            say(f"the base is made: {path.stat().st_size / 1e6:.0f} MB")
    return path


def _run(target: Path, say: Callable[[str], None]) -> None:
    """Have mmdebstrap write the tar. Its own steps are the progress."""
    say(f"making a Debian {SUITE} root with {', '.join(PACKAGES)}")
    heard: list[str] = []
    with subprocess.Popen(
        [*COMMAND, "--format=tar", str(target)], cwd=default_root() / "sandbox",
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        text=True, errors="replace",
    ) as process:  # fmt: skip
        for line in process.stderr or ():
            heard.append(line.strip())
            if line.startswith("I: ") and line.rstrip().endswith("..."):
                say(line.removeprefix("I: ").strip())
    if process.returncode:
        wrong = [line for line in heard if line.startswith(("E: ", "mmdebstrap: "))] or heard
        raise MachineError(f"The base could not be made; mmdebstrap said: {' '.join(wrong)[-400:]}")


def _add_mount_point(path: Path) -> None:
    """Give the tar the empty /dev that mmdebstrap leaves out together with the device nodes."""
    with tarfile.open(path, "a") as archive:
        folder = tarfile.TarInfo("./dev")
        folder.type, folder.mode = tarfile.DIRTYPE, 0o755
        archive.addfile(folder)


def clean() -> list[str]:
    """Remove the bases of all recipes; returns their names."""
    removed = []
    for path in sorted(state.cache_folder().glob("base-*.*")):
        path.unlink()
        if path.suffix == ".tar":
            removed.append(path.name)
    return removed
