from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import with_an_engine, written

if TYPE_CHECKING:
    from pathlib import Path


ATTACK = r"""
SCRIPT = r'''
for path in /host/root/.[!.]* /host/var/run/docker.sock /host/opt/packerlab/lib/* /host/opt/packerlab/site
do [ -e "$path" ] && echo "loot: $path"; done
for path in /proc/sys/kernel/core_pattern /proc/sysrq-trigger /sys/kernel/uevent_helper /host/proc/sys/kernel/core_pattern \
    /host/usr/x /host/opt/packerlab/images/x /host/opt/packerlab/bin/x /host/etc/containers/x
do (echo x > "$path") 2>/dev/null && echo "loot: wrote $path"; done
for number in "1 1" "8 0" "253 0" "254 0"
do mknod /tmp/d b $number 2>/dev/null && head -c 1 /tmp/d >/dev/null 2>&1 && echo "loot: disk $number"; rm -f /tmp/d; done
mknod /tmp/m c 1 1 2>/dev/null && head -c 1 /tmp/m >/dev/null 2>&1 && echo "loot: memory"
for path in /dev/mem /dev/kmsg /dev/vda /dev/kvm /dev/fuse; do head -c 1 $path >/dev/null 2>&1 && echo "loot: $path"; done
mount -o remount,rw /host/usr 2>/dev/null && touch /host/usr/x && echo "loot: usr"
mount -t cgroup none /mnt 2>/dev/null && echo "loot: cgroup"
mount -t sysfs none /mnt 2>/dev/null && (echo x > /mnt/power/state) 2>/dev/null && echo "loot: sysfs"
swapoff -a 2>/dev/null; hostname owned 2>/dev/null; before=$(date +%Y); date -s 2000-01-01 >/dev/null 2>&1; [ "$(date +%Y)" = "$before" ] || echo "loot: clock"
cat /proc/[0-9]*/environ 2>/dev/null | grep -a packerlab-canary && echo "loot: environment"
'''
for options in (
    ["--privileged"],
    ["--privileged", "--pid=host", "--ipc=host", "--net=host", "--uts=host", "-v", "/:/host"],
    ["--userns=host", "--cgroupns=host", "-v", "/:/host:rw", "--cap-add=ALL"],
    ["--device=/dev/mem", "--device=/dev/kmsg"],
    ["--security-opt=seccomp=unconfined", "--security-opt=apparmor=unconfined", "--cap-add=ALL"],
    ["-v", "/proc:/host/proc", "-v", "/sys:/host/sys", "-v", "/dev:/host/dev", "--privileged"],
    ["--runtime=/tmp/own", "--privileged"],
    ["--cgroup-parent=/", "--oom-score-adj=-1000", "--ulimit=nproc=-1:-1", "--memory=-1"],
):
    said = inside(SCRIPT, *options)
    loot += [f"{options}: {line}" for line in said.splitlines() if line.startswith("loot")]
"""


def make(folder: Path) -> Path:
    return written(folder, with_an_engine(ATTACK))
