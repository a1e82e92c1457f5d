from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import beside_an_account, written

if TYPE_CHECKING:
    from pathlib import Path


ATTACK = r"""
keys = ["", "AKIAIOSFODNN7EXAMPLE", "ASIA" + "A" * 16, "111122223333", "root", "A" * 5000]
for key in keys:
    for action, service in (("DescribeImages", "ec2"), ("GetCallerIdentity", "sts"), ("ListUsers", "iam")):
        if call(action, service, key=key)[0] < 400:
            loot.append(f"{action} with {key[:20]}")
for header in (signed("sts"), signed("ec2", region="mars-1"), "Basic YTpi", "Bearer a", signed("ec2").replace("AKIA", "akia")):
    if talk(body=b"Action=DescribeImages", Authorization=header)[0] < 400:
        loot.append(header[:80])
for header in ("x_moto_account_id", "x_amz_account_id"):
    answer = talk(body=b"Action=DescribeVpcs", **{header: "444455556666"})
    if "444455556666" in answer[1]:
        loot.append(header)
"""


def make(folder: Path) -> Path:
    return written(folder, beside_an_account(ATTACK))
