"""What a call is authorized against: the things that it names or makes, and what is known of them.

The tables follow the Service Authorization Reference, "Actions, resources, and condition keys" for
EC2, Systems Manager, Secrets Manager, KMS, IAM and STS, for the calls that Packer and the labs
make. A call that is in no table is authorized for `*`, as where an action has no resources.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import zlib
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from . import tables  # noqa: F401  isort: skip  before all else of moto's EC2
from moto.core.responses import ActionResult
from moto.iam.models import iam_backends
from moto.sts.responses import TokenResponse

from packerlab.inside.policies import Request

from .errors import DeniedError

if TYPE_CHECKING:
    from .region import Region

NEW = ""
"""Of a thing that the call makes: it has no name yet."""

_NETWORK = r"(NetworkInterface\.\d+\.)?"
_OF_ONE_KIND = {
    ("image", "ImageId"): (
        "DeregisterImage", "ModifyImageAttribute", "EnableImage", "DisableImage",
        "EnableImageDeprecation", "DisableImageDeprecation",
        "EnableImageDeregistrationProtection", "DisableImageDeregistrationProtection",
    ),
    ("snapshot", "SnapshotId"): ("DeleteSnapshot", "ModifySnapshotAttribute"),
    ("snapshot", NEW): ("CopySnapshot",),
    ("instance", r"InstanceId(\.\d+)?"): (
        "StartInstances", "StopInstances", "RebootInstances", "TerminateInstances",
        "ModifyInstanceAttribute", "GetConsoleOutput", "AssociateIamInstanceProfile",
    ),
    ("key-pair", "KeyName"): ("CreateKeyPair", "ImportKeyPair"),
    ("key-pair", "KeyName|KeyPairId"): ("DeleteKeyPair",),
    ("security-group", "GroupId"): (
        "DeleteSecurityGroup", "AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupEgress",
        "RevokeSecurityGroupIngress", "RevokeSecurityGroupEgress",
    ),
    ("volume", "VolumeId"): ("DeleteVolume",),
    ("launch-template", NEW): ("CreateLaunchTemplate",),
    ("launch-template", "LaunchTemplateId"): (
        "CreateLaunchTemplateVersion", "ModifyLaunchTemplate", "DeleteLaunchTemplate",
    ),
}  # fmt: skip
THINGS: dict[str, tuple[tuple[str, str], ...]] = {
    **{action: (thing,) for thing, actions in _OF_ONE_KIND.items() for action in actions},
    "RunInstances": (
        ("image", "ImageId"), ("instance", NEW), ("volume", NEW), ("network-interface", NEW),
        ("security-group", _NETWORK + r"SecurityGroupId\.\d+"), ("subnet", _NETWORK + "SubnetId"),
        ("key-pair", "KeyName"), ("launch-template", r"LaunchTemplate\.LaunchTemplateId"),
        ("snapshot", r"BlockDeviceMapping\.\d+\.Ebs\.SnapshotId"),
    ),
    "CopyImage": (("image", NEW), ("snapshot", NEW)),
    "CreateFleet": (("fleet", NEW), ("instance", NEW)),
    "CreateImage": (("image", NEW), ("instance", "InstanceId"), ("snapshot", NEW)),
    "CreateSnapshot": (("snapshot", NEW), ("volume", "VolumeId")),
    "CreateVolume": (("volume", NEW), ("snapshot", "SnapshotId")),
    "CreateSecurityGroup": (("security-group", NEW), ("vpc", "VpcId")),
    "AttachVolume": (("instance", "InstanceId"), ("volume", "VolumeId")),
    "DetachVolume": (("instance", "InstanceId"), ("volume", "VolumeId")),
}  # fmt: skip
"""Of EC2's calls: each kind of thing, and in which parameters it is named."""

MAY_BE_MISSING = frozenset({"key-pair", "launch-template", "snapshot", "vpc"})
"""The kinds that a call may name, and need not."""

OF_NOBODY = frozenset({"image", "snapshot"})
"""The kinds whose ARN has no account in it."""

KINDS = {
    "ami": "image", "eni": "network-interface", "i": "instance", "key": "key-pair",
    "lt": "launch-template", "sg": "security-group", "snap": "snapshot", "vol": "volume",
}  # fmt: skip
"""What an id begins with, where it is not the kind itself."""

KEYS = frozenset({
    "aws:requestedregion", "aws:tagkeys", "ec2:createaction", "ec2:instancetype",
    "ec2:keypairname", "ec2:owner", "ec2:public", "ec2:region", "iam:passedtoservice",
})  # fmt: skip
KEYS_OF_TAGS = ("aws:requesttag/", "aws:resourcetag/", "ec2:resourcetag/")
"""The condition keys that a request can have, and how those with a tag's key begin."""

