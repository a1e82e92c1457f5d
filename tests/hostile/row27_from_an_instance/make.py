from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import on_an_instance, written

if TYPE_CHECKING:
    from pathlib import Path


ATTACK = r"""
found() { echo "$1" | sudo tee -a /etc/loot; }
for address in 127.0.0.1 169.254.100.2 169.254.100.1 0.0.0.0 203.0.113.7 172.31.0.1 172.17.0.1 ::1; do
    for port in 443 8443 5000 80 2375; do
        timeout 1 bash -c "echo > /dev/tcp/$address/$port" 2>/dev/null && found "$address:$port"
    done
done
for address in 169.254.169.254/80 1.1.1.1/443 8.8.8.8/53 52.94.5.1/443; do
    timeout 1 bash -c "echo > /dev/tcp/$address" 2>/dev/null && found "$address"
done
getent hosts ec2.us-east-1.amazonaws.com example.com && found "a name"
grep -qa AKIA /proc/[0-9]*/environ && found "a key"
true
"""


def make(folder: Path) -> Path:
    return written(folder, on_an_instance(ATTACK))
