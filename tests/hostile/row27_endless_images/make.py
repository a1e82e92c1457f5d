from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import beside_an_account, written

if TYPE_CHECKING:
    from pathlib import Path


ATTACK = r"""
image = first("imageId", call("DescribeImages", Owner__1="099720109477"))
name = first("instanceId", call("RunInstances", ImageId=image, MinCount="1", MaxCount="1"))
call("StopInstances", InstanceId__1=name)
for number in range(100):
    made = call("CreateImage", InstanceId=name, Name=f"endless-{number}")
    if made[0] >= 400:
        break
    call("DeregisterImage", ImageId=first("imageId", made))
else:
    loot.append("there is no end")
call("TerminateInstances", InstanceId__1=name)
for found in re.findall("<snapshotId>(snap-[^<]*)", call("DescribeSnapshots", Owner__1="self")[1]):
    call("DeleteSnapshot", SnapshotId=found)
"""


def make(folder: Path) -> Path:
    return written(folder, beside_an_account(ATTACK))
