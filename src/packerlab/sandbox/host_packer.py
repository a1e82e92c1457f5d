"""The Packer of this machine: where it is, which plugins it has, what their digest is."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path

from packerlab import state
from packerlab.errors import MachineError
from packerlab.sandbox.base import PackerProgram

MISSING = (
    "Packer is not installed: `apt install packer` on Debian; PACKERLAB_PACKER may name its file."
)


def is_missing() -> bool:
    """Whether no Packer is named, nor on PATH: then another backend may have one."""
    return not (os.environ.get("PACKERLAB_PACKER") or shutil.which("packer"))


def host_packer() -> PackerProgram:
    """PACKERLAB_PACKER, else the `packer` on PATH, with its installed plugins.

    Raises MachineError where it is missing or no program: another Packer is never taken instead.
    """
    found = os.environ.get("PACKERLAB_PACKER") or shutil.which("packer")
    if not found:
        raise MachineError(MISSING)
    path = Path(found).resolve()
    if not path.is_file() or not os.access(path, os.R_OK | os.X_OK) or _magic(path) != b"\x7fELF":
        raise MachineError(f"{found} is no program for this system (set PACKERLAB_PACKER).")
    plugins = _plugin_folder()
    return PackerProgram(_digest(path, plugins), path, plugins)


def _magic(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(4)


def _plugin_folder() -> Path | None:
    """Where Packer looks for plugins (`packer plugins` of 1.16), if there is any."""
    named = os.environ.get("PACKER_PLUGIN_PATH")
    config = os.environ.get("PACKER_CONFIG_DIR")
    folder = Path.home() / ".config" / "packer" / "plugins"
    if config:
        folder = Path(config) / ".packer.d" / "plugins"
    if named:
        folder = Path(named)
    return folder.resolve() if folder.is_dir() else None


def _digest(program: Path, plugins: Path | None) -> str:
    """sha256 over the program and its plugins; remembered by size and time of each file."""
    files = {"packer": program}
    for file in plugins.rglob("*") if plugins else ():
        if file.is_file():
            files[f"plugins/{file.relative_to(plugins or file).as_posix()}"] = file
    stamps = [
        [str(file), (status := file.stat()).st_size, status.st_mtime_ns, status.st_ino]
        for _, file in sorted(files.items())
    ]
    memory = state.cache_folder() / "packer-digest.json"
    try:
        known = json.loads(memory.read_text())
        if known["stamps"] == stamps:
            return str(known["digest"])
    except (OSError, ValueError, KeyError, TypeError):
        pass  # there is none yet, or it can't be read: make it again
    sums = []
    for name, file in files.items():
        with file.open("rb") as stream:
            sums.append((name, hashlib.file_digest(stream, "sha256").hexdigest()))
    digest = digest_of(sums)
    state.write_atomically(memory, json.dumps({"stamps": stamps, "digest": digest}).encode())
    return digest


def digest_of(sums: list[tuple[str, str]]) -> str:
    """The digest of a Packer: over (name, sha256) of `packer` and of each file in `plugins/`."""
    lines = "".join(f"{content}  {name}\n" for name, content in sorted(sums))
    return f"sha256:{hashlib.sha256(lines.encode()).hexdigest()}"
