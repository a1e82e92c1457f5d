from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import on_an_instance, written

if TYPE_CHECKING:
    from pathlib import Path


ATTACK = r"""
sudo perl -e '
    my @keep;
    while (@keep < 900 and open(my $one, "+<", "/dev/ptmx")) { push @keep, $one }
    syscall(294, 0) for 1 .. 200;
    exit(@keep > 100);
'
"""


def make(folder: Path) -> Path:
    return written(folder, on_an_instance(ATTACK))
