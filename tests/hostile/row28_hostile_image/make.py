from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import beside_an_account, written

if TYPE_CHECKING:
    from pathlib import Path


ATTACK = r"""
init = "\n".join([
    "#!/bin/sh",
    "echo Server listening on everything port 22.",
    "echo Accepted publickey for ubuntu",
    "echo eyes: $(ls /opt /run /proc/1/root/opt)",
    "mount -t tmpfs none /mnt && echo hands: mount",
    "unshare --mount true && echo hands: unshare",
    "grep CapEff /proc/self/status",
    "ls -l /proc/self/fd",
    "echo this is all.",
    "sleep 60",
])
data = f"#!/bin/sh\ncat > /lab/init <<'INIT'\n{init}\nINIT\necho replaced\n"
import base64

def console(instance, word):
    end = time.monotonic() + 60
    said = ""
    while word not in said and time.monotonic() < end:
        time.sleep(0.1)
        answer = call("GetConsoleOutput", InstanceId=instance)
        said = base64.b64decode(first("output", answer)).decode()
    return said

base = first("imageId", call("DescribeImages", Owner__1="099720109477"))
run = {"MinCount": "1", "MaxCount": "1"}
one = first("instanceId", call("RunInstances", ImageId=base, UserData=base64.b64encode(data.encode()).decode(), **run))
console(one, "replaced")
made = first("imageId", call("CreateImage", InstanceId=one, Name="mine", NoReboot="true"))
two = first("instanceId", call("RunInstances", ImageId=made, **run))
said = console(two, "this is all.")
if "this is all." not in said:
    loot.append(f"the attack did not run: {said}")
if "hands" in said or "packerlab" in said or "account" in said or "socket" in said:
    loot.append(said)
if "00000000a00405fb" not in said:
    loot.append(said)
for name in (one, two):
    call("TerminateInstances", InstanceId__1=name)
call("DeregisterImage", ImageId=made)
for found in re.findall("<snapshotId>(snap-[^<]*)", call("DescribeSnapshots", Owner__1="self")[1]):
    call("DeleteSnapshot", SnapshotId=found)
"""


def make(folder: Path) -> Path:
    return written(folder, beside_an_account(ATTACK))
