from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import on_an_instance, written

if TYPE_CHECKING:
    from pathlib import Path


ATTACK = r"""
printf 'POST / HTTP/1.1\r\nHost: ec2.us-east-1.amazonaws.com\r\n\r\n' |
    timeout 3 openssl s_client -quiet -connect 127.0.0.1:8443 2>/dev/null | grep . && echo api | sudo tee /etc/loot
"""
SOURCE = """\
  ssh_remote_tunnels = ["8443:127.0.0.1:443"]
"""


def make(folder: Path) -> Path:
    return written(folder, on_an_instance(ATTACK, SOURCE))
