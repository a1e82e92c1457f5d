"""What the pages say is what happens.

A `console` block is run, command by command, in a folder of the page's own, also where it stands in
a box or a tab; a block with a title is a file that is written there. What a page shows of an output
must come, with `...` for what differs from run to run; where it shows an error or a negative
verdict, the command must end with exit code 1. HCL that is no file is a fragment, and formatted as
Packer would.
"""

from __future__ import annotations

import inspect
import os
import re
import shutil
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
import typer
from typer.core import TyperCommand, TyperGroup, TyperOption

from packerlab import cli, errors, lab, report
from packerlab.course import pages, rules
from packerlab.evidence import files as evidence
from packerlab.gradebook import ledger, opening, overrides
from packerlab.hcl import parsing, template
from packerlab.inside import kept, supervisor
from packerlab.inside.files import MAX_FILES
from packerlab.inside.meter import PROCESSES
from packerlab.learning import progress
from packerlab.mutation import equivalents
from packerlab.packer.answers import Answer
from packerlab.room import guard, listener, members, news, room, serving, shelf
from packerlab.submissions import reader, workspaces
from packerlab.variants import rows as variant_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    import msgspec

ROOT = Path(__file__).parent.parent
COMMANDS = "docs/reference/commands.md"
CONTRACTS = "docs/reference/contracts.md"
GRADERS = "docs/contributing/grader_reference.md"
ARCHITECTURE = "docs/contributing/architecture.md"

BLOCK = re.compile(
    r'^(?P<indent> *)(?P<fence>`{3,})(?P<kind>\w+)(?: title="(?P<title>[^"]+)")?\n'
    r"(?P<text>.*?)^(?P=indent)(?P=fence)$",
    re.MULTILINE | re.DOTALL,
)


class Block(NamedTuple):
    """A fenced block of a page; `title` is the file's name if it is one."""

    kind: str
    title: str | None
    text: str


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(name: str) -> Iterator[Block]:
    for found in BLOCK.finditer(page(name)):
        yield Block(found["kind"], found["title"], textwrap.dedent(found["text"]))


