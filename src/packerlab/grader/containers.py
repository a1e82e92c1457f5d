"""What a container of an image runs, resolved from its settings and its disk; nothing is run."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from packerlab.evidence.containers import ContainerImage
    from packerlab.evidence.disk import Disk, Entry

SHELLS = ("sh", "bash", "dash")
FOLDERS = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
MOST_STEPS = 8


def command_of(image: ContainerImage) -> list[str]:
    """The program that a container becomes, and its arguments; empty where it is not on the disk.

    Followed are `env`, `sh -c`, and scripts that end with an `exec`, as entrypoints do.
    """
    words = [*image.settings.entrypoint, *image.settings.command]
    for _ in range(MOST_STEPS):
        entry = _program(image.disk, words[0]) if words else None
        if entry is None:
            return []
        name = words[0].rpartition("/")[2]
        script = _shell_script(entry)
        if name == "env":
            words = [word for word in words[1:] if "=" not in word]
        elif name in SHELLS and len(words) > 2 and re.fullmatch(r"-[a-z]*c", words[1]):
            words = _last_command(words[2], words[4:])
        elif script:
            words = _last_command(script, words[1:])
        else:
            return [entry.path, *words[1:]]
    return []


def _program(disk: Disk, word: str) -> Entry | None:
    paths = [word] if "/" in word else [f"{folder}/{word}" for folder in FOLDERS]
    found = (disk.resolve(path) for path in paths)
    return next((entry for entry in found if entry and entry.kind == "file"), None)


def _shell_script(entry: Entry) -> str:
    text = (entry.told or b"").decode(errors="replace")
    return text if re.match(r"#! ?(/usr)?/bin/(env )?(ba|da)?sh\b", text) else ""


def _last_command(text: str, arguments: list[str]) -> list[str]:
    """The words of a script's last command, without `exec`; `"$@"` are its arguments."""
    commands = [part.strip() for part in re.split(r"\n|;|(?<!>)&+", text) if part.strip()]
    try:
        words = shlex.split(commands[-1]) if commands else []
    except ValueError:
        return []
    words = words[1:] if words[:1] == ["exec"] else words
    return [each for word in words for each in (arguments if word == "$@" else [word])]
