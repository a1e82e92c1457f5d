from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import on_an_instance, written

if TYPE_CHECKING:
    from pathlib import Path


ATTACK = r"""
found() { echo "$1" | sudo tee -a /etc/loot; }
sudo perl -e 'mkdir "/tmp/c"; chroot "/tmp/c"; chdir ".." for 1..50; chroot "."; exit(-e "/opt/packerlab" || -e "/run/account")' || found chroot
sudo mount -t tmpfs none /mnt && found mount
sudo mount --bind /proc /mnt && found bind
sudo umount /dev/shm && found umount
sudo unshare --mount --net --pid true && found unshare
unshare --user --map-root-user true && found "user namespace"
sudo nsenter --target 1 --mount --net true && found setns
sudo mknod /tmp/sda b 8 0 && found "block device"
sudo mknod /tmp/mem c 1 1 && found "memory device"
sudo ls /proc/1/root/opt/packerlab && found "init's root"
sudo ls /proc/1/root/run/account && found "the account"
sudo sh -c 'ls -l /proc/[0-9]*/exe' 2>/dev/null | grep -e bwrap -e python && found "other processes"
for file in /proc/sys/kernel/core_pattern /proc/sysrq-trigger /proc/sys/net/ipv4/ip_forward /sys/fs/cgroup/cgroup.procs; do
    sudo sh -c "echo 1 > $file" && found "$file"
done
sudo perl -e 'exit(syscall(101, 16, 1, 0, 0) != -1)' || found ptrace
sudo perl -e '$b = "\0" x 120; exit(syscall(321, 0, $b, 64) != -1)' || found bpf
sudo perl -e 'exit(syscall(250, 0, -3, 0, 0, 0) != -1)' || found keyctl
sudo perl -e '$b = "\0" x 120; exit(syscall(425, 1, $b) != -1)' || found io_uring
sudo dmesg && found "kernel log"
sudo ip addr add 10.0.0.1/8 dev lo 2>/dev/null && found address
sudo hostname loot && found "host name"
sudo sh -c 'ulimit -n 100000' && found "more descriptors"
true
"""


def make(folder: Path) -> Path:
    return written(folder, on_an_instance(ATTACK))
