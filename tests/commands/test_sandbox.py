"""`packerlab sandbox`: what it says where there is no container engine; the rest needs one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from packerlab.sandbox import BACKENDS, CAPABILITIES
from tests.toy import cli

if TYPE_CHECKING:
    from pathlib import Path

NOWHERE = {"DOCKER_HOST": "unix:///nowhere.sock"}


def test_status_tells_of_each_sandbox() -> None:
    done = cli("sandbox", "status", env=NOWHERE)
    assert done.returncode == 0
    rows = (line for line in done.stdout.splitlines() if not line.startswith(" "))
    lines = dict(line.split(": ", 1) for line in rows)
    assert set(lines) == set(BACKENDS)
    assert lines["docker"] == lines["docker-plain"] != "ready"


@pytest.mark.usefixtures("container_images")
def test_what_bubblewrap_takes_needs_no_engine(instance_base: Path, tools_root: Path) -> None:
    done = cli("sandbox", "build", env=NOWHERE)
    assert done.returncode == 0
    assert "bubblewrap: the instances' disk is in " in done.stdout
    assert f"/{instance_base.name}\n" in done.stdout
    assert "bubblewrap: the tools for scripts are in " in done.stdout
    assert f"/{tools_root.name}\n" in done.stdout
    assert "not for docker: no container engine answers" in done.stderr
    status = cli("sandbox", "status", env=NOWHERE).stdout
    lines = ["bubblewrap", *(f"  {each}" for each in CAPABILITIES)]
    assert "".join(f"{line}: ready\n" for line in lines) in status


def test_what_is_missing_for_an_account_is_told(tmp_path: Path) -> None:
    elsewhere = {**NOWHERE, "PACKERLAB_CACHE": str(tmp_path)}
    status = cli("sandbox", "status", env=elsewhere).stdout
    assert "  account: the instances' disk is not there: `packerlab sandbox build`" in status
    assert "  tools: the tools for scripts are not there: `packerlab sandbox build`" in status
    done = cli("sandbox", "clean", env=elsewhere)
    assert (done.returncode, done.stdout) == (0, "")


def test_without_any_sandbox_it_is_the_machine_s(tmp_path: Path) -> None:
    done = cli("sandbox", "build", env={**NOWHERE, "PATH": str(tmp_path)})
    assert done.returncode == 3
    assert "no container engine answers" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--zip", "https://example.org/packer.zip"], "--zip and --sha256 go together."),
        (["--sha256", "00"], "--zip and --sha256 go together."),
        (["--plugins", "nowhere"], "nowhere: there is no such folder."),
        (["--packer", "nowhere"], "nowhere"),
    ],
)
def test_bad_input_is_one_sentence(tmp_path: Path, words: list[str], said: str) -> None:
    done = cli("sandbox", "build", *words, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.usefixtures("sandbox_image")
def test_status_with_an_engine() -> None:
    done = cli("sandbox", "status")
    assert "docker: ready" in done.stdout
