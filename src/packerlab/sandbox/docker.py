"""The docker and docker-plain backends: Docker Engine, Docker Desktop, or Podman's socket.

`docker` starts the same bubblewrap command as on the host, in a container that has no capability
and no uid of anybody's. `docker-plain` is for engines that forbid nested namespaces: the engine's
own seccomp and our filter, one container per report, and verbs under a uid that the supervisor
drops to.

The only module that imports `docker`.
"""

from __future__ import annotations

import contextlib
import http
import json
import os
import socket
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packerlab import state
from packerlab.errors import BadInputError, MachineError, SandboxError
from packerlab.inside.files import BOX, MAX_FILES
from packerlab.inside.jail import OF_THE_MACHINE
from packerlab.inside.meter import MOST_PROCESSES, SOCKETS
from packerlab.sandbox import cgroup, host_base, host_ids, host_packer, seccomp
from packerlab.sandbox.base import OVERHEAD_MB, OVERHEAD_PROCESSES, PackerProgram
from packerlab.sandbox.channel import Channel
from packerlab.sandbox.launch import (
    ACCOUNT_MB,
    DEBIAN,
    LIB,
    control_command,
    outer_bubblewrap,
    place_command,
    supervisor_command,
    supervisor_config,
)
from packerlab.sandbox.recipe import recipe_digest

if TYPE_CHECKING:
    from packerlab.lab import Limits
    from packerlab.sandbox.base import Needs

LABEL = "packerlab.run"
OTHER_HOST = "PACKERLAB_DOCKER_HOST_ELSEWHERE"
IMAGE_STATE = "sandbox-image.json"

TRIED = {"account": "place", "containers": "engine"}
"""By what name an image's file keeps the trouble that an engine has with a capability."""

FILES = "/opt/packerlab"
FILTER = "seccomp.bpf"
PYTHON = "/usr/bin/python3"
GROUP = "/sys/fs/cgroup"
GROUP_FILES = [
    f"{GROUP}/{name}"
    for name in (
        "memory.events", "memory.stat", "cpu.stat",
        "memory/memory.oom_control", "memory/memory.stat",
        f"memory/memory.{SOCKETS}", "cpuacct/cpuacct.stat",
    )
]  # fmt: skip
"""A container's own view of its control group, version 2 and 1."""


def engine() -> Any:
    """A client of the container engine. Raises MachineError with what to do where there is none."""
    import docker

    hosts = [os.environ["DOCKER_HOST"]] if os.environ.get("DOCKER_HOST") else _local_sockets()
    if not hosts:
        raise MachineError("no container engine's socket was found; is Docker installed?")
    if not hosts[0].startswith("unix://") and not os.environ.get(OTHER_HOST):
        raise MachineError(
            f"DOCKER_HOST is another machine's ({hosts[0]}): submissions would run there; "
            f"set {OTHER_HOST}=1 if that is meant."
        )
    if not hosts[0].startswith(("unix://", "tcp://")) or os.environ.get("DOCKER_TLS_VERIFY"):
        raise MachineError("only engines at unix:// or plain tcp:// can be used.")
    try:
        if hosts[0].startswith("unix://"):
            with socket.socket(socket.AF_UNIX) as tried:
                tried.connect(hosts[0].removeprefix("unix://"))
        return docker.DockerClient(base_url=hosts[0], timeout=600)
    except (OSError, docker.errors.DockerException) as error:
        raise MachineError(f"no container engine answers at {hosts[0]}: {error}") from None


def _local_sockets() -> list[str]:
    """Docker Engine's socket, Docker Desktop's, Podman's: those that exist."""
    runtime = os.environ.get("XDG_RUNTIME_DIR", f"/run/user/{os.getuid()}")
    paths = [
        Path("/var/run/docker.sock"),
        Path.home() / ".docker/run/docker.sock",
        Path(runtime) / "podman/podman.sock",
    ]
    return [f"unix://{path}" for path in paths if path.exists()]


def engine_error() -> type[Exception]:
    """The class of all that the engine's client raises."""
    import docker

    error: type[Exception] = docker.errors.DockerException
    return error


