from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import beside_an_account, written

if TYPE_CHECKING:
    from pathlib import Path


ATTACK = r"""
for service, action in (
    ("ssm", "AmazonSSM.PutParameter"),
    ("kms", "TrentService.CreateKey"),
    ("secretsmanager", "secretsmanager.CreateSecret"),
):
    for value in (r'"\ud800"', "NaN", "[Infinity]", "1e999", "9" * 5000, "[" * 5000, '{"a":' * 300 + "1" + "}" * 300):
        body = '{"Name": "x", "Description": %s, "%s": 1}' % (value, r"\udfff")
        if talk(service, body.encode(), X_Amz_Target=action)[0] < 400:
            loot.append(f"{action} {value[:20]}")
if talk("ec2", b"Action=DescribeImages&Owner.1=%ED%A0%80&Filter.1.Name=%FF%FE")[0] == 500:
    loot.append("ec2")
"""


def make(folder: Path) -> Path:
    return written(folder, beside_an_account(ATTACK))
