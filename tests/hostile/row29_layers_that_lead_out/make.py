from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import with_an_engine, written

if TYPE_CHECKING:
    from pathlib import Path


ATTACK = r"""
SCRIPT = r'''
ln -s /opt/packerlab /out; ln -s /proc/1/root /root/up; rm -rf /etc/passwd; ln -s /opt/packerlab/packer /etc/passwd
rm -f /etc/group; mkfifo /etc/group; mkfifo /pipe; truncate -s 900G /huge || truncate -s 20M /huge
mknod /disk b 8 0; mknod /white c 0 0; mkdir -m 0 /none; touch /none/of
touch "/$(printf 'a\033[31mb\nc\377')" "/$(printf '\342\200\256gpj')" /=cmd /.wh.bin /.wh..wh..opq
ln /bin/busybox /etc/hard; chmod 6777 /bin/busybox
ln -s two /one; ln -s one /two
i=0; at=/d; while [ $i -lt 200 ]; do at=$at/d; i=$((i+1)); done; mkdir -p $at
mkdir -p /opt/packerlab/images /lib; rm -rf /lib; ln -s / /lib
'''
inside("true")
docker("run", "--name", "odd", "busybox", "sh", "-c", SCRIPT)
docker("commit", "odd", "lab/odd:1")
docker("create", "--name", "odder", "lab/odd:1", "true")
docker("commit", "odder", "lab/odder:1")
"""


def make(folder: Path) -> Path:
    return written(folder, with_an_engine(ATTACK))
