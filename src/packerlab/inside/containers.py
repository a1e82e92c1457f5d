"""The container engine beside a verb: podman, called `docker`, with the prepared images.

The verb is root of a user namespace of many ids, as a container's files need them, and holds all
capabilities there: over its own namespaces, which bubblewrap makes next, and nothing else. All that
the engine keeps lies in the box. It runs in the supervisor: standard library only.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from packerlab.inside import jail, syscalls
from packerlab.inside.files import BOX, HOME, WORKSPACE, write_text
from packerlab.inside.files import unpack as lay_out
from packerlab.inside.machines import MAPS, SHIFT
from packerlab.inside.place import become_root, write_maps

if TYPE_CHECKING:
    Message = dict[str, Any]

PREPARED = "/opt/packerlab/images"
"""Where a place has the prepared images, as an engine's own store."""

GRAPH = "/var/lib/containers/storage"
"""Where the engine keeps its images, in the box."""

PROGRAMS = "/opt/packerlab/bin"
OURS = "/run/engine"
"""What the supervisor writes for the engine: its settings, and `docker`."""

DOCKER = r"""#!/bin/sh
# Podman's answers in the form that Packer reads of Docker's. No registry is reached from here.
[ "$1" = --config ] && shift 2

# The arguments of commit. Podman takes one label or port in each change; Docker takes several, and
# a label without `=`.
arguments() {
    while [ $# -gt 0 ]; do
        case "$1" in
        --change) shift && change "$1" ;;
        *) printf '%s\0' "$1" ;;
        esac
        shift
    done
}
change() {
    several=${1#* }
    name=${several%%[ =]*}
    case "$1" in
    "EXPOSE "*) printf %s "$several" | xargs -n 1 printf -- '--change=EXPOSE %s\0' ;;
    "LABEL $name="*) printf %s "$several" | xargs -n 1 printf -- '--change=LABEL %s\0' ;;
    "LABEL "*) printf -- '--change=LABEL %s=%s\0' "$name" "${several#* }" ;;
    *) printf -- '--change=%s\0' "$1" ;;
    esac
}

case "$1" in
-v | --version) echo "Docker version 20.10.0, build podman" ;;
pull)
    if podman image exists "$2"; then
        echo "Image is up to date for $2"
    else
        echo "Error: there is no image $2 here, and no registry to pull it from. There are:" >&2
        podman images --format '  {{.Repository}}:{{.Tag}}' >&2
        exit 1
    fi ;;
login | push | search)
    echo "Error: there is no registry here." >&2
    exit 1 ;;
logout) ;;
commit)
    shift
    id=$(arguments "$@" | xargs -0 podman commit --quiet --format docker) || exit 125
    echo "sha256:$id" ;;
import)
    id=$(podman "$@") && echo "sha256:${id#sha256:}" ;;
*) exec podman --log-level error "$@" ;; # its warnings tell the time
esac
"""
SETTINGS = {
    "containers.conf": """
[containers]
cgroups = "disabled"
default_sysctls = []
default_ulimits = ["nofile=1024:1024", "nproc=384:384"]
ipcns = "private"
keyring = false
log_driver = "none"
netns = "host"
seccomp_profile = "unconfined"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "none"
pull_policy = "never"
runtime = "crun"
""",
    "storage.conf": f"""
[storage]
driver = "overlay"
graphroot = "{GRAPH}"
runroot = "/run/containers/storage"
[storage.options]
additionalimagestores = ["{PREPARED}"]
""",
    "registries.conf": """
short-name-mode = "disabled"
unqualified-search-registries = ["docker.io"]
""",
    "policy.json": json.dumps({"default": [{"type": "insecureAcceptAnything"}]}),
}
"""No control groups, no registries, no events, no log: the box bounds what a container may use. No
filter of its own for a container: it has the box's, and the machine has one room for all of them.
"""

NAMESPACES = {"net": 16, **dict.fromkeys(("cgroup", "ipc", "mnt", "pid", "time", "uts"), 200)}
"""How many of each kind there may be: no control group counts all that a network takes."""

