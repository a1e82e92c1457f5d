from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import beside_an_account, written

if TYPE_CHECKING:
    from pathlib import Path


ATTACK = r"""
image = first("imageId", call("DescribeImages", Owner__1="099720109477"))
for _ in range(12):
    made = call("RunInstances", ImageId=image, MinCount="1", MaxCount="1", UserData="QUFB" * 200_000)
    call("TerminateInstances", InstanceId__1=first("instanceId", made))
"""


def make(folder: Path) -> Path:
    return written(folder, beside_an_account(ATTACK))
