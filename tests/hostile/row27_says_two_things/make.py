from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import beside_an_account, written

if TYPE_CHECKING:
    from pathlib import Path


ATTACK = r"""
def tried(what, answer):
    if answer[0] < 400 and "<CreateVpcResponse" in answer[1]:
        loot.append(f"a VPC by {what}")
block = "CidrBlock=10.9.0.0/16"
boundary = "b"
part = f"--b\r\nContent-Disposition: form-data; name="
multi = "".join(f'{part}"{n}"\r\n\r\n{v}\r\n' for n, v in {"Action": "CreateVpc", "CidrBlock": "10.9.0.0/16",
                "x": "&Action=DescribeVpcs&"}.items()) + "--b--\r\n"
tried("itself", call("CreateVpc", CidrBlock="10.9.0.0/16"))
tried("its query", talk(path=f"/?Action=CreateVpc&{block}", x_amz_target="EC2.DescribeVpcs"))
tried("its body", talk(body=f"Action=CreateVpc&{block}".encode(), path="/?Action=DescribeVpcs"))
tried("its query, with a body", talk(body=b"Action=DescribeVpcs", path=f"/?Action=CreateVpc&{block}"))
tried("its first action", talk(body=f"Action=CreateVpc&{block}&Action=DescribeVpcs".encode()))
tried("its last action", talk(body=f"Action=DescribeVpcs&{block}&Action=CreateVpc".encode()))
tried("another spelling", call("create_vpc", CidrBlock="10.9.0.0/16"))
tried("another case", call("createVpc", CidrBlock="10.9.0.0/16"))
tried("several parts", talk(body=multi.encode(), Content_Type="multipart/form-data; boundary=b"))
tried("another method", talk(method="GET", path=f"/?Action=CreateVpc&{block}"))
body = json.dumps({"SecretId": "crown", "x": "&Action=GetSecretValue&"}).encode()
for target in ("secretsmanager.ListSecrets", "secretsmanager.GetSecretValue"):
    answer = talk("secretsmanager", body, x_amz_target=target, Content_Type="application/x-amz-json-1.1")
    if "jewel" in answer[1]:
        loot.append(f"a secret by {target}")
"""


def make(folder: Path) -> Path:
    return written(folder, beside_an_account(ATTACK))