class Docker:
    def __init__(self, *, plain: bool) -> None:
        self.plain = plain
        self.name = "docker-plain" if plain else "docker"
        self.reusable = not plain

    @cached_property
    def _image(self) -> dict[str, str]:
        """The image in use: its `id`, `tag` and the `packer` digest."""
        path = state.state_folder() / IMAGE_STATE
        with contextlib.closing(engine()) as client:
            try:
                image = dict(json.loads(path.read_text()))
                client.images.get(image["id"])
            except (OSError, ValueError, KeyError, TypeError, engine_error()):
                raise MachineError(
                    "the sandbox's image is not there: `packerlab sandbox build` makes it."
                ) from None
        if image.get("recipe") != recipe_digest():
            raise MachineError(
                "the sandbox's image is another packerlab's: `packerlab sandbox build` renews it."
            )
        if not self.plain and image.get("nested"):
            raise MachineError(f"this engine forbids nested namespaces ({image['nested']}).")
        return image

    def unavailable(self) -> str | None:
        try:
            self._image  # noqa: B018  (asks the engine)
        except MachineError as error:
            return str(error)
        return None

    def weak(self) -> list[str]:
        return []

    def packer(self) -> PackerProgram:
        if os.environ.get("PACKERLAB_PACKER"):
            named = host_packer.host_packer()
            if named.digest != self._image["packer"]:
                plugins = f" --plugins {named.plugins}" if named.plugins else ""
                raise BadInputError(
                    "PACKERLAB_PACKER is another Packer than the sandbox image's: "
                    f"`packerlab sandbox build --packer {named.path}{plugins}` puts it in."
                )
        return PackerProgram(self._image["packer"])

    def lacks(self, capability: str) -> str | None:
        if capability == "packer":
            return None
        if capability == "tools" and not self.plain:
            return None
        if capability in TRIED and not self.plain:
            return self._image.get(TRIED[capability]) or _unbounded_sockets()
        return f"it does not offer {capability}."

    def start(self, limits: Limits, needs: Needs) -> Started:
        client = engine()
        try:
            reap(client)
            return self._started(client, limits, needs)
        except (OSError, engine_error()) as error:
            client.close()
            raise SandboxError(f"The container engine can't start the sandbox: {error}") from None

    def _started(self, client: Any, limits: Limits, needs: Needs) -> Started:
        for name, first in host_ids.names():
            container = self._container(limits, needs, first)
            try:
                return Started(client, container, name, has_network=bool(needs & TRIED.keys()))
            except engine_error() as error:
                if getattr(error, "status_code", 0) != http.HTTPStatus.CONFLICT:
                    raise
        raise OSError("containers of ours have all host ids.")

    def _container(self, limits: Limits, needs: Needs, first: int) -> dict[str, Any]:
        """A container whose own host ids begin with `first`."""
        if needs & TRIED.keys():
            own = self._place(limits, needs, first)
        else:
            own = (self._plain if self.plain else self._nested)(limits, needs, first)
        return {
            **own,
            "Image": self._image["id"],
            "OpenStdin": True,
            "StdinOnce": True,
            "AttachStdin": True,
            "AttachStdout": True,
            "AttachStderr": True,
            "NetworkDisabled": True,
            "Labels": {LABEL: state.run_name()},
            "WorkingDir": "/",
            "Env": [],
        }

    def _nested(self, limits: Limits, needs: Needs, first: int) -> dict[str, Any]:
        view = []
        for path in [*DEBIAN, FILES, GROUP]:
            view += ["--ro-bind", path, path]
        for name in ("bin", "sbin", "lib", "lib64"):
            view += ["--symlink", f"usr/{name}", f"/{name}"]
        return {
            "User": f"{first}:{first}",
            "Cmd": outer_bubblewrap(view, PYTHON, _config(limits, "nested", needs)),
            "HostConfig": {
                **_bounds(limits),
                "SecurityOpt": ["no-new-privileges", *_nesting(seccomp.docker_profile())],
                **UNMASKED,
            },
        }

    def _place(self, limits: Limits, needs: Needs, first: int) -> dict[str, Any]:
        """Its root may hand out ids, and `sudo` works in instances: no-new-privileges is off."""
        if "containers" in needs:
            config = _config(limits, "engine", needs, "containers.bpf")
        else:
            config = _config(limits, "place", needs, "account.bpf")
            config["control"] = control_command(PYTHON, DEBIAN)
        view = [(path, path) for path in [*DEBIAN, FILES, GROUP]]
        launcher = [PYTHON, "-I", "-S", "-B", f"{LIB}/packerlab/inside/place.py"]
        more_mb = limits.disk_mb + ACCOUNT_MB if "account" in needs else 0
        bounds = _bounds(limits, more_mb)
        return {
            "User": "0:0",
            "Cmd": place_command(
                launcher,
                host_base.place_maps(first),
                first,
                view,
                supervisor_command(PYTHON, config),
            ),
            "HostConfig": {
                **bounds,
                "CapAdd": ["SETUID", "SETGID"],
                "SecurityOpt": _nesting(seccomp.docker_profile(places=True)),
                **UNMASKED,
            },
        }

    def _plain(self, limits: Limits, needs: Needs, first: int) -> dict[str, Any]:
        config = {**_config(limits, "plain", needs), "verb": first}
        size = f"size={limits.disk_mb * 1_000_000},nr_inodes={MAX_FILES * 20}"
        owner = f"uid={first},gid={first},mode=0755,nosuid,nodev,exec"
        return {
            "User": "0:0",
            "Cmd": supervisor_command(PYTHON, config),
            "HostConfig": {
                **_bounds(limits),
                "CapAdd": ["SETUID", "SETGID", "KILL"],
                "Tmpfs": {BOX: f"{size},{owner}"},
                "IpcMode": "none",
                "MaskedPaths": MASKED,
            },
        }