PAGES = [*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md"), *ROOT.glob("labs/*/*.md")]
NAMES = sorted(path.relative_to(ROOT).as_posix() for path in PAGES)


def with_blocks(*kinds: str) -> list[str]:
    """The pages that have a block of one of these kinds."""
    return [name for name in NAMES if any(block.kind in kinds for block in blocks(name))]


def section(text: str, anchor: str) -> str:
    found = pages.section(text, anchor)
    assert found, anchor
    return found


def first_cells(text: str) -> list[str]:
    """What stands in backticks in the first column of a section's tables."""
    rows = re.findall(r"^\|(.+?)\|", text, re.MULTILINE)
    return [name for row in rows for name in re.findall(r"`(\w+)", row)]


# --- the commands ---------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a page is run: with a class's submissions, and the repository."""
    made = tmp_path / "page"
    ours = ROOT / "labs" / "101_first_build"
    for name in ("ada", "ben"):
        workspace = made / "submissions" / name
        shutil.copytree(ours / "starter", workspace)
        (workspace / ".packerlab.toml").write_text(f'format = 1\nlab = "{ours.name}"\n')
    shutil.copytree(ours / "solution", made / "submissions" / "ada", dirs_exist_ok=True)
    with zipfile.ZipFile(made / "submissions" / "ben.zip", "w") as archive:
        for file in workspace.iterdir():
            archive.write(file, f"101_first_build/{file.name}")
    shutil.rmtree(workspace)
    (made / "packerlab").symlink_to(ROOT)
    return made


@pytest.mark.parametrize("name", with_blocks("console"))
def test_a_page_that_is_run(name: str, folder: Path, request: pytest.FixtureRequest) -> None:
    """In the order of the page: files are written, commands are run."""
    if re.search(r"\$ packerlab (shell|new --course)", page(name)):
        request.getfixturevalue("instance_base")
        request.getfixturevalue("tools_root")
    commands = 0
    for block in blocks(name):
        if block.title:
            file = folder / block.title
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.text.replace(";--8<--", "--8<--"), encoding="utf-8")
        elif block.kind == "console":
            for command, shown in transcript(block.text):
                commands += 1
                check_command(command, shown, folder)
    assert commands


def transcript(text: str) -> Iterator[tuple[str, list[str]]]:
    """(command, lines that it prints) of a console block."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, *shown = part.rstrip("\n").split("\n")
        yield command, shown


def check_command(command: str, shown: list[str], folder: Path) -> None:
    installed = folder.parent / "installed"
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(installed),
        "NO_COLOR": "1",
    }
    if command == "pip install .":  # the same, without touching this environment or a network
        command = (
            f"{sys.executable} -m pip install --quiet --no-index --no-deps --no-build-isolation "
            f"--target {installed} {ROOT}"
        )
    done = subprocess.run(
        ["/bin/sh", "-c", command], cwd=folder, env=environment, capture_output=True, text=True,
        check=False, timeout=300,
    )  # fmt: skip
    output = done.stdout + done.stderr
    negative = any(line.startswith(("✗", "Error")) or "WRONG" in line for line in shown)
    assert done.returncode == (errors.NEGATIVE if negative else errors.DONE), output
    lines = [line.rstrip() for line in re.sub(r"\x1b\[[0-9;]*m", "", output).splitlines()]
    for line in shown:
        pattern = re.escape(line).replace(r"\.\.\.", ".*")
        assert any(re.fullmatch(pattern, printed) for printed in lines), f"{line}\n---\n{output}"


@pytest.mark.parametrize("name", with_blocks("hcl"))
def test_fragments_are_formatted_hcl(name: str, tmp_path: Path) -> None:
    for number, block in enumerate(blocks(name)):
        if block.kind == "hcl" and not block.title:
            file = tmp_path / f"{number}.pkr.hcl"
            file.write_text(block.text, encoding="utf-8")
            words = ["packer", "fmt", "-check", "-diff", str(file)]
            done = subprocess.run(words, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{block.text}\n{done.stdout}"


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_make_knows_its_targets(name: str) -> None:
    """`make -n` says what it would do, and does nothing."""
    shell = "".join(block.text for block in blocks(name) if block.kind == "sh")
    targets = re.findall(r"^make (\w+)", shell, re.MULTILINE)
    assert targets
    done = subprocess.run(
        ["make", "-n", *targets], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


# --- the reference --------------------------------------------------------------------------------


def verbs(group: TyperGroup, above: str = "") -> Iterator[tuple[str, TyperCommand | TyperGroup]]:
    """Every command, each with the verb on whose section of the page it stands."""
    for name, command in group.commands.items():
        assert isinstance(command, TyperCommand | TyperGroup)
        yield above or name, command
        if isinstance(command, TyperGroup):
            yield from verbs(command, above or name)


def options(command: TyperCommand | TyperGroup) -> set[str]:
    return {word for each in command.params if isinstance(each, TyperOption) for word in each.opts}


def test_every_verb_and_option_is_on_the_page_and_no_other() -> None:
    text = page(COMMANDS)
    application = typer.main.get_command(cli.app)
    assert isinstance(application, TyperGroup)
    common = text[: text.index("## For learners")]
    known = {"--help", "-h", *options(application)}
    for verb, command in verbs(application):
        known |= options(command)
        told = section(text, verb) + common
        for option in options(command):
            assert f"{option}`" in told or f"{option} " in told, f"{verb} {option}"
    assert {verb for verb, _ in verbs(application)} == set(re.findall(r"### `(\w+)`", text))
    assert set(re.findall(r"(?<![\w-])--[a-z][\w-]*", text)) <= known


def test_every_exit_code_is_on_the_page() -> None:
    codes = {
        str(value) for name, value in vars(errors).items() if name.isupper() and type(value) is int
    }
    told = section(page(COMMANDS), "exit-codes")
    assert set(re.findall(r"^\| (\d+) ", told, re.MULTILINE)) == codes


def test_every_variable_of_ours_is_on_the_page() -> None:
    sources = "".join(file.read_text() for file in (ROOT / "src").rglob("*.py"))
    used = set(re.findall(r'"(PACKERLAB_[A-Z_]+)"', sources))
    told = set(re.findall(r"`(PACKERLAB_[A-Z_]+)`", section(page(COMMANDS), "environment")))
    assert told == used


def fields(*structs: type[msgspec.Struct]) -> set[str]:
    return {name for struct in structs for name in struct.__struct_fields__}


@pytest.mark.parametrize(
    ("anchor", "struct"),
    [
        ("lab-toml", lab.Manifest),
        ("variants", variant_rows.Variant),
        ("equivalent", equivalents.Reason),
        ("marker", workspaces.Marker),
        ("overrides", overrides.Override),
        ("ledger", ledger.Entry),
    ],
)
def test_every_key_of_a_file_is_on_the_page(anchor: str, struct: type[msgspec.Struct]) -> None:
    assert set(first_cells(section(page(CONTRACTS), anchor))) == fields(struct)


def test_every_key_of_a_class_is_on_the_page() -> None:
    told = first_cells(section(page(CONTRACTS), "class-toml"))
    tables = rules.TABLES.values()
    assert sorted(told) == sorted(name for table in tables for name in table.__struct_fields__)


def test_every_key_of_a_record_is_on_the_page() -> None:
    told = set(first_cells(section(page(CONTRACTS), "progress")))
    assert told == fields(progress.Progress, progress.Record)


def test_every_field_of_a_report_is_on_the_page() -> None:
    told = section(page(CONTRACTS), "report")
    keys = fields(report.Report, report.Check, report.Digests, report.Run)
    statuses = set(report.Status.__args__)  # type: ignore[attr-defined]
    assert set(first_cells(told)) == keys | statuses | {"status"}
    for word in fields(report.Where) | set(report.Outcome.__args__):  # type: ignore[attr-defined]
        assert f"`{word}`" in told
    for word in fields(opening.Header):
        assert f"`{word}`" in section(page(CONTRACTS), "gradebook")


# --- what authors and contributors read -----------------------------------------------------------


def test_every_fixture_is_on_the_page() -> None:
    source = (ROOT / "src/packerlab/grading/plugin.py").read_text()
    found = re.findall(r'@pytest\.fixture\((?:name="(\w+)")?.*?\n    def (\w+)', source)
    told = section(page(GRADERS), "api").partition("**What a verb answers**")[0]
    assert set(first_cells(told)) == {given or name for given, name in found}


@pytest.mark.parametrize("kind", [Answer, evidence.Evidence, template.Template, template.Block])
def test_every_method_for_graders_is_on_the_page(kind: type) -> None:
    names = {*vars(kind), *inspect.get_annotations(kind)}
    for name in sorted(names):
        if not name.startswith("_"):
            assert re.search(rf"\b{name}[`(]", page(GRADERS)), name


def test_every_module_is_on_the_page() -> None:
    package = ROOT / "src" / "packerlab"
    told = page(ARCHITECTURE)
    as_one = ("commands/", "writers/", "inside/simulated/", "inside/modes/")
    for file in package.rglob("*.py"):
        name = file.relative_to(package).with_suffix("").as_posix()
        face = name.removesuffix("__init__")
        assert name.startswith(as_one) or name == "__init__" or f"`{face}" in told, name


def test_the_bounds_are_the_engines() -> None:
    text = " ".join(page("SECURITY.md").split())
    caps, back, bounds = reader.WORKSPACE, reader.EVIDENCE, parsing.Bounds()
    sentences = [
        f"{caps.files} files, {caps.size // 10**6} MB in all, {caps.hcl // 10**3} kB of HCL",
        f"{caps.depth} folders deep, and {caps.ratio} times the size of an archive",
        f"{bounds.cpu_s} seconds of CPU and {bounds.memory // 10**9} GB of memory",
        f"{PROCESSES} processes and threads, {kept.MAX_OUTPUT // 10**6} MB of output",
        f"{back.files} files and {back.size // 10**6} MB to hand back",
        f"{MAX_FILES * 20} files and folders",
        f"({round(1 / supervisor.TICK)} times a second)",
        f"{serving.MOST_HEADER_BYTES // 10**3} kB of headers and {listener.RECEIVE_S:.0f} seconds "
        f"to arrive. A hand-in has {guard.MOST_BYTES // 10**6} MB at most, any other request "
        f"{guard.MOST_FORM_BYTES // 10**3} kB",
        f"at most {listener.MOST_FOR_ONE} connections, all together have "
        f"{listener.MOST_CONNECTIONS}",
        f"at most {room.MOST_WAITING} labs in the line, and {news.MOST_FOR_ONE} streams of news",
        f"{members.MOST_MEMBERS} learners fill a room",
        f"{shelf.MIN_FREE // 10**6} MB that stay free",
    ]
    assert [sentence for sentence in sentences if sentence not in text] == []


def test_an_attack_on_what_a_learner_follows_has_its_test() -> None:
    """Each row of the table ends with a test that there is."""
    table = page("SECURITY.md").partition("## `packer` and `shell`")[2].partition("\n## ")[0]
    rows = re.findall(r"^\|.+\| `(.+)` \|$", table, re.MULTILINE)
    places = ("sandbox/test_contract", "commands/test_packer", "workbench/test_streams",
              "submissions/test_changes")  # fmt: skip
    tests = "".join(page(f"tests/{place}.py") for place in places)
    assert len(rows) >= 12
    assert [row for row in rows if f"def {row}(" not in tests] == []


def test_an_attack_on_a_room_has_its_test() -> None:
    table = page("SECURITY.md").partition("## A room")[2].partition("\n## ")[0]
    rows = re.findall(r"^\|.+\| (`test_.+`) \|$", table, re.MULTILINE)
    tests = "".join(file.read_text() for file in (ROOT / "tests" / "room").glob("test_*.py"))
    named = [name for row in rows for name in re.findall("`(.+?)`", row)]
    assert len(rows) >= 16
    assert [name for name in named if f"def {name}(" not in tests] == []


def test_a_relaxation_has_its_test() -> None:
    """Each row of the table ends with a test that the contract has."""
    table = page("SECURITY.md").partition("## Relaxations")[2].partition("\n## ")[0]
    rows = re.findall(r"^\|.+\| (.+) \|$", table, re.MULTILINE)[1:]
    contract = "".join(
        page(f"tests/sandbox/test_{name}.py") for name in ("contract", "account", "containers")
    )
    assert rows
    assert [row for row in rows if f"def {row.strip('`')}(" not in contract] == []
