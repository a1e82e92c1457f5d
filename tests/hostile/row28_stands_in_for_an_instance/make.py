from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import beside_an_account, written

if TYPE_CHECKING:
    from pathlib import Path


ATTACK = r"""
for address in ("0.0.0.0", "127.0.0.1", "169.254.100.2", "::"):
    for port in (22, 443, 80):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with contextlib.suppress(OSError), socket.socket(family) as server:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            server.bind((address, port))
            loot.append(f"{address}:{port}")
for address in ("54.144.0.1", "172.31.0.5"):
    with contextlib.suppress(OSError), socket.socket() as server:
        server.setsockopt(socket.SOL_IP, 15, 1)  # whose address it is does not matter then
        server.bind((address, 2222))
        server.listen()
        socket.create_connection((address, 2222), 1).close()
        loot.append(address)
for command in ("ip addr add 54.144.0.1/32 dev lo", "ip route add 54.0.0.0/8 dev lo", "ip link set box down"):
    if os.system(f"{command} 2>/dev/null") == 0:
        loot.append(command)
"""


def make(folder: Path) -> Path:
    return written(folder, beside_an_account(ATTACK))
