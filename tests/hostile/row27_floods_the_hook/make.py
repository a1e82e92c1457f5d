from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import beside_an_account, written

if TYPE_CHECKING:
    from pathlib import Path


ATTACK = r"""
for number in range(400):
    with contextlib.suppress(OSError, http.client.HTTPException):
        talk(host="hooks.example.com", path="/" + "a" * 50_000, body=b"\x00\xff" * 400_000)
if call("DescribeRegions")[0] != 200:
    loot.append("the account does not answer any more")
"""


def make(folder: Path) -> Path:
    return written(folder, beside_an_account(ATTACK))
