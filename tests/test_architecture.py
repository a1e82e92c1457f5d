"""The shape of the source: imports go down, and some things are done in one place alone."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from packerlab.__main__ import MANY

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "packerlab"
MODULES = sorted(SOURCE.rglob("*.py"))
LONGEST = 400

ONE_IMPORTER = {
    "docker": "sandbox/docker.py",
    "hcl2": "hcl/grammar.py",
    "lark": "hcl/grammar.py",
    "pytest": "grading/plugin.py",
}
BROAD = {
    ("cli.py", "main"),
    ("grading/grade_one.py", "_child"),
    ("inside/simulated/dispatch.py", "_answered"),
    ("inside/control.py", "within_bounds"),
    ("inside/room.py", "bounded"),
}
"""The boundaries where a mistake of ours, or what hostile state makes of it, becomes a sentence."""


def name_of(module: Path) -> str:
    return module.relative_to(SOURCE).as_posix()


def tree_of(module: Path) -> ast.Module:
    return ast.parse(module.read_text(encoding="utf-8"))


def imported(module: Path) -> set[str]:
    names = set()
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


def test_imports_go_down() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("package", ONE_IMPORTER)
def test_one_module_imports_it(package: str) -> None:
    importers = {name_of(module) for module in MODULES if package in imported(module)}
    assert importers == {ONE_IMPORTER[package]}


def test_a_server_is_the_room_s_alone() -> None:
    """It is an extra, so that every other verb works without."""
    server = {"starlette", "uvicorn", "h11", "multipart", "python_multipart"}
    importers = {name_of(module) for module in MODULES if imported(module) & server}
    assert {name for name in importers if not name.startswith("room/")} == set()


def test_what_grades_by_a_server_starts_without_the_current_folder() -> None:
    """Multiprocessing's server imports from it first, and a submission may lie there."""
    graders = ("packerlab.executors.local", "packerlab.sandbox_pool")
    verbs = {
        module.stem
        for module in MODULES
        if name_of(module).startswith("commands/")
        for node in ast.walk(tree_of(module))
        if isinstance(node, ast.ImportFrom) and node.module in graders
    }
    assert {"grade", "regrade", "serve", "verify", "worker"} <= verbs
    assert {(verb,) for verb in verbs} <= set(map(tuple, MANY))


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_a_module_can_be_read_at_one_sitting(module: Path) -> None:
    lines = len(module.read_text(encoding="utf-8").splitlines())
    assert lines <= LONGEST


def is_broad(handler: ast.ExceptHandler) -> bool:
    """Whether it catches everything; to clean up and raise again is no catching."""
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    named = {kind.id for kind in kinds if isinstance(kind, ast.Name)}
    raises_again = isinstance(handler.body[-1], ast.Raise) and handler.body[-1].exc is None
    everything = handler.type is None or not named.isdisjoint({"Exception", "BaseException"})
    return everything and not raises_again


def test_only_boundaries_catch_everything() -> None:
    found = {
        (name_of(module), function.name)
        for module in MODULES
        for function in ast.walk(tree_of(module))
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.ExceptHandler) and is_broad(node)
    }
    assert found <= BROAD


BECOMING = {"inside/syscalls.py", "sandbox/host_base.py"}
"""Where a fork changes its own folder, on the way to become another program."""

FORBIDDEN_CALLS = {"os.chdir", "os.putenv", "os.unsetenv", "os.system", "os.popen"}


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_nothing_changes_the_process_that_it_runs_in(module: Path) -> None:
    """No `chdir`, no writes to the environment, no shell, no state of a module that changes."""
    for node in ast.walk(tree_of(module)):
        assert not isinstance(node, ast.Global)
        if isinstance(node, ast.Call):
            allowed = {"os.chdir"} if name_of(module) in BECOMING else set()
            assert ast.unparse(node.func) not in FORBIDDEN_CALLS - allowed
            assert "shell" not in {word.arg for word in node.keywords}
        written = [node] if isinstance(node, ast.Attribute | ast.Subscript) else []
        for target in written:
            changes = isinstance(target.ctx, ast.Store | ast.Del)
            assert not (changes and ast.unparse(target).startswith("os.environ"))


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_no_pattern_is_possessive(module: Path) -> None:
    """Debian 12's Python (3.11.2) matches possessive quantifiers and atomic groups wrongly."""
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            assert not re.search(r"[\]\w)*+?}][*+?}]\+|\(\?>", node.value), node.value


def test_the_command_line_starts_light() -> None:
    """Heavy modules are imported by the verb that needs them."""
    heavy = ("docker", "hcl2", "lark", "pytest", "jinja2", "multiprocessing", "packerlab.sandbox",
             "starlette", "uvicorn", "packerlab.room")  # fmt: skip
    asked = f"import sys, packerlab.cli; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


IN_A_LIST = re.compile(r'(?:sys\.executable|PYTHON|python|_python\(\)), ("[^"]*")')
IN_A_SHELL = re.compile(r"(?:^|[;&|]|\bdo|\bRUN) *python3 ([^\s\\;]+)", re.MULTILINE)


def test_no_python_that_we_start_imports_from_where_it_starts() -> None:
    """A class's folder may hold a `pip/` or a `zipfile.py`: `-I` and `-P` keep them out."""
    started = [
        (name_of(file), first) for file in MODULES for first in IN_A_LIST.findall(text(file))
    ]
    recipe = ROOT / "sandbox" / "Dockerfile"
    started += [(recipe.name, first) for first in IN_A_SHELL.findall(text(recipe))]
    assert len(started) >= 9
    allowed = {"-I", "-P"}
    assert [each for each in started if each[1].strip('"') not in allowed] == []


def text(file: Path) -> str:
    return file.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "grader", sorted((ROOT / "graders").glob("*.py")), ids=lambda path: path.stem
)
def test_a_grader_imports_one_module_of_ours(grader: Path) -> None:
    imports = [node for node in ast.walk(tree_of(grader)) if isinstance(node, ast.ImportFrom)]
    ours = {node.module for node in imports if (node.module or "").startswith("packerlab")}
    assert ours == {"packerlab.grader"}
