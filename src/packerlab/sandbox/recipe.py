"""What the image of the docker backends is made of: `sandbox/` of the course, and our own files."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from packerlab.course import PACKAGE, default_root
from packerlab.sandbox.launch import INSIDE

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def recipe_files() -> dict[str, Path]:
    """What every image is made of, by its name in the build."""
    recipe = default_root() / "sandbox"
    return {
        "Dockerfile": recipe / "Dockerfile",
        "seccomp.py": PACKAGE / "sandbox" / "seccomp.py",
        "requirements.lock": recipe / "requirements.lock",
        **_below(recipe, "", ["containers", "instance", "shift_ids.sh", "tools"]),
        **_below(PACKAGE.parent, "lib/", INSIDE),
    }


def _below(root: Path, prefix: str, names: Iterable[str]) -> dict[str, Path]:
    """The files at and below `names` in a folder, by their names in the build."""
    found = (file for name in names for file in [root / name, *(root / name).rglob("*")])
    return {
        f"{prefix}{file.relative_to(root).as_posix()}": file
        for file in sorted(found)
        if file.is_file() and "__pycache__" not in file.parts
    }


def recipe_digest() -> str:
    """Over the recipe: an image of another one does not fit this engine."""
    whole = hashlib.sha256()
    for path in recipe_files().values():
        whole.update(hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()
