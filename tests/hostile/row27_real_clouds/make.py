from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import beside_an_account, written

if TYPE_CHECKING:
    from pathlib import Path


ATTACK = r"""
addresses = [("169.254.169.254", 80), ("fd00:ec2::254", 80), ("169.254.170.2", 80), ("52.94.5.1", 443), ("54.239.28.85", 443),
             ("8.8.8.8", 53), ("169.254.169.253", 53), ("172.31.0.2", 53), ("169.254.100.1", 22)]
for address in addresses:
    with contextlib.suppress(OSError), socket.create_connection(address, 1):
        loot.append(f"connected to {address[0]}")
for name in ("ec2.cn-north-1.amazonaws.com.cn", "example.com", "metadata.google.internal", "packer-hostile.invalid"):
    with contextlib.suppress(OSError):
        loot.append(f"{name} is {socket.gethostbyname(name)}")
"""


def make(folder: Path) -> Path:
    return written(folder, beside_an_account(ATTACK))
