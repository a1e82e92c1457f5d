"""Ids as EC2 writes them: moto takes any text for one, and says that nothing has it."""

from __future__ import annotations

import re

from .errors import DeniedError

RESOLVED = "resolve:ssm:"
"""What a launch may say in place of an image's id: the name of a parameter that has one."""

FIELDS = {
    "ImageId": "ami",
    "SourceImageId": "ami",
    "InstanceId": "i",
    "SnapshotId": "snap",
    "SourceSnapshotId": "snap",
    "VolumeId": "vol",
    "SecurityGroupId": "sg",
    "GroupId": "sg",
}
"""The fields of a request that hold ids, by the last word of their names."""

CODES = {
    "ami": "InvalidAMIID.Malformed",
    "i": "InvalidInstanceID.Malformed",
    "snap": "InvalidSnapshotID.Malformed",
    "vol": "InvalidVolumeID.Malformed",
    "sg": "InvalidGroupId.Malformed",
}
NUMBER = re.compile(r"\.\d+$")
REST = re.compile(r"-([0-9a-f]{8}|[0-9a-f]{17})")
LAUNCHES = ("RunInstances", "CreateLaunchTemplate", "CreateLaunchTemplateVersion")


def check(action: str, fields: dict[str, str]) -> None:
    """Stop a request in which something can't be an id."""
    for name, value in fields.items():
        prefix = FIELDS.get(NUMBER.sub("", name).rpartition(".")[2])
        if not prefix or ".Placement." in f".{name}":
            continue
        if action in LAUNCHES and value.startswith(RESOLVED):
            continue
        if not value.startswith(f"{prefix}-"):
            text = f'Invalid id: "{value}" (expecting "{prefix}-...")'
            raise DeniedError(CODES[prefix], text, 400)
        if not REST.fullmatch(value.removeprefix(prefix)):
            raise DeniedError(CODES[prefix], f'Invalid id: "{value}"', 400)
