from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import on_an_instance, written

if TYPE_CHECKING:
    from pathlib import Path


ATTACK = r"""
sudo perl -MSocket -e '
    my ($taken, @keep) = (0);
    my $code = pack("SCCL", 6, 0, 0, 0);
    for (1 .. 500) {
        socket(my $one, PF_UNIX, SOCK_DGRAM, 0) or last;
        $taken += 1 if setsockopt($one, SOL_SOCKET, 26, pack("SxxxxxxP", 1, $code));
        push @keep, $one;
    }
    exit($taken > 20);
'
"""


def make(folder: Path) -> Path:
    return written(folder, on_an_instance(ATTACK))
