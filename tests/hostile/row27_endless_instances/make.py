from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import beside_an_account, written

if TYPE_CHECKING:
    from pathlib import Path


ATTACK = r"""
image = first("imageId", call("DescribeImages", Owner__1="099720109477"))
for number in range(30):
    if call("RunInstances", ImageId=image, MinCount="1", MaxCount="1")[0] >= 400:
        break
if number > 4:
    loot.append(f"{number} instances")
"""


def make(folder: Path) -> Path:
    return written(folder, beside_an_account(ATTACK))