TAG = re.compile(r"Tag\.(\d+)\.(Key|Value)")
SPECIFIED = re.compile(r"TagSpecification\.(\d+)\.(?:(ResourceType)|Tag\.(\d+)\.(Key|Value))")
LONGEST_MESSAGE = 100_000
Tags = dict[str, str]


def knows(key: str) -> bool:
    """Whether a condition key can be judged here; one that can't would be taken for missing."""
    return key.lower() in KEYS or key.lower().startswith(KEYS_OF_TAGS)


def requests(service: str, action: str, parameters: Any, here: Region) -> list[Request]:
    """All that must be allowed for a call, in the order in which AWS looks."""
    name = f"{service}:{action}"
    usual: dict[str, str | list[str]] = {"aws:RequestedRegion": here.region_name}
    if service == "ec2":
        return _of_ec2(name, action, parameters, here)
    resources = _OTHERS.get(service, _no_resources)(action, parameters, here)
    return [Request(name, resource, usual) for resource in resources or ["*"]]


# --- EC2 ---


def _of_ec2(name: str, action: str, fields: dict[str, str], here: Region) -> list[Request]:
    usual: dict[str, str | list[str]] = {
        "aws:RequestedRegion": here.region_name,
        "ec2:Region": here.region_name,
    }
    asked = _requested_tags(fields)
    found = [
        Request(name, _arn(kind, thing, here),
                usual | _known(kind, thing, fields, here) | _in_request(asked[kind] or asked[""]))
        for kind, thing in _things(action, fields, here)
    ]  # fmt: skip
    found += [
        Request("ec2:CreateTags", _arn(kind, NEW, here),
                usual | _in_request(tags) | {"ec2:CreateAction": action})
        for kind, tags in asked.items() if kind and tags
    ]  # fmt: skip
    passed = {"iam:PassedToService": "ec2.amazonaws.com"}
    found += [Request("iam:PassRole", arn, usual | passed) for arn in _roles(fields, here)]
    return found or [Request(name, "*", usual)]


def _things(action: str, fields: dict[str, str], here: Region) -> list[tuple[str, str]]:
    """The kinds and names of what a call is about; a key pair's ARN has its name, not its id."""
    pairs = {pair.id: name for name, pair in here.key_pairs.items()}
    if action in {"CreateTags", "DeleteTags"}:
        ids = [value for name, value in fields.items() if name.startswith("ResourceId.")]
        kinds = [each.partition("-")[0] for each in ids]
        return [
            (KINDS.get(kind, kind), pairs.get(each, each))
            for kind, each in zip(kinds, ids, strict=True)
        ]
    found = []
    for kind, where in THINGS.get(action, ()):
        named = [value for name, value in fields.items() if where and re.fullmatch(where, name)]
        if not named and (not where or kind not in MAY_BE_MISSING):
            named = [NEW]
        found += [(kind, pairs.get(each, each)) for each in named]
    return found


def _requested_tags(fields: dict[str, str]) -> defaultdict[str, Tags]:
    """The tags that a call gives, by the kind of what gets them; `CreateTags` names no kind."""
    kinds: dict[str, str] = {}
    parts: defaultdict[tuple[str, str], Tags] = defaultdict(dict)
    for name, value in fields.items():
        if found := TAG.fullmatch(name):
            parts["", found[1]][found[2]] = value
        elif found := SPECIFIED.fullmatch(name):
            if found[2]:
                kinds[found[1]] = value
            else:
                parts[found[1], found[3]][found[4]] = value
    tags: defaultdict[str, Tags] = defaultdict(dict)
    for (place, _), part in parts.items():
        tags[kinds.get(place, "")][part.get("Key", "")] = part.get("Value", "")
    return tags


def _in_request(tags: Tags) -> dict[str, str | list[str]]:
    named = {f"aws:RequestTag/{key}": value for key, value in tags.items()}
    return {**named, "aws:TagKeys": list(tags)} if tags else {}


def _known(
    kind: str, thing: str, fields: dict[str, str], here: Region
) -> dict[str, str | list[str]]:
    """The condition keys that tell of one thing."""
    known: dict[str, str | list[str]] = {}
    if kind == "instance" and thing == NEW:
        known["ec2:InstanceType"] = fields.get("InstanceType", "m1.small")
    if kind == "image" and (image := here.ever(thing)):
        owner = image.owner_alias or image.owner_id
        known |= {"ec2:Owner": owner, "ec2:Public": str(image.public).lower()}
    if kind == "key-pair" and thing:
        known["ec2:KeyPairName"] = thing
    for key, value in _tags_of(kind, thing, here).items():
        known |= dict.fromkeys((f"aws:ResourceTag/{key}", f"ec2:ResourceTag/{key}"), value)
    return known


