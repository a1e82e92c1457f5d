"""Two networks: the box's, and the machines' where every address is their own.

A veth pair is all that joins them, without IPv6: the host has one table of neighbours for all that
is asked there. The box reaches any address of a machine, and nothing else is
anywhere. A machine reaches no port of the box or of the control plane, and may bind its own low
ports, for nobody whom it could deceive shares its network. Standard library only.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from packerlab.inside import syscalls

MACHINES = """
link add machines type veth peer name box
link set machines addrgenmode none
link set box netns {box}
link set lo up
addr add 169.254.100.1/30 dev machines
link set machines up
route add local default dev lo
"""
BOX = """
link set lo up
link set box addrgenmode none
addr add 169.254.100.2/30 dev box
link set box up
route add default via 169.254.100.1
"""
LOWEST_PORT = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")


def make_networks() -> int:
    """Make the machines' network; this process stays in its own, the box's.

    Returns a descriptor of the machines' one. Raises OSError where it can't be made.
    """
    box = _own()
    syscalls.unshare(syscalls.CLONE_NEWNET)
    machines = _own()
    _ip(MACHINES.format(box=f"/proc/{os.getpid()}/fd/{box}"))
    LOWEST_PORT.write_text("1", encoding="ascii")
    syscalls.enter_network(box)
    _ip(BOX)
    os.close(box)
    return machines


def _own() -> int:
    return os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def _ip(commands: str) -> None:
    done = subprocess.run(
        ["ip", "-batch", "-"],
        input=commands.encode(),
        env={"PATH": "/usr/bin:/usr/sbin"},
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise OSError(f"ip: {done.stderr.decode(errors='replace').strip()[-300:]}")
