"""What systems, editors and tools leave in folders: the one list, for workspaces and classes alike.

A leftover is passed over: it is never read, never graded and in no digest, and the report names it.
Only names that a program gives by itself belong here, never ones that a learner might choose.
"""

from __future__ import annotations

import re
from fnmatch import translate

MARKER = ".packerlab.toml"
"""The file that says which lab a workspace is for."""

_LEFT = (
    # macOS: attributes beside each file, the icon of a folder, the state of a disk
    "._*", ".ds_store", "__macosx", "icon\r", ".appledouble", ".fseventsd", ".spotlight-v100",
    ".trashes", ".temporaryitems", ".documentrevisions-v100",
    # Windows, Office
    "thumbs.db", "ehthumbs.db", "desktop.ini", "$recycle.bin", "system volume information", "~$*",
    # Linux desktops, network file systems
    ".directory", ".trash-*", ".nfs*", ".~lock.*#", "lost+found",
    # editors: locks, backups, swap files, settings
    ".#*", "#*#", "*~", ".*.sw[a-p]", ".vscode", ".idea", ".vs", "*.sublime-workspace",
    # version control, and the files that keep an empty folder in it
    ".git", ".svn", ".hg", ".gitkeep", ".keep",
    # languages' tools
    ".venv", "node_modules", "__pycache__", "*.pyc", ".ipynb_checkpoints", ".pytest_cache",
    ".mypy_cache", ".ruff_cache", ".terraform",
    # Packer
    "packer_cache", "crash.log", "crash.*.log",
    # packerlab: what `reset` keeps
    "*.kept-[0-9]*",
)  # fmt: skip
_EXPORTED = (
    "class.toml", "*.csv", "*.xls", "*.xlsx", "*.ods", "index.html", "readme.txt", "readme.md",
)  # fmt: skip
"""What a learning platform, or who keeps the folder, puts beside the submissions: a class's rules,
lists of marks, a table of contents, notes."""


def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(translate, patterns)))


_LEFTOVER = _any_of(_LEFT)
_BESIDE_SUBMISSIONS = _any_of((*_LEFT, *_EXPORTED, MARKER))
_LONGEST = 255
"""Characters that a file system takes: no program leaves a longer name."""
_DEEPEST = 16
"""Folders that are looked at: files further down are refused in any case."""


def is_leftover(name: str) -> bool:
    """Whether a file or folder of this name, without its path, is a leftover."""
    return len(name) <= _LONGEST and bool(_LEFTOVER.fullmatch(name.lower()))


def is_no_submission(name: str) -> bool:
    """Whether an entry of a class's folder is a leftover there, and nobody's submission."""
    return len(name) <= _LONGEST and bool(_BESIDE_SUBMISSIONS.fullmatch(name.lower()))


def leftover_in(path: str) -> str:
    """The first part of a path that is a leftover, with what is above it; empty without one."""
    parts = path.split("/", _DEEPEST)[:_DEEPEST]
    for number, part in enumerate(parts, 1):
        if is_leftover(part):
            return "/".join(parts[:number])
    return ""
