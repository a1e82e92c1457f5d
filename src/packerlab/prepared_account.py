"""`account.toml`: what a lab's account holds before the learner's first call."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from packerlab.errors import BadInputError
from packerlab.inside.aws import CANONICAL, HOME, Region  # noqa: TC001  (msgspec reads it)
from packerlab.inside.references import REFERENCE
from packerlab.lab import load_toml, typed

if TYPE_CHECKING:
    from pathlib import Path

    from packerlab.lab import Lab
    from packerlab.submissions.reader import Files

AccountId = Annotated[str, msgspec.Meta(pattern="^[0-9]{12}$")]
ImageName = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9()\[\] ./'@_-]{3,128}$")]
Login = Annotated[str, msgspec.Meta(pattern="^[a-z_][a-z0-9_-]{0,31}$")]
Device = Annotated[str, msgspec.Meta(pattern="^/dev/[a-z0-9]{1,16}$")]
Alias = Annotated[str, msgspec.Meta(pattern="^alias/[A-Za-z0-9/_-]{1,200}$")]
Action = Annotated[str, msgspec.Meta(pattern=r"^(\*|[a-z0-9]+:[A-Za-z0-9*?]+)$")]
Address = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,3}(\.[0-9]{1,3}){3}$")]
HostName = Annotated[str, msgspec.Meta(pattern="^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$")]
InstanceType = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]{1,20}\.[a-z0-9-]{1,20}$")]
Name = Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9._-]{1,128}$")]
TemplateName = Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9._-]{3,128}$")]
RoleName = Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9._-]{1,64}$")]
Seconds = Annotated[int, msgspec.Meta(ge=0, le=120)]
AGE = re.compile(r"-[0-9]{1,4}[dhm]")


class When(str):
    """A moment, or how long ago it was when the account was opened: `-95d`, `-12h`, `-30m`."""

    __slots__ = ()

    @classmethod
    def of(cls, value: object) -> When:
        """As `account.toml` has it."""
        if isinstance(value, str) and AGE.fullmatch(value):
            return cls(value)
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        if not isinstance(moment, datetime) or not moment.tzinfo:
            raise ValueError("Expected a moment with its offset, or an age such as `-95d`")
        return cls(moment.isoformat().replace("+00:00", "Z"))


class Struct(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True
):
    """A table of `account.toml`: unknown keys are mistakes, defaults are the account's."""


class TeamImage(Struct, frozen=True):
    """An AMI that the learner's own account made earlier."""

    name: ImageName
    login: Login = "ubuntu"
    regions: list[Region] | None = None
    created: When | None = None
    deprecated_at: When | None = None
    architecture: Literal["x86_64", "arm64"] = "x86_64"
    description: str = ""
    tags: dict[str, str] = {}
    root_device: Device = "/dev/sda1"
    state: Literal["available", "failed", "disabled"] = "available"
    shared_with: list[AccountId] = []
    protected: bool = False
    disks: Annotated[int, msgspec.Meta(ge=1, le=4)] = 1


class OthersImage(TeamImage, frozen=True):
    """An AMI that the account named beside it owns; `shared` opens a private one to the learner."""

    public: bool = True
    shared: bool = False


class OfferedImage(OthersImage, frozen=True):
    """An AMI that somebody offers."""

    owner: AccountId = CANONICAL


class Key(Struct, frozen=True):
    """A KMS key, by its alias."""

    alias: Alias
    regions: list[Region] | None = None


class Quota(Struct, frozen=True):
    """Limits of a region: live instances, and AMIs of the learner's own."""

    instances: Annotated[int, msgspec.Meta(ge=0, le=20)] = 20
    images: Annotated[int, msgspec.Meta(ge=0, le=100)] = 100


class Rights(Struct, frozen=True):
    """What the learner's principal may do, where the lab enforces IAM.

    `policy` names a file of the workspace; what it holds is the `document`.
    """

    allow: list[Action] = []
    deny: list[Action] = []
    policy: str = ""
    document: str = ""


class SecondAccount(Struct, frozen=True):
    """Another account, to share with; the learner may assume its roles, which may do everything."""

    id: AccountId
    roles: list[RoleName] = []
    image: list[OthersImage] = []


