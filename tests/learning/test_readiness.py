"""What a lab needs of this machine is said before a check fails, with what brings it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from packerlab.course import default_root, open_course
from packerlab.course.version_range import within
from packerlab.learning import readiness
from packerlab.learning.readiness import HostPacker, Machine, packages, plugins_of
from packerlab.packer.versions import version_of
from packerlab.sandbox.base import PackerProgram
from tests.terminals import Terminal
from tests.toy import cli

if TYPE_CHECKING:
    from collections.abc import Mapping

COURSE = open_course(default_root())
PREPARE = "packerlab sandbox build"


@pytest.fixture
def bare(tmp_path: Path) -> Mapping[str, str]:
    """Nothing was prepared, and there is no container engine."""
    return {
        "PACKERLAB_COURSE": "",
        "PACKERLAB_CACHE": str(tmp_path / "cache"),
        "DOCKER_HOST": f"unix://{tmp_path}/none.sock",
    }


def test_labs_has_a_column_for_it(bare: Mapping[str, str]) -> None:
    shown = cli("labs", env=bare).stdout
    lines = {line.split()[0]: line for line in shown.splitlines() if line.startswith("  1")}
    assert lines["101"].endswith("min  ready")
    assert lines["105"].endswith("min  needs a simulated account")
    assert lines["107"].endswith("min  needs a container engine")
    reason = "the instances' disk is not there: `packerlab sandbox build` makes it."
    assert f"For the labs that need a simulated account: {reason}\n  {PREPARE}\n" in shown


def test_start_and_check_say_it_before_anything_fails(
    bare: Mapping[str, str], tmp_path: Path
) -> None:
    begun = cli("start", "105", tmp_path / "mine", env=bare)
    assert begun.returncode == 0
    assert "It can't be checked here yet, for it needs a simulated account" in begun.stdout
    assert f"this brings it:  {PREPARE}\n" in begun.stdout
    done = cli("check", tmp_path / "mine", env=bare)
    assert done.returncode == 3
    assert done.stderr.startswith("error: No sandbox here offers a simulated account yet:")
    assert PREPARE in done.stderr


def test_doctor_counts_the_labs(bare: Mapping[str, str]) -> None:
    shown = cli("doctor", env=bare).stdout
    packer = version_of(shown.partition("✓ packer: ")[2].split()[0])
    waiting = [
        lab
        for lab in COURSE.labs()
        if lab.needs - {"packer"} or not within(packer, lab.manifest.packer)
    ]
    total = len(COURSE.slugs)
    assert f"✓ labs: {total - len(waiting)} of {total} can be done now" in shown
    assert "need a container engine: " in shown
    assert "✓ packer: 1." in shown


def test_doctor_marks_only_what_a_lab_waits_for(bare: Mapping[str, str]) -> None:
    shown = cli("doctor", env={**bare, "DOCKER_HOST": "unix:///nowhere.sock"}).stdout
    marks = {line[2:].partition(":")[0]: line for line in shown.splitlines() if line[0] != " "}
    assert marks["docker sandbox"].startswith(
        "- docker sandbox: no lab needs it, for you have bubblewrap; "
    )
    assert marks["bubblewrap sandbox, account"].startswith("\N{BALLOT X} ")
    assert "no lab" not in marks["bubblewrap sandbox, account"]


def test_on_a_terminal_it_offers_to_make_it(bare: Mapping[str, str], tmp_path: Path) -> None:
    terminal = Terminal("start", "105", tmp_path / "mine", env=bare)
    try:
        terminal.until("This lab needs the instances' disk. Make it ready now? It takes about")
        terminal.press("n\r")
        terminal.until(f"this brings it:  {PREPARE}")
        assert terminal.ended() == 0
    finally:
        terminal.close()


def packer(version: str, *plugins: str) -> HostPacker:
    program = PackerProgram("sha256:0", Path("/usr/bin/packer"))
    return HostPacker(program, version_of(version), dict.fromkeys(plugins, "1.0.0"))


AMAZON = "github.com/hashicorp/amazon"


@pytest.mark.parametrize(
    ("here", "command"),
    [
        (packer("1.6.6"), ""),
        (packer("1.9.5"), ""),
        (packer("1.10.0"), f"packer plugins install {AMAZON}"),
        (packer("1.16.0"), f"packer plugins install {AMAZON}"),
        (packer("1.16.0", AMAZON), ""),
    ],
)
def test_a_plugin_that_is_not_installed(
    here: HostPacker, command: str, instance_base: Path
) -> None:
    assert instance_base.is_dir()
    machine = Machine()
    vars(machine)["packer"] = here
    missing = machine.missing(COURSE.lab("105"))
    assert (missing.command if missing else "") == command


def test_the_plugins_of_a_lab() -> None:
    assert plugins_of(COURSE.lab("105")) == [AMAZON]
    assert plugins_of(COURSE.lab("107")) == ["github.com/hashicorp/docker"]
    assert plugins_of(COURSE.lab("104")) == []


def test_a_packer_that_is_too_old() -> None:
    machine = Machine()
    vars(machine)["packer"] = packer("1.6.5")
    missing = machine.missing(COURSE.lab("101"))
    assert missing
    assert missing.what == "Packer >=1.6.6"
    assert missing.reason == "this machine has 1.6.5."


def test_programs_that_are_there_need_no_package() -> None:
    assert packages("packer") == ""


def test_what_is_not_installed_is_one_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "SYSTEM_PATH", str(tmp_path))
    apt = "sudo apt-get install -y --no-install-recommends"
    uidmap = " uidmap" if os.getuid() else ""
    assert packages("account") == f"{apt} iproute2 mmdebstrap{uidmap}"
    assert packages("containers") == f"{apt} podman crun mmdebstrap{uidmap}"
