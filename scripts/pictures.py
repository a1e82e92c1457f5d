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

from rich._export_format import CONSOLE_SVG_FORMAT  # Console's own form, to leave its fonts out
from rich.console import Console
from rich.terminal_theme import SVG_EXPORT_THEME
from rich.text import Text

ROOT = Path(__file__).parent.parent
IMAGES = ROOT / "docs" / "images"
WIDTH = 100

PICTURES = {
    "check": ["packerlab check 101_first_build"],
    "class": ["packerlab grade class --out gradebook", "packerlab report gradebook"],
}


def main(folder: Path) -> None:
    """Draw all pictures into a folder."""
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        crowd = ROOT / "examples" / "class"
        shutil.copytree(crowd, Path(place, "class"), symlinks=True)
        shutil.copytree(crowd / "team-04", Path(place, "101_first_build"))
        for name, commands in PICTURES.items():
            said = "\n".join(f"$ {command}\n{run(command, place)}" for command in commands)
            (folder / f"{name}.svg").write_text(drawn(name, said), encoding="utf-8")


def run(command: str, place: str) -> str:
    """What a command says on a coloured terminal."""
    own = {"PACKERLAB_STATE": f"{place}/state"}
    colours = {"FORCE_COLOR": "1", "COLUMNS": str(WIDTH), "TERM": "xterm-256color"}
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


def drawn(title: str, said: str) -> str:
    """The terminal's text as an SVG that fetches nothing and is Rich's own form otherwise."""
    form = re.sub(r"@font-face \{\{.*?\}\}\n", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    console = Console(record=True, width=WIDTH, file=io.StringIO(), highlight=False)
    console.print(Text.from_ansi(said))
    return console.export_svg(
        title="packerlab", theme=SVG_EXPORT_THEME, code_format=form, unique_id=title
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else IMAGES)
