from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import beside_an_account, written

if TYPE_CHECKING:
    from pathlib import Path


ATTACK = r"""
everything = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})
me = {"UserName": "learner"}
for action, fields in {
    "CreateAccessKey": me, "CreateUser": {"UserName": "eve"}, "ListUsers": {},
    "PutUserPolicy": {**me, "PolicyName": "lab", "PolicyDocument": everything},
    "DeleteUserPolicy": {**me, "PolicyName": "lab"},
    "AttachUserPolicy": {**me, "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"},
    "CreateRole": {"RoleName": "r", "AssumeRolePolicyDocument": everything},
}.items():
    if call(action, "iam", **fields)[0] < 400:
        loot.append(action)
for role in ("arn:aws:iam::111122223333:role/admin", "arn:aws:iam::444455556666:role/admin"):
    key = first("AccessKeyId", call("AssumeRole", "sts", RoleArn=role, RoleSessionName="eve"))
    for service, action in (("ec2", "CreateVpc"), ("iam", "ListUsers")):
        if key and call(action, service, key=key, CidrBlock="10.9.0.0/16")[0] < 400:
            loot.append(f"{action} as {role}")
for service, target, fields in (
    ("kms", "TrentService.ListKeys", {}), ("kms", "TrentService.CreateKey", {}),
    ("secretsmanager", "secretsmanager.GetSecretValue", {"SecretId": "crown"}),
    ("ssm", "AmazonSSM.PutParameter", {"Name": "a", "Value": "b", "Type": "String"}),
):
    if talk(service, json.dumps(fields).encode(), x_amz_target=target)[0] < 400:
        loot.append(target)
for method in ("PUT", "GET", "DELETE"):
    if talk("s3", path="/bucket", method=method)[0] < 400:
        loot.append(f"{method} of a bucket")
"""


def make(folder: Path) -> Path:
    return written(folder, beside_an_account(ATTACK))