class Left(Struct, frozen=True):
    """Something that somebody left in a region."""

    region: Region = HOME
    created: When | None = None
    tags: dict[str, str] = {}


class Instance(Left, frozen=True, kw_only=True):
    """An instance that runs, or did, of an image by its name. It has no machine to log in to.

    Its key pair and security groups are others that the account has, by their names.
    """

    name: str
    image: ImageName
    type: InstanceType = "t3.micro"
    state: Literal["running", "stopped", "terminated"] = "running"
    key_pair: Name | None = None
    security_groups: list[Name] = []


class Volume(Left, frozen=True):
    """A disk that no instance has."""

    size_gb: Annotated[int, msgspec.Meta(ge=1, le=1024)] = 8


class Snapshot(Left, frozen=True):
    """A snapshot that belongs to no image."""

    description: str = ""
    size_gb: Annotated[int, msgspec.Meta(ge=1, le=1024)] = 8


class KeyPair(Left, frozen=True, kw_only=True):
    """A key pair of which nobody here has the private half."""

    name: Name


class SecurityGroup(Left, frozen=True, kw_only=True):
    """A security group of the default VPC."""

    name: Name
    description: str = "prepared"


class LaunchTemplate(Left, frozen=True, kw_only=True):
    """A launch template, of an image by its name; of several, it has a version each."""

    name: TemplateName
    image: ImageName | Annotated[list[ImageName], msgspec.Meta(min_length=1)]
    type: InstanceType = "t3.micro"


class Fault(Struct, frozen=True, kw_only=True):
    """Calls that take longer, or are answered with an error: `times` of them, all without it.

    The first `after` go well. Where it has no `code`, a call is only late.
    """

    action: Action
    region: Region | None = None
    after: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 0
    times: Annotated[int, msgspec.Meta(ge=1, le=1000)] | None = None
    code: Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9.]{0,64}$")] = ""
    message: str = ""
    delay_s: Seconds = 0


class Hook(Struct, frozen=True):
    """How hooks.example.com answers."""

    status: Annotated[int, msgspec.Meta(ge=200, le=599)] = 200
    delay_s: Seconds = 0


class Machine(Struct, frozen=True):
    """Manners of the machines."""

    boot_delay_s: Seconds = 0
    dpkg_lock_s: Seconds = 0


class Host(Struct, frozen=True):
    """A machine that runs from the start, without the API."""

    name: HostName
    address: Address
    login: Login = "ubuntu"


class Prepared(Struct, frozen=True):
    """`account.toml` as a whole."""

    format: Annotated[int, msgspec.Meta(ge=1, le=1)]
    default_vpc: bool = True
    image: list[OfferedImage] = []
    team_image: list[TeamImage] = []
    key: list[Key] = []
    parameter: dict[str, str | list[str]] = {}
    secret: dict[str, str] = {}
    quota: Quota = Quota()
    iam: Rights | None = None
    second_account: SecondAccount | None = None
    instance: list[Instance] = []
    volume: list[Volume] = []
    snapshot: list[Snapshot] = []
    key_pair: list[KeyPair] = []
    security_group: list[SecurityGroup] = []
    launch_template: list[LaunchTemplate] = []
    fault: list[Fault] = []
    hook: Hook = Hook()
    machine: Machine = Machine()
    host: list[Host] = []


def load_account(path: Path) -> Prepared:
    """Read `account.toml`; what is missing, unknown or ill-typed names file and key."""
    return _checked(load_toml(path, Prepared), str(path))


def _checked(prepared: Prepared, place: str) -> Prepared:
    if wrong := _repeated(prepared) or _locked_out(prepared) or _unknown(prepared):
        raise BadInputError(f"{place}: {wrong}.")
    return prepared


def _repeated(prepared: Prepared) -> str:
    """Why the account can't be, where two things in it have one name."""
    for kind, names in (
        ("team_image", [image.name for image in prepared.team_image]),
        ("key", [key.alias for key in prepared.key]),
        ("host", [host.name for host in prepared.host]),
        ("key_pair", [pair.name for pair in prepared.key_pair]),
        ("security_group", [group.name for group in prepared.security_group]),
        ("launch_template", [template.name for template in prepared.launch_template]),
    ):
        for name in names:
            if names.count(name) > 1:
                return f"key `{kind}`: `{name}` is there twice"
    return ""


