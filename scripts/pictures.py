"""Draws the pages' pictures of a terminal, from what the commands really say.

    python scripts/pictures.py [FOLDER]

Each is an SVG in docs/images/ by Rich, without the fonts that its own form would fetch. A test says
that they are what the commands say today.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from rich._export_format import CONSOLE_SVG_FORMAT  # Console's own form, to leave its fonts out
from rich.console import Console
from rich.terminal_theme import SVG_EXPORT_THEME
from rich.text import Text

ROOT = Path(__file__).parent.parent
IMAGES = ROOT / "docs" / "images"
WIDE, PHONE = 100, 46  # columns
FIXED = (
    "Owner: platform",
    "Owner: ${var.owner}",
)  # what the start page shows between its two pictures


class Picture(NamedTuple):
    """What is run, how wide the terminal is, and in which state the workspace is."""

    commands: list[str]
    width: int = WIDE
    fixed: bool = False


PICTURES = {
    "check": Picture(["packerlab check 101_first_build"]),
    "class": Picture(["packerlab grade class --out gradebook", "packerlab report gradebook"]),
    "red": Picture(["packerlab check 101_first_build"], PHONE),
    "green": Picture(["packerlab check 101_first_build"], PHONE, fixed=True),
}


def main(folder: Path) -> None:
    """Draw all pictures into a folder."""
    folder.mkdir(exist_ok=True)
    for name, picture in PICTURES.items():
        with tempfile.TemporaryDirectory() as place:
            prepare(Path(place), picture)
            said = "\n".join(
                f"$ {command}\n{run(command, place, picture.width)}" for command in picture.commands
            )
            if picture.fixed:  # the debrief that follows is for those who did the lab themselves
                said, _, _ = said.partition("\n\n")
            file = folder / f"{name}.svg"
            file.write_text(drawn(name, said, picture.width), encoding="utf-8")


def prepare(place: Path, picture: Picture) -> None:
    """The sample class, and a workspace as one of its teams had it."""
    crowd = ROOT / "examples" / "class"
    shutil.copytree(crowd, place / "class", symlinks=True)
    shutil.copytree(crowd / "team-04", place / "101_first_build")
    if picture.fixed:
        template = place / "101_first_build" / "main.pkr.hcl"
        template.write_text(template.read_text(encoding="utf-8").replace(*FIXED), encoding="utf-8")


def run(command: str, place: str, width: int) -> str:
    """What a command says on a coloured terminal."""
    own = {"PACKERLAB_STATE": f"{place}/state"}
    colours = {"FORCE_COLOR": "1", "COLUMNS": str(width), "TERM": "xterm-256color"}
    program = Path(sys.executable).with_name("packerlab")
    done = subprocess.run(
        [program, *command.split()[1:]],
        cwd=place,
        env={**os.environ, **own, **colours},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # how far it is
        text=True,
        check=False,
    )
    return done.stdout


def drawn(title: str, said: str, width: int) -> str:
    """The terminal's text as an SVG that fetches nothing and is Rich's own form otherwise."""
    form = re.sub(r"@font-face \{\{.*?\}\}\n", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    console = Console(record=True, width=width, file=io.StringIO(), highlight=False)
    console.print(Text.from_ansi(said))
    return console.export_svg(
        title="packerlab", theme=SVG_EXPORT_THEME, code_format=form, unique_id=title
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else IMAGES)
