from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import on_an_instance, written

if TYPE_CHECKING:
    from pathlib import Path


ATTACK = r"""
sudo perl -MSocket -e '
    sub held { open(my $f, "<", "/proc/net/sockstat"); my $n = 0; /mem (\d+)/ and $n += $1 for <$f>; $n * 4096 }
    my ($before, @keep) = held();
    socket(my $server, PF_INET, SOCK_STREAM, 0);
    bind($server, sockaddr_in(7777, INADDR_LOOPBACK)); listen($server, 1000);
    socket(my $from, PF_INET, SOCK_DGRAM, 0);
    for (1 .. 400) {
        socket(my $one, PF_INET, SOCK_STREAM, 0) or last;
        setsockopt($one, SOL_SOCKET, SO_SNDBUF, 4000000);
        connect($one, sockaddr_in(7777, INADDR_LOOPBACK)) or last;
        accept(my $other, $server) or last;
        send($one, "x" x 60000, 0x40) for 1 .. 100;
        socket(my $to, PF_INET, SOCK_DGRAM, 0) or last;
        setsockopt($to, SOL_SOCKET, SO_RCVBUF, 4000000);
        bind($to, sockaddr_in(0, INADDR_LOOPBACK));
        send($from, "x" x 60000, 0x40, getsockname($to)) for 1 .. 100;
        push @keep, $one, $other, $to;
    }
    exit(held() - $before > 300_000_000);
'
"""


def make(folder: Path) -> Path:
    return written(folder, on_an_instance(ATTACK))
