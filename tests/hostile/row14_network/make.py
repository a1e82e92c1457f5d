from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import by_program, written

if TYPE_CHECKING:
    from pathlib import Path


ATTEMPTS = r"""
import contextlib
import glob
import os
import socket

os.mkdir("out")
with open("out/message.txt", "w") as message:
    message.write(f"Hello, {os.environ['NAME']}!\n")
loot = []
for address in ADDRESSES:
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with contextlib.suppress(OSError), socket.socket(family) as client:
        client.settimeout(1)
        client.connect(address)
        client.sendall(b"packerlab-hostile")
        loot.append(f"connected to {address}")
with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
    client.sendto(b"packerlab-hostile", ("192.0.2.53", 53))
    loot.append("sent a datagram")
with contextlib.suppress(OSError):
    loot.append(str(socket.getaddrinfo("packerlab-hostile.invalid", 80)))
with contextlib.suppress(OSError):
    loot += [name for _, name in socket.if_nameindex() if name != "lo"]
for path in [*glob.glob("/run/**/*.sock", recursive=True), "/var/run/docker.sock"]:
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as client:
        client.connect(path)
        loot.append(f"connected to {path}")
for name in ("AF_VSOCK", "AF_PACKET", "AF_ALG", "AF_BLUETOOTH", "AF_RDS", "AF_TIPC", "AF_CAN"):
    kind = socket.SOCK_RAW if name == "AF_PACKET" else socket.SOCK_STREAM
    kind = socket.SOCK_SEQPACKET if name == "AF_ALG" else kind
    with contextlib.suppress(OSError), socket.socket(getattr(socket, name), kind):
        loot.append(f"opened {name}")
if loot:
    with open("out/loot.txt", "w") as file:
        file.write("\n".join(loot))
"""


def make(folder: Path) -> Path:
    port = int((folder.parent.parent / "port").read_text())
    names = ("127.0.0.1", "::1", "localhost", "host.docker.internal", "172.17.0.1", "10.0.2.2")
    addresses = [*((name, port) for name in names), ("169.254.169.254", 80), ("192.0.2.1", 80)]
    program = f"ADDRESSES = {addresses!r}\n{ATTEMPTS}"
    return written(folder, by_program(program.encode()))
