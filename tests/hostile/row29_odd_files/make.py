from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import on_an_instance, written

if TYPE_CHECKING:
    from pathlib import Path


ATTACK = r"""
sudo ln -s /opt/packerlab /etc/out; sudo ln -s /proc/1 /etc/init
sudo mkfifo /etc/pipe; sudo rm /etc/issue; sudo mkfifo /etc/issue
sudo truncate -s 900G /etc/huge || sudo truncate -s 50M /etc/huge
sudo mkdir -m 0 /etc/none; sudo touch /etc/none/of
sudo touch "/etc/$(printf 'a\033[31mb\nc\377')" "/etc/$(printf '\342\200\256gpj')" "/etc/=cmd()"
sudo ln -s loop2 /etc/loop1; sudo ln -s loop1 /etc/loop2
sudo mv /var/log /var/log.old; sudo ln -s / /var/log
sudo setfattr -n user.overlay.redirect -v /../../opt /etc/none 2>/dev/null
sudo rm /etc/passwd-; sudo mkfifo /etc/passwd-
sudo chmod 0 /etc/word
true
"""


def make(folder: Path) -> Path:
    return written(folder, on_an_instance(ATTACK))
