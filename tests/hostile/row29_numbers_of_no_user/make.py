from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import on_an_instance, written

if TYPE_CHECKING:
    from pathlib import Path


ATTACK = r"""
long=$(printf '9%.0s' $(seq 5000))
for number in '²' '٣' "$long" '-1' ''; do
    echo "eve:x:$number:$number::/:/bin/sh" | sudo tee -a /etc/passwd >/dev/null
    echo "eve:x:$number:" | sudo tee -a /etc/group >/dev/null
done
printf 'Status\n: \n\n Status: a b c\nVersion: \n\n' | sudo tee -a /var/lib/dpkg/status >/dev/null
"""


def make(folder: Path) -> Path:
    return written(folder, on_an_instance(ATTACK))