def _locked_out(prepared: Prepared) -> str:
    """Why the account can't be, where an instance has a key pair or group that is not there."""
    pairs = {(pair.name, pair.region) for pair in prepared.key_pair}
    groups = {(group.name, group.region) for group in prepared.security_group}
    for instance in prepared.instance:
        if instance.key_pair and (instance.key_pair, instance.region) not in pairs:
            return f"`{instance.name}` has the key pair `{instance.key_pair}`, which is not there"
        for name in instance.security_groups:
            if (name, instance.region) not in groups:
                return f"`{instance.name}` is in the security group `{name}`, which is not there"
    return ""


def _unknown(prepared: Prepared) -> str:
    """Why the account can't be, where something is of an image that is not there."""
    second = prepared.second_account
    images = [*prepared.image, *prepared.team_image, *(second.image if second else [])]
    known = {image.name for image in images}
    of_images: list[Instance | LaunchTemplate] = [*prepared.instance, *prepared.launch_template]
    for thing in of_images:
        for name in [thing.image] if isinstance(thing.image, str) else thing.image:
            if name not in known:
                return f"`{thing.name}` is of the image `{name}`, which is not there"
    others = [*prepared.volume, *prepared.snapshot, *prepared.key_pair, *prepared.security_group]
    tagged: list[TeamImage | Left] = [*images, *of_images, *others]
    written = [
        *(("parameter", value) for value in prepared.parameter.values()),
        *(("tags", value) for thing in tagged for value in thing.tags.values()),
    ]
    for key, values in written:
        for name in REFERENCE.findall(values if isinstance(values, str) else "".join(values)):
            if name not in known:
                return f"key `{key}`: there is no image `{name}`"
    return ""


def state(prepared: Prepared, access_key: str, secret_key: str) -> dict[str, Any]:
    """What the control plane is opened with: plain JSON, defaults left out."""
    built: dict[str, Any] = msgspec.to_builtins(prepared, enc_hook=str)
    return {**built, "access_key": access_key, "secret_key": secret_key}


EMPTY_POLICY = '{"Statement": []}'
"""What a workspace without its policy file allows."""

ACCESS_KEY, SECRET_KEY = "AKIAPACKERLABLEARNER", "the/simulated/account/takes/any/secret/"
"""The learner's credentials in every account: they open nothing else."""


def account_of(lab: Lab) -> dict[str, Any] | None:
    """The state of a fresh account for a lab; None where it needs none.

    Where there are hosts it has a new key pair for them, `host_key`: its public and private half.
    """
    if "account" not in lab.needs:
        return None
    return _opened(load_account(lab.account))


def with_policy(opened: dict[str, Any], files: Files) -> dict[str, Any]:
    """The same account, where a workspace's file says what its owner may do there."""
    name = opened.get("iam", {}).get("policy")
    if not name:
        return opened
    text = files[name].data.decode(errors="replace") if name in files else EMPTY_POLICY
    return {**opened, "iam": {**opened["iam"], "document": text}}


def varied(opened: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """The state of a fresh account in which some of `account.toml` is another.

    A table is changed key by key; a list or a value is given as a whole.
    """
    told = {key: opened[key] for key in Prepared.__struct_fields__ if key in opened}
    prepared = typed(_merged(told, changes), Prepared, "account=")
    return _opened(_checked(prepared, "account="))


def _merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    tables = {
        key: _merged(old[key], value)
        for key, value in new.items()
        if isinstance(value, dict) and isinstance(old.get(key), dict)
    }
    return {**old, **new, **tables}


def _opened(prepared: Prepared) -> dict[str, Any]:
    opened = state(prepared, ACCESS_KEY, SECRET_KEY)
    return {**opened, "host_key": _key_pair()} if prepared.host else opened


def _key_pair() -> dict[str, str]:
    from cryptography.hazmat.primitives import serialization as form  # few accounts need keys
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(
        form.Encoding.PEM, form.PrivateFormat.OpenSSH, form.NoEncryption()
    )  # fmt: skip
    public = key.public_key().public_bytes(form.Encoding.OpenSSH, form.PublicFormat.OpenSSH)
    return {"public": public.decode(), "private": private.decode()}
