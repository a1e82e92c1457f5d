from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import beside_an_account, written

if TYPE_CHECKING:
    from pathlib import Path


ATTACK = r"""
subnet = first("subnetId", call("DescribeSubnets"))
image = first("imageId", call("DescribeImages", Owner__1="099720109477"))
many = "1000000000"
began = time.monotonic()
for action, fields in {
    "AllocateHosts": {"Quantity": many, "AvailabilityZone": "us-east-1a", "InstanceType": "t3.micro"},
    "CreateNetworkInterface": {"SubnetId": subnet, "SecondaryPrivateIpAddressCount": many},
    "RunInstances": {"ImageId": image, "MinCount": many, "MaxCount": many},
    "RequestSpotInstances": {"InstanceCount": many, "SpotPrice": "1", "LaunchSpecification__ImageId": image},
}.items():
    if call(action, **fields)[0] < 400:
        loot.append(action)
if time.monotonic() - began > 5:
    loot.append("the account was busy for long")
"""


def make(folder: Path) -> Path:
    return written(folder, beside_an_account(ATTACK))