def _unbounded_sockets() -> str | None:
    """Why what sockets hold has no bound: then there is no box that has a network."""
    with contextlib.closing(engine()) as client:
        if os.getuid() == 0 or client.info().get("CgroupVersion") == "2":
            return None
    return (
        "only root can bound what sockets hold with control groups of version 1: "
        "have version 2 (systemd.unified_cgroup_hierarchy=1), or run it as root."
    )


def _config(limits: Limits, mode: str, needs: Needs, calls: str = FILTER) -> dict[str, object]:
    return supervisor_config(
        limits, mode, needs, DEBIAN, seccomp=f"{FILES}/{calls}", group=GROUP_FILES
    )


def _nesting(profile: str) -> list[str]:
    """What lets bubblewrap work inside: Docker's own AppArmor profile forbids every mount."""
    return ["apparmor=unconfined", f"seccomp={profile}"]


MASKED = [
    "/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys",
    "/proc/latency_stats", "/proc/sched_debug", "/proc/scsi", "/proc/timer_list", "/sys/firmware",
    *OF_THE_MACHINE,
]  # fmt: skip
"""With what engines mask by themselves: a list of ours takes its place."""

UNMASKED: dict[str, list[str]] = {"MaskedPaths": [], "ReadonlyPaths": []}
"""Else no fresh /proc may be mounted inside."""


def _bounds(limits: Limits, more_mb: int = 0) -> dict[str, Any]:
    """What holds for every container, in the words of the engine's API."""
    memory = (limits.memory_mb + limits.disk_mb + OVERHEAD_MB + more_mb) * 1_000_000
    return {
        "NetworkMode": "none",
        "ReadonlyRootfs": True,
        "CapDrop": ["ALL"],
        "Memory": memory,
        "MemorySwap": memory,
        "PidsLimit": MOST_PROCESSES + OVERHEAD_PROCESSES,
        "LogConfig": {"Type": "none"},
        "AutoRemove": True,
    }


class Started:
    """A container whose standard input and output is our socket; it ends with its input."""

    def __init__(
        self,
        client: Any,
        container: dict[str, Any],
        name: str | None = None,
        *,
        has_network: bool = False,
    ) -> None:
        self._engine = client
        self._id = client.api.create_container_from_config(container, name)["Id"]
        with contextlib.ExitStack() as on_error:
            on_error.callback(self._remove)
            self.channel = Channel(on_error.enter_context(self._attach()), framed=True)
            client.api.start(self._id)
            if has_network:
                pid = client.api.inspect_container(self._id)["State"]["Pid"]
                cgroup.bound_sockets(pid, self._id)
            on_error.pop_all()

    def _attach(self) -> socket.socket:
        params = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
        attached = self._engine.api.attach_socket(self._id, params=params)
        raw = socket.socket(fileno=os.dup(attached.fileno()))
        raw.settimeout(None)
        attached._response.close()  # noqa: SLF001  (else its connection stays open)
        return raw

    def kill(self) -> None:
        self.channel.socket.close()
        self._remove()
        self._engine.close()

    def _remove(self) -> None:
        """Returns when the engine has it no more, even where it is removing it by itself."""
        with contextlib.suppress(engine_error()):
            try:
                self._engine.api.remove_container(self._id, force=True)
            except engine_error() as error:
                if getattr(error, "status_code", 0) != http.HTTPStatus.CONFLICT:
                    raise
                self._engine.api.wait(self._id, condition="removed")

    def complaint(self) -> str:
        return self.channel.errors


def reap(client: Any) -> None:
    """Remove the containers of runs that are no more."""
    for container in client.api.containers(all=True, filters={"label": LABEL}):
        if not state.run_is_alive(container["Labels"][LABEL]):
            with contextlib.suppress(engine_error()):
                client.api.remove_container(container["Id"], force=True)