def _tags_of(kind: str, thing: str, here: Region) -> Tags:
    if kind == "key-pair" and thing in here.key_pairs:
        thing = here.key_pairs[thing].id
    found: Tags = dict(here.tags.get(thing, {}))
    return found


def _arn(kind: str, thing: str, here: Region) -> str:
    owner = "" if kind in OF_NOBODY else here.account_id
    return f"arn:aws:ec2:{here.region_name}:{owner}:{kind}/{thing or '*'}"


def _roles(fields: dict[str, str], here: Region) -> list[str]:
    """The roles that an instance gets by its profile."""
    named = {fields.get("IamInstanceProfile.Name"), fields.get("IamInstanceProfile.Arn")}
    profiles = iam_backends[here.account_id]["aws"].instance_profiles.values()
    return [role.arn for each in profiles if {each.name, each.arn} & named for role in each.roles]


# --- the other services ---


def _no_resources(_action: str, _parameters: Any, _here: Region) -> list[str]:
    return []


def _texts(parameters: Any, *names: str) -> list[str]:
    """The values of these parameters, which may be texts or lists of texts."""
    given = [parameters.get(name) for name in names] if isinstance(parameters, dict) else []
    flat = [each for value in given for each in (value if isinstance(value, list) else [value])]
    return [each for each in flat if isinstance(each, str)]


def _owned(service: str, kind: str, here: Region) -> str:
    return f"arn:aws:{service}:{here.region_name}:{here.account_id}:{kind}"


def _parameters(_action: str, parameters: Any, here: Region) -> list[str]:
    names = _texts(parameters, "Name", "Names", "Path")
    return [f"{_owned('ssm', 'parameter', here)}/{name.removeprefix('/')}" for name in names]


def _secrets(_action: str, parameters: Any, here: Region) -> list[str]:
    """A secret's ARN ends in six characters of AWS's choice."""
    return [
        name
        if name.startswith("arn:")
        else f"{_owned('secretsmanager', 'secret', here)}:{name}-??????"
        for name in _texts(parameters, "SecretId", "Name")
    ]


def _keys(_action: str, parameters: Any, here: Region) -> list[str]:
    return [
        name if name.startswith("arn:") else f"{_owned('kms', 'key', here)}/{name}"
        for name in _texts(parameters, "KeyId")
    ]


def _identities(_action: str, parameters: Any, here: Region) -> list[str]:
    kinds = {"RoleName": "role", "InstanceProfileName": "instance-profile", "UserName": "user"}
    return [
        f"arn:aws:iam::{here.account_id}:{kind}/{name}"
        for parameter, kind in kinds.items()
        for name in _texts(parameters, parameter)
    ]


def _assumed(_action: str, parameters: Any, _here: Region) -> list[str]:
    return _texts(parameters, "RoleArn")


_OTHERS = {
    "iam": _identities,
    "kms": _keys,
    "secretsmanager": _secrets,
    "ssm": _parameters,
    "sts": _assumed,
}


# --- what a refusal tells, encoded ---


def encoded(request: Request, principal: str, *, explicit: bool) -> str:
    """Why a call was refused, for `sts:DecodeAuthorizationMessage`."""
    items = [
        {"key": key, "values": {"items": [{"value": each} for each in _listed(value)]}}
        for key, value in sorted(request.context.items())
    ]
    told = {
        "allowed": False,
        "explicitDeny": explicit,
        "matchedStatements": {"items": []},
        "failures": {"items": []},
        "context": {
            "principal": {"arn": principal},
            "action": request.action,
            "resource": request.resource,
            "conditions": {"items": items},
        },
    }
    return base64.urlsafe_b64encode(zlib.compress(json.dumps(told).encode())).decode()


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


class Tokens(TokenResponse):
    """STS, with the call that moto lacks."""

    def decode_authorization_message(self) -> ActionResult:
        """The reason of a refusal, as JSON."""
        try:
            packed = base64.urlsafe_b64decode(self._get_param("EncodedMessage"))
            told = zlib.decompressobj().decompress(packed, LONGEST_MESSAGE).decode()
            json.loads(told)
        except (TypeError, ValueError, binascii.Error, zlib.error):
            raise DeniedError(
                "InvalidAuthorizationMessageException", "Message is not valid.", 400
            ) from None
        return ActionResult({"DecodedMessage": told})
