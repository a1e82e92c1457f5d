"""The hostile submissions: every folder beside this file is one, with the verdict that is right.

`row<number>_<name>`: the number is the attack's row in the threat table of SECURITY.md. It holds
`verdict.toml`, and the submission as files in `submission/`, or, where git can't hold it, `make.py`
with `make(folder)`, which writes it at `folder` or beside, and returns its path.
"""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from packerlab.lab import load_toml
from tests.hostile.making import MARKER, marker

HERE = Path(__file__).parent
COURSE = HERE.parent / "hostile_course"


class Verdict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`fails` are exactly the checks that failed; a graded one without any has full marks.

    `says` is a part of the reason, or of what a failed check says. `varies` is why the rows may use
    other words: in `docker-plain` a submission sees the image's files.
    """

    why: str
    lab: str = ""
    status: Literal["graded", "rejected", "timeout", "limit"] = "graded"
    fails: list[str] = []
    passes: list[str] = []
    says: str = ""
    varies: str = ""


class Case(NamedTuple):
    name: str
    verdict: Verdict

    def stage(self, where: Path) -> Path:
        """Hand the submission in, in the folder of a class; returns the entry's path."""
        maker = HERE / self.name / "make.py"
        if maker.exists():
            return _made(maker, where / self.name)
        path = where / self.name
        shutil.copytree(HERE / self.name / "submission", path)
        if not (path / MARKER).exists():
            (path / MARKER).write_bytes(marker(self.verdict.lab))
        return path


def _made(maker: Path, folder: Path) -> Path:
    spec = importlib.util.spec_from_file_location("hostile_maker", maker)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made: Path = module.make(folder)
    return made


def all_cases() -> list[Case]:
    folders = sorted(folder for folder in HERE.glob("row*") if folder.is_dir())
    return [Case(folder.name, load_toml(folder / "verdict.toml", Verdict)) for folder in folders]