WRITABLE = ("/tmp", HOME, WORKSPACE, "/run", "/var")

_CUT = "-net_admin,-net_raw"
WITHOUT_NETWORKS = ["/usr/bin/setpriv", "--bounding-set", _CUT, "--inh-caps", _CUT,
                    "--ambient-caps", _CUT, "--"]  # fmt: skip
"""Capabilities that no verb has, and so no container: with them a process configures the kernel's
networks. Bubblewrap needs them until its own network is there."""


def prepare(config: Message) -> None:
    """Write what every verb with an engine sees; once, when the supervisor starts.

    What is masked is so from here on: a verb could take away what bubblewrap mounts for it.
    """
    for path in config["masked"]:
        if os.path.isdir(path):
            syscalls.mount("masked", path, "tmpfs", syscalls.MS_RDONLY)
        else:
            syscalls.mount(os.devnull, path, flags=syscalls.MS_BIND)
    for kind, most in NAMESPACES.items():
        write_text(f"/proc/sys/user/max_{kind}_namespaces", str(most))
    for folder in ("etc", "bin"):
        os.makedirs(f"{OURS}/{folder}")
    for name, text in SETTINGS.items():
        write_text(f"{OURS}/etc/{name}", text)
    write_text(f"{OURS}/bin/docker", DOCKER)
    os.chmod(f"{OURS}/bin/docker", 0o755)
    write_text("/run/passwd", f"root:x:0:0::{HOME}:/bin/sh\n")
    write_text("/run/group", "root:x:0:\n")


def unpack(request: Message, files: list[tuple[str, bytes, int]]) -> Message:
    """Lay out a fresh box, with the engine's folders in it, and make all of it the verb's."""
    lay_out(request, files)
    for name in ("/run", "/var/tmp"):
        os.makedirs(BOX + name)
    for folder, _, names in os.walk(BOX):
        for path in (folder, *(f"{folder}/{name}" for name in names)):
            os.chown(path, SHIFT, SHIFT)
    return {}


def words(config: Message, request: Message, status_fd: int, seccomp_fd: int) -> list[str]:
    """What stands before a program of a verb that has an engine; see `jail.words`."""
    given = [
        "bwrap", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-net",
        "--unshare-cgroup-try", "--hostname", "packerlab", "--cap-add", "ALL",
        "--die-with-parent", "--json-status-fd", str(status_fd),
    ]  # fmt: skip
    given += jail.session(request)
    files = {"passwd": "/run/passwd", "group": "/run/group", "hosts": "/run/hosts"}
    given += jail.view({**config, "masked": []}, request, files, WRITABLE)
    given += ["--ro-bind", PREPARED, PREPARED, "--ro-bind", f"{OURS}/bin", PROGRAMS]
    given += ["--ro-bind", f"{OURS}/etc", "/etc/containers"]
    given += ["--size", "1000000", "--tmpfs", "/sys/fs/cgroup"]
    path = f"{PROGRAMS}:{request['env'].get('PATH', '')}:/usr/sbin"
    return [*given, *jail.last(seccomp_fd, {**request["env"], "PATH": path}), *WITHOUT_NETWORKS]


def enter_ids() -> None:
    """In the verb's process, before bubblewrap: be root of a user namespace of a machine's ids.

    The process that stays behind gives them, because in the new namespace nobody may.
    """
    verb = os.getpid()
    ready, say_ready = os.pipe()
    helper = os.fork()
    if helper == 0:
        code = 1
        try:
            os.close(say_ready)
            if os.read(ready, 1):
                write_maps(verb, MAPS)
                code = 0
        finally:
            os._exit(code)
    syscalls.unshare(syscalls.CLONE_NEWUSER)
    os.write(say_ready, b"!")
    for fd in (ready, say_ready):
        os.close(fd)
    if os.waitpid(helper, 0)[1]:
        raise OSError("no ids for the engine")
    become_root()
