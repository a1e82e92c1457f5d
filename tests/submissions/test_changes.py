"""What a run made of a workspace comes home as a learner's work, or stays behind with a reason."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from packerlab.submissions.archives import Entry
from packerlab.submissions.changes import bring_home, changes
from packerlab.submissions.reader import WORKSPACE, File

if TYPE_CHECKING:
    from pathlib import Path

    from packerlab.submissions.changes import Changes
    from packerlab.submissions.reader import Files

BEFORE: Files = {"main.pkr.hcl": File(b"one"), "run.sh": File(b"sh", executable=True)}


def entry(name: str, data: bytes = b"", kind: str = "", *, executable: bool = False) -> Entry:
    return Entry(name, len(data), len(data), kind, executable, lambda _: data)


def unchanged(*more: Entry) -> list[Entry]:
    own = [entry(name, file.data, executable=file.executable) for name, file in BEFORE.items()]
    return [*own, *more]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, file in BEFORE.items():
        (tmp_path / name).write_bytes(file.data)
        (tmp_path / name).chmod(0o755 if file.executable else 0o640)
    return tmp_path


def tree(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file()
    }


def test_it_is_told_and_then_done(root: Path) -> None:
    found = changes(
        BEFORE, [entry("main.pkr.hcl", b"two"), entry("out/a/b", b"new", executable=True)]
    )
    assert found.lines() == [
        "changed: main.pkr.hcl (3 bytes)",
        "new: out/a/b (3 bytes)",
        "removed: run.sh",
    ]
    assert tree(root) == {"main.pkr.hcl": b"one", "run.sh": b"sh"}
    assert bring_home(root, found) == []
    assert tree(root) == {"main.pkr.hcl": b"two", "out/a/b": b"new"}
    assert (root / "main.pkr.hcl").stat().st_mode & 0o777 == 0o640
    assert (root / "out/a/b").stat().st_mode & 0o111
    back = changes({"out/a/b": File(b"new", executable=True)}, [entry("main.pkr.hcl", b"two")])
    assert bring_home(root, back) == []
    assert not (root / "out").exists()


def test_a_file_and_a_folder_may_change_places(root: Path) -> None:
    assert bring_home(root, changes(BEFORE, [entry("main.pkr.hcl/x", b"1")])) == []
    assert tree(root) == {"main.pkr.hcl/x": b"1"}
    back = changes({"main.pkr.hcl/x": File(b"1")}, [entry("main.pkr.hcl", b"2")])
    assert bring_home(root, back) == []
    assert tree(root) == {"main.pkr.hcl": b"2"}


@pytest.mark.parametrize(
    "odd",
    [
        entry("link", kind="link"),
        entry("pipe", kind="named pipe"),
        entry("x\x1b[2Jy"),
        entry("a\nb"),
        entry("\N{RIGHT-TO-LEFT OVERRIDE}x"),
        entry("/etc/passwd"),
        entry("../outside"),
        entry("a/../../outside"),
        entry("a\\b"),
        entry("C:x"),
        entry("a//b"),
        entry("x" * 201),
        entry("/".join("a" * 9)),
        entry("packer-builder-x"),
        entry("MAIN.pkr.hcl"),
        entry("main.pkr.hcl/below"),
        entry("big", b"x" * (WORKSPACE.size + 1)),
        entry("big.pkr.hcl", b"x" * (WORKSPACE.hcl + 1)),
    ],
    ids=lambda each: f"{each.name[:20]!r} {each.kind}",
)
def test_what_is_odd_stays_behind_alone(root: Path, odd: Entry) -> None:
    before = tree(root)
    found = changes(BEFORE, unchanged(odd, entry("good", b"good")))
    assert list(found.written) == ["good"]
    (line,) = found.left_out.values()
    assert "\x1b" not in line
    assert "\n" not in line
    assert bring_home(root, found) == []
    assert tree(root) == before | {"good": b"good"}


@pytest.mark.parametrize(
    "name",
    [".git/hooks/post-checkout", ".envrc", ".vscode/tasks.json", "a/.bashrc", "__pycache__/x.pyc",
     ".packerlab.toml", "sub/.packerlab.toml", "crash.log", "packer_cache/x"],
)  # fmt: skip
def test_what_a_tool_would_run_is_passed_over(name: str) -> None:
    found = changes(BEFORE, unchanged(entry(name, b"evil")))
    assert (found.written, found.left_out, found.removed) == ({}, {}, [])


def test_a_hidden_file_that_was_there_is_work() -> None:
    before = BEFORE | {".hidden": File(b"1")}
    assert list(changes(before, unchanged(entry(".hidden", b"2"))).written) == [".hidden"]


def test_too_many_are_left_behind_and_own_work_is_not() -> None:
    many = [entry(f"a{number:03}", b"x") for number in range(200)]
    found = changes(BEFORE, [*many, entry("run.sh", b"edited"), entry("main.pkr.hcl", b"edited")])
    assert found.written["run.sh"].data == b"edited"
    assert len(found.written) == WORKSPACE.files
    assert len(found.left_out) == 202 - WORKSPACE.files
    large = [entry(f"{number}", b"x" * 1_500_000) for number in range(4)]
    found = changes(BEFORE, unchanged(*large))
    assert (len(found.written), len(found.left_out)) == (2, 2)


def both_changed() -> Changes:
    return changes(BEFORE, [entry("main.pkr.hcl", b"theirs"), entry("new", b"theirs")])


def test_what_was_changed_here_meanwhile_stays(root: Path) -> None:
    (root / "main.pkr.hcl").write_bytes(b"ours")
    (root / "new").write_bytes(b"ours")
    (root / "run.sh").write_bytes(b"ours")
    troubles = bring_home(root, both_changed())
    assert len(troubles) == 3
    assert all("was changed here meanwhile" in trouble for trouble in troubles)
    assert tree(root) == {
        "main.pkr.hcl": b"ours",
        "main.pkr.hcl.from-sandbox": b"theirs",
        "new": b"ours",
        "new.from-sandbox": b"theirs",
        "run.sh": b"ours",
    }


def test_no_link_is_written_through(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "file").write_bytes(b"canary")
    (root / "out").symlink_to(outside)
    (root / "main.pkr.hcl").unlink()
    (root / "main.pkr.hcl").symlink_to(outside / "file")
    (root / "new").symlink_to(outside / "file")
    os.link(outside / "file", root / "hard")
    found = changes(
        BEFORE | {"hard": File(b"canary"), "out/file": File(b"canary")},
        [entry(name, b"evil") for name in ("main.pkr.hcl", "new", "hard", "out/made")],
    )
    troubles = bring_home(root, found)
    assert tree(outside) == {"file": b"canary"}
    assert (root / "hard").read_bytes() == b"evil"
    assert len(troubles) == 3
    assert (root / "main.pkr.hcl").is_symlink()


def test_what_can_t_be_written_is_told_and_the_rest_comes(commoner: Path) -> None:
    (commoner / "closed").mkdir(mode=0o500)
    found = changes({}, [entry("closed/x", b"1"), entry("open", b"2")])
    assert bring_home(commoner, found) == ["closed/x can't be written: Permission denied."]
    assert tree(commoner) == {"open": b"2"}
