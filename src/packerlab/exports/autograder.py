"""A zip for Gradescope: a lab with its grader, packerlab itself, and the Packer of this machine.

All of it is in the zip except Python's packages, of which the versions are: what grades there is
what grades here.
"""

from __future__ import annotations

from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from packerlab.course import OURS, PACKAGE
from packerlab.errors import BadInputError
from packerlab.exports.starters import zipped
from packerlab.submissions.reader import File

if TYPE_CHECKING:
    from packerlab.lab import Lab
    from packerlab.sandbox.base import PackerProgram
    from packerlab.submissions.reader import Files

HERE = Path(__file__).parent
LEFT_OUT = frozenset({OURS, "__pycache__"})


def autograder_zip(lab: Lab, packer: PackerProgram) -> bytes:
    """The zip; raises BadInputError for a lab that needs more than Packer."""
    if more := sorted(lab.needs - {"packer"}):
        raise BadInputError(
            f"{lab.title} needs {' and '.join(more)}, which a container of Gradescope's can't "
            "offer: grade it on a machine of yours with `packerlab grade`."
        )
    files = {name: _file(HERE / name, executable=True) for name in ("setup.sh", "run_autograder")}
    files["lab"] = File(f"{lab.slug}\n".encode())
    files["requirements.txt"] = File("".join(f"{pin}\n" for pin in pinned("packerlab")).encode())
    files |= {f"src/packerlab/{name}": file for name, file in _tree(PACKAGE, LEFT_OUT).items()}
    files |= {f"course/{name}": file for name, file in _course_of(lab).items()}
    if packer.path:
        files["packer/packer"] = _file(packer.path, executable=True)
    if packer.plugins:
        plugins = _tree(packer.plugins)
        files |= {f"packer/plugins/{name}": file for name, file in plugins.items()}
    return zipped(files)


def _course_of(lab: Lab) -> Files:
    """A course of this lab alone, without its solution: it is not needed to grade."""
    names = ("lab.toml", "README.md")
    files = {f"labs/{lab.slug}/{name}": _file(lab.path / name) for name in names}
    starter = _tree(lab.starter)
    files |= {f"labs/{lab.slug}/starter/{name}": file for name, file in starter.items()}
    files[f"graders/{lab.grader.name}"] = _file(lab.grader)
    if lab.secret:
        files["secret"] = File(lab.secret)
    return files


def _tree(folder: Path, left_out: frozenset[str] = frozenset()) -> Files:
    paths = {path.relative_to(folder): path for path in folder.rglob("*") if path.is_file()}
    return {
        name.as_posix(): _file(path)
        for name, path in paths.items()
        if left_out.isdisjoint(name.parts)
    }


def _file(path: Path, *, executable: bool | None = None) -> File:
    own = bool(path.stat().st_mode & 0o111)
    return File(path.read_bytes(), executable=own if executable is None else executable)


def pinned(package: str) -> list[str]:
    """What a package needs, and what that needs, each with the version that is installed here."""
    wanted = [(package, frozenset[str]())]
    seen = set(wanted)
    versions: dict[str, str] = {}
    for name, extras in wanted:
        for line in metadata.requires(name) or ():
            need = Requirement(line)
            markers = [{"extra": extra} for extra in ("", *extras)]
            if need.marker and not any(map(need.marker.evaluate, markers)):
                continue
            found = (canonicalize_name(need.name), frozenset(need.extras))
            versions[found[0]] = metadata.version(need.name)
            if found not in seen:
                seen.add(found)
                wanted.append(found)
    return [f"{name}=={version}" for name, version in sorted(versions.items())]
