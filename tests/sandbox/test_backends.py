"""The table of backends, and the choice among them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from packerlab.errors import MACHINE, BadInputError, MachineError
from packerlab.sandbox import BACKENDS, NAMES, cgroup, choose
from packerlab.sandbox.bubblewrap import Bubblewrap

if TYPE_CHECKING:
    from pathlib import Path


def choice(name: str, *needs: str, full_limits: bool = False) -> str:
    return choose(name, set(needs), [], full_limits=full_limits).name


def skip_unless_available() -> None:
    if reason := Bubblewrap([]).unavailable():
        pytest.skip(f"bubblewrap: {reason}")


def test_every_row_has_its_name() -> None:
    assert ("auto", *BACKENDS) == NAMES
    assert [make([]).name for make in BACKENDS.values()] == list(BACKENDS)
    assert all(make([]).lacks("packer") is None for make in BACKENDS.values())


@pytest.mark.usefixtures("sandbox_image")
def test_a_named_one_is_taken() -> None:
    assert choice("docker", "packer") == "docker"
    assert choice("docker-plain", "packer", full_limits=True) == "docker-plain"


def test_auto_takes_the_first_that_can() -> None:
    skip_unless_available()
    assert choice("auto", "packer") == "bubblewrap"


@pytest.mark.usefixtures("sandbox_image")
def test_auto_passes_over_what_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert choice("auto", "packer") == "docker"


@pytest.mark.usefixtures("sandbox_image")
def test_weak_limits_come_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    skip_unless_available()
    monkeypatch.setattr(cgroup, "ROOT", tmp_path)
    if cgroup.kind():
        pytest.skip("systemd gives a control group")
    assert choice("auto", "packer") == "docker"
    assert choice("bubblewrap", "packer") == "bubblewrap"
    with pytest.raises(MachineError, match=r"weak limits: memory is watched.*--weak-limits"):
        choice("bubblewrap", "packer", full_limits=True)


def test_where_none_can_be_taken_every_reason_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with pytest.raises(MachineError) as caught:
        choice("auto", "packer")
    assert caught.value.exit_code == MACHINE
    first, *reasons, last = str(caught.value).splitlines()
    assert first == "No sandbox can be used here:"
    assert [reason.split(":")[0].strip() for reason in reasons] == list(BACKENDS)
    assert last == "`packerlab doctor` tells more."


def test_another_name_is_bad_input() -> None:
    with pytest.raises(BadInputError, match="There is no sandbox `none`: it is one of auto, bubb"):
        choice("none")


def test_a_capability_that_nobody_has_is_named() -> None:
    skip_unless_available()
    said = r"bubblewrap: it does not offer levitation\. it does not offer machines\."
    with pytest.raises(MachineError, match=said):
        choice("bubblewrap", "packer", "machines", "levitation")
