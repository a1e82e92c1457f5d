from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from packerlab import state
from packerlab.course import PACKAGE
from packerlab.errors import BAD_INPUT, BadInputError, MachineError
from packerlab.lab import Limits
from packerlab.sandbox import docker, host_ids
from packerlab.sandbox.docker import IMAGE_STATE, LABEL, OTHER_HOST, Docker
from tests.sandbox.places import LIMITS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CREATE = """
import sys
sys.path.insert(0, sys.argv[1])
from packerlab import state
from packerlab.sandbox import docker, host_ids
made = {"Image": sys.argv[2], "Cmd": ["true"], "Labels": {docker.LABEL: state.run_name()}}
print(docker.engine().api.create_container_from_config(made)["Id"], flush=True)
sys.stdin.read()
"""


@pytest.fixture
def client(sandbox_image: None) -> Iterator[Any]:
    """A client of the engine, where the image is."""
    assert sandbox_image is None
    with contextlib.closing(docker.engine()) as made:
        yield made


def image_id() -> str:
    return str(json.loads((state.state_folder() / IMAGE_STATE).read_text())["id"])


def containers(client: Any) -> set[str]:
    """The containers of this test run."""
    ours = state.run_name("x").rsplit("-", 2)[0]
    listed = client.api.containers(all=True, filters={"label": LABEL})
    return {entry["Id"] for entry in listed if entry["Labels"][LABEL].startswith(ours)}


# --- the engine ---


def test_another_machine_s_engine_is_taken_only_when_that_is_meant(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:9")
    with pytest.raises(MachineError, match=rf"another machine's .*set {OTHER_HOST}=1"):
        docker.engine()
    monkeypatch.setenv(OTHER_HOST, "1")
    with pytest.raises(MachineError, match=r"answers at tcp://127\.0\.0\.1:9"):
        docker.engine()


@pytest.mark.parametrize("host", ["ssh://host", "npipe:////./pipe/docker", "fd://"])
def test_other_ways_to_an_engine_are_refused(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", host)
    monkeypatch.setenv(OTHER_HOST, "1")
    with pytest.raises(MachineError, match="only engines at unix:// or plain tcp://"):
        docker.engine()


def test_an_engine_that_does_not_answer_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with pytest.raises(MachineError, match="no container engine answers at unix://"):
        docker.engine()
    assert "no container engine answers" in str(Docker(plain=False).unavailable())


# --- the image in use ---


@pytest.mark.parametrize("content", [None, "", "{}", "[]", "null", '{"id": "sha256:none"}', "\0"])
def test_without_the_image_it_says_how_to_make_it(client: Any, content: str | None) -> None:
    path = state.state_folder() / IMAGE_STATE
    path.unlink()
    if content is not None:
        path.write_text(content)
    told = "the sandbox's image is not there: `packerlab sandbox build` makes it."
    assert client.ping()
    assert Docker(plain=True).unavailable() == told
    with pytest.raises(MachineError, match="packerlab sandbox build"):
        Docker(plain=False).packer()


def change_state(**changes: str) -> None:
    path = state.state_folder() / IMAGE_STATE
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


@pytest.mark.usefixtures("sandbox_image")
def test_an_image_of_another_recipe_is_refused() -> None:
    change_state(recipe="0")
    told = "the sandbox's image is another packerlab's: `packerlab sandbox build` renews it."
    assert Docker(plain=False).unavailable() == told
    assert Docker(plain=True).unavailable() == told


@pytest.mark.usefixtures("sandbox_image")
def test_an_engine_that_forbids_nesting_has_the_plain_row() -> None:
    change_state(nested="bwrap: No permissions")
    reason = Docker(plain=False).unavailable()
    assert reason == "this engine forbids nested namespaces (bwrap: No permissions)."
    assert Docker(plain=True).unavailable() is None


@pytest.mark.usefixtures("sandbox_image")
def test_with_the_image_it_is_available() -> None:
    backend = Docker(plain=False)
    assert backend.unavailable() is None
    assert backend.weak() == []
    assert backend.packer().digest.startswith("sha256:")
    assert backend.packer().path is None


@pytest.mark.usefixtures("sandbox_image")
def test_another_packer_than_the_image_s_is_refused_with_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "packer"
    program.write_bytes(b"\x7fELF, in name only")
    program.chmod(0o755)
    (tmp_path / "plugins").mkdir()
    monkeypatch.setenv("PACKERLAB_PACKER", str(program))
    monkeypatch.setenv("PACKER_PLUGIN_PATH", str(tmp_path / "plugins"))
    command = f"`packerlab sandbox build --packer {program} --plugins {tmp_path}/plugins`"
    with pytest.raises(BadInputError) as caught:
        Docker(plain=True).packer()
    assert command in str(caught.value)
    assert caught.value.exit_code == BAD_INPUT


# --- what is left behind ---


@pytest.mark.parametrize("plain", [False, True])
def test_what_the_engine_refuses_is_a_fault_of_the_machine(client: Any, *, plain: bool) -> None:
    before = containers(client)
    too_small = Limits(deadline_s=1, cpu_s=1, memory_mb=-70, disk_mb=8)
    with pytest.raises(
        MachineError, match=r"The container engine can't start the sandbox: .*emory"
    ):
        Docker(plain=plain).start(too_small, frozenset())
    assert containers(client) == before


def test_a_name_that_is_taken_is_passed_over(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another user of the engine has these host ids: the next ones are taken."""
    taken, free = f"packerlab-test-{os.getpid()}-1", f"packerlab-test-{os.getpid()}-2"
    made = {"Image": image_id(), "Cmd": ["true"], "Labels": {LABEL: state.run_name()}}
    other = client.api.create_container_from_config(made, taken)["Id"]
    names = [(taken, host_ids.NAMED), (free, host_ids.NAMED + host_ids.WIDTH)]
    monkeypatch.setattr(host_ids, "names", lambda: iter(names))
    started = Docker(plain=True).start(LIMITS, frozenset())
    try:
        named = client.api.inspect_container(free)
        assert named["HostConfig"]["Tmpfs"]["/run/box"].find(f"uid={names[1][1]},") > 0
    finally:
        started.kill()
        client.api.remove_container(other)


def test_a_container_that_does_not_start_is_removed(client: Any) -> None:
    before = containers(client)
    made = {"Image": image_id(), "Cmd": ["/no-such"], "Labels": {LABEL: state.run_name()}}
    with (
        contextlib.closing(docker.engine()) as own,
        pytest.raises(docker.engine_error(), match="no-such"),
    ):
        docker.Started(own, made)
    assert containers(client) == before


def test_what_a_killed_run_leaves_is_reaped_and_nothing_else(client: Any) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", CREATE, str(PACKAGE.parent), image_id()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
    ) as other:
        assert other.stdout
        theirs = other.stdout.readline().strip()
        docker.reap(client)
        assert theirs in containers(client)
        other.kill()
    docker.reap(client)
    assert theirs not in containers(client)


def test_a_stranger_s_container_is_left_alone(client: Any) -> None:
    label = f"{state.RUN_PREFIX}00000000-00000000-0"
    made = {"Image": image_id(), "Cmd": ["true"], "Labels": {LABEL: label}}
    container = client.api.create_container_from_config(made)["Id"]
    docker.reap(client)
    client.api.remove_container(container)


@pytest.mark.parametrize("plain", [False, True])
def test_a_supervisor_is_gone_when_it_is_killed(client: Any, *, plain: bool) -> None:
    before = containers(client)
    started = Docker(plain=plain).start(LIMITS, frozenset())
    assert len(containers(client)) == len(before) + 1
    started.kill()
    assert containers(client) == before
