"""Tags as EC2 takes them: moto takes any, of anything, and stops in the middle of too many."""

from __future__ import annotations

import re
from collections import defaultdict

from .errors import DeniedError

TAG = re.compile(r"(|.*\.)Tag\.(\d+)\.(Key|Value)")
KIND = re.compile(r"TagSpecification\.\d+\.ResourceType")
LONGEST_KEY, LONGEST_VALUE, MOST = 128, 256, 50
TAGGABLE = {
    "RunInstances": ("instance", "volume", "network-interface", "spot-instances-request"),
    "CreateImage": ("image", "snapshot"),
    "CopyImage": ("image", "snapshot"),
    "CreateSnapshot": ("snapshot",),
    "CopySnapshot": ("snapshot",),
    "CreateVolume": ("volume",),
    "CreateKeyPair": ("key-pair",),
    "ImportKeyPair": ("key-pair",),
    "CreateSecurityGroup": ("security-group",),
    "CreateLaunchTemplate": ("launch-template",),
}
"""What a call makes that it can tag, for the calls that are checked."""


def tagged(fields: dict[str, str]) -> list[str]:
    """The kinds of things that a request tags as it makes them."""
    return sorted({value for name, value in fields.items() if KIND.fullmatch(name)})


def check(action: str, fields: dict[str, str]) -> None:
    """Stop a request with tags that EC2 would refuse."""
    for kind in tagged(fields):
        if kind not in TAGGABLE.get(action, (kind,)):
            raise _refused(f"'{kind}' is not a valid taggable resource type for this operation.")
    keys: dict[str, list[str]] = defaultdict(list)
    for name, text in fields.items():
        found = TAG.fullmatch(name)
        if found and found[3] == "Key":
            keys[found[1]].append(text)
            _check_key(text)
        elif found and len(text) > LONGEST_VALUE:
            raise _refused(f"Tag value exceeds the maximum length of {LONGEST_VALUE} characters")
    for of_one in keys.values():
        _check_set(of_one)


def _check_key(key: str) -> None:
    if not key:
        raise _refused("Tag key cannot be empty")
    if key.lower().startswith("aws:"):
        raise _refused("Tag keys starting with 'aws:' are reserved for internal use")
    if len(key) > LONGEST_KEY:
        raise _refused(f"Tag key exceeds the maximum length of {LONGEST_KEY} characters")


def _check_set(keys: list[str]) -> None:
    if len(keys) > MOST:
        text = "The maximum number of Tags for a resource has been reached."
        raise DeniedError("TagLimitExceeded", text, 400)
    twice = sorted(key for key in set(keys) if keys.count(key) > 1)
    if twice:
        raise _refused(f"Duplicate tag key '{twice[0]}' specified.")


def _refused(text: str) -> DeniedError:
    return DeniedError("InvalidParameterValue", text, 400)
