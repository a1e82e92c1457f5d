"""A policy that just fits: what a build's role may do, tried call by call."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from packerlab.grader import (
    CANONICAL,
    HOME,
    check,
    expect_nothing_left,
    expect_package,
    expect_tags,
    fail,
    prepared_id,
)

if TYPE_CHECKING:
    from packerlab.grader import AccountEvidence, Answer, Build, Files, Hidden, Run

ABROAD = "eu-west-1"
"""The region that gets a copy."""

OUTSIDE = ("eu-west-2", "us-east-1")
PARTNER, STRANGER = "222233334444", "444455556666"
RELEASE = ["-var-file=release.pkrvars.hcl"]
OURS = {"Builder": "packer"}
UBUNTU = "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20240514"
UBUNTU_CREATED = "2024-05-14T06:11:20Z"
REFUSED = ("UnauthorizedOperation", "AccessDenied", "AccessDeniedException")
ENCODED = re.compile(r"\.? ?Encoded authorization failure message: \S+")
MOST = 6
"""How many calls a message names."""


@check(points=1, docs="#journal")
def test_build(build: Build, submission: Files) -> None:
    """`packer build .` makes the AMI under policy.json, and leaves nothing else.

    - Packer prints what it was not allowed to do. Which action is it, and on which resource?
    - A launch is judged for everything that it uses or makes, and so are the tags: `ec2:CreateTags`
      for what the call makes.
    - Copy the actions from the page's table of calls into a statement with `"Resource": "*"`, and
      narrow it down when the build is green. A build that is green may still have left its machine:
      look for `ec2:TerminateInstances`.
    """
    answer = build()
    expect_built(answer, "`packer build .`", submission)
    expect_nothing_left(answer.account, "`packer build .`")


@check(points=1, needs="test_build", docs="#journal")
def test_release(build: Build, submission: Files) -> None:
    """The release build copies the AMI to eu-west-1, and shares both with 222233334444.

    - Build with `-var-file=release.pkrvars.hcl`. Which call does Packer name?
    - A copy is made by a call in the region that gets it. So the statement has to be about both
      regions.
    - Allow `ec2:CopyImage`, `ec2:ModifyImageAttribute` and `ec2:CreateTags` for images and
      snapshots in eu-central-1 and eu-west-1, and t3.small as a type.
    """
    answer = build(args=RELEASE)
    told = "The release build"
    expect_built(answer, told, submission)
    for region in (HOME, ABROAD):
        image = answer.account.image(region)
        expect_tags(image.tags, OURS, f"The AMI in {region}", submission)
        if PARTNER not in image.about["shared_with"]:
            fail(f"The AMI in {region} is not shared.", expected=PARTNER, found="nobody")
    expect_nothing_left(answer.account, told)


@check(points=2, needs="test_release", docs="#green")
def test_clean_up(build: Build, run: Run) -> None:
    """If a release fails at its end, the role may remove both AMIs and their snapshots.

    - Which calls does Packer make only if a step after the AMI fails?
    - Nobody should use an AMI that has failed its test, and a snapshot costs money. They are in two
      regions.
    - Allow `ec2:DeregisterImage` and `ec2:DeleteSnapshot` in eu-central-1 and eu-west-1.
    """
    released = build(args=RELEASE)
    argv = ["python3", "-I", "clean_up.py", HOME, ABROAD]
    account = run(argv, files={"clean_up.py": CLEAN_UP.encode()}, after=released).account
    left = sorted(f"an AMI in {image.about['region']}" for image in account.images)
    if left or account.leftovers:
        fail(
            "The role can't remove a release whose last step fails.",
            expected="neither AMI nor snapshot",
            found=left + account.leftovers,
        )


@check(points=1, needs="test_build", docs="#regions")
def test_regions(run: Run, hidden: Hidden) -> None:
    """Outside eu-central-1 and eu-west-1 the role can make, change and remove nothing.

    - Which of your statements say something about the region?
    - The condition key `aws:RequestedRegion` has the region of a call. The fourth part of an ARN is
      the region of the thing.
    - Look at every statement with `"Resource": "*"`, and at ARNs that begin with `arn:aws:ec2:*`.
      Each needs the two regions, also those that only remove something.
    """
    expect_refused("outside", run, hidden)


@check(points=1, needs="test_build", docs="#things")
def test_launch(run: Run, hidden: Hidden) -> None:
    """It can launch only t3.micro and t3.small, only Canonical's images, and no snapshot.

    - A launch is judged for its instance, its image, its disks and more. Which of these has a type,
      and which has an owner?
    - Allow `ec2:RunInstances` with one statement for each kind of resource that has a condition of
      its own. What no statement names is refused.
    - `ec2:InstanceType` belongs to `instance/*`, and `ec2:Owner` to `image/*`. Name the other kinds
      one by one, and leave out `snapshot/*`.
    """
    expect_refused("launch", run, hidden)


@check(points=2, needs="test_build", docs="#tags")
def test_others(run: Run, hidden: Hidden) -> None:
    """It can stop, terminate, image or remove only what has the tag Builder = packer.

    - What tells the machine of your build from the database server?
    - The condition key `aws:ResourceTag/Builder` has the value of that tag. `ec2:CreateImage` is
      judged for the instance too. A key pair also has a name.
    - Put instances, and images with their snapshots, into statements of their own, with
      `"StringEquals": {"aws:ResourceTag/Builder": "packer"}`. Allow `ec2:DeleteKeyPair` for
      `key-pair/packer_*`.
    """
    expect_refused("others", run, hidden)


@check(points=1, needs="test_build", docs="#tagging")
def test_tagging(run: Run, hidden: Hidden) -> None:
    """It can't give the tag to a machine, a disk or a key pair that is there already.

    - What would somebody do who wants to terminate a machine without the tag?
    - While something is being made, a request has the condition key `ec2:CreateAction`. For a thing
      that exists, it has not.
    - Allow `ec2:CreateTags` with `"StringEquals": {"ec2:CreateAction": [...]}`. Without that
      condition allow it for images and snapshots alone, which Packer tags later.
    """
    expect_refused("tagging", run, hidden)


@check(points=1, needs="test_build", docs="#rest")
def test_rest(run: Run, hidden: Hidden) -> None:
    """Everything else is refused: what these builds never do, the role can't do either.

    - Does an action in your policy have a `*` in it? What does it allow besides what you meant?
    - Packer's documentation lists what all builders and options need. Which of these calls does
      your build never make?
    - Only `ec2:Describe*` may have a star. Remove every action that is not in the page's table of
      calls.
    """
    expect_refused("rest", run, hidden)


# --- builds --------------------------------------------------------------------------------------


def expect_built(answer: Answer, told: str, submission: Files) -> None:
    """Fail where a build has not made the AMI, with what was refused."""
    if answer.exit != 0:
        message, where = answer.error
        said = ENCODED.sub("", message) or f"exit code {answer.exit}"
        fail(f"{told} fails.", found=[*refusals(answer.account), said], where=where)
    image = answer.account.image(HOME)
    expect_package(image.disk, "labweb", "in the AMI")
    expect_tags(image.tags, OURS, "The AMI", submission)


def refusals(account: AccountEvidence) -> list[str]:
    """The calls that were refused, in order: Packer reports only what was refused last."""
    refused = [call for call in account.calls if call.error in REFUSED]
    calls = [f"{call.service}:{call.action} in {call.region} is refused" for call in refused]
    return [*dict.fromkeys(calls)][:MOST]


# --- what an intruder would try ------------------------------------------------------------------


class Try(NamedTuple):
    """A call that the role must not be able to make, and what it does in words."""

    words: str
    call: str
    parameters: dict[str, Any]
    region: str = HOME


def expect_refused(kind: str, run: Run, hidden: Hidden) -> None:
    """Fail where the policy lets something through. All kinds are tried in one run."""
    kinds = tries(Account(hidden, run))
    everything = [each for listed in kinds.values() for each in listed]
    files = {
        "tries.py": TRY.encode(),
        "tries.json": json.dumps([each[1:] for each in everything]).encode(),
    }
    answer = run(["python3", "-I", "tries.py"], files=files, account=prepared(hidden))
    made = answer.account.calls
    if [f"{call.service}.{call.action}" for call in made] != [each.call for each in everything]:
        raise RuntimeError(f"The calls were not made: {answer.output[-500:]}")
    passed = [
        each.words
        for each, call in zip(everything, made, strict=True)
        if each in kinds[kind] and call.error not in REFUSED
    ]
    if passed:
        more = [f"and {len(passed) - MOST} more"] if len(passed) > MOST else []
        fail(
            "The role can do what it should not be able to do.",
            expected="refused",
            found=[*passed[:MOST], *more],
        )


def tries(there: Account) -> dict[str, list[Try]]:
    """All calls, by what they are about. None needs another one's effect."""
    return {
        "outside": outside(there),
        "launch": launches(there),
        "others": others(there),
        "tagging": taggings(there),
        "rest": rest(there),
    }


def outside(there: Account) -> list[Try]:
    """What a build does, in regions where it has nothing to do."""
    near, far = OUTSIDE
    machine, group = there.id("ours"), {"GroupId": there.id("packer_old group")}
    door = {**group, "IpPermissions": [SSH]}
    image = {"ImageId": there.image("ours", far)}
    of_ours = {"SourceRegion": HOME, "SourceImageId": there.image("ours")}
    return [
        Try(f"{words} in {region}", f"ec2.{call}", {"DryRun": True, **parameters}, region)
        for region, words, call, parameters in (
            (near, "launch a machine", "RunInstances", there.launch(near)),
            (far, "launch a machine", "RunInstances", there.launch(far)),
            (far, "make a key pair", "CreateKeyPair", {"KeyName": "packer_1"}),
            (near, "make a security group", "CreateSecurityGroup",
             {"GroupName": "packer_1", "Description": "x"}),
            (far, "open a port", "AuthorizeSecurityGroupIngress", door),
            (near, "make a copy", "CopyImage", {"Name": "copy", **of_ours}),
            (far, "stop a machine", "StopInstances", {"InstanceIds": [machine]}),
            (far, "make an image", "CreateImage", {"Name": "image", "InstanceId": machine}),
            (far, "terminate a machine", "TerminateInstances", {"InstanceIds": [machine]}),
            (far, "tag an image", "CreateTags", {"Resources": [*image.values()], "Tags": [TAG]}),
            (far, "share an image", "ModifyImageAttribute",
             {**image, "LaunchPermission": {"Add": [{"UserId": PARTNER}]}}),
            (far, "deregister an image", "DeregisterImage", image),
            (far, "delete a snapshot", "DeleteSnapshot", {"SnapshotId": there.id("ours snapshot")}),
            (far, "delete a key pair", "DeleteKeyPair", {"KeyName": "packer_old"}),
            (far, "delete a security group", "DeleteSecurityGroup", group),
        )
    ]  # fmt: skip


def launches(there: Account) -> list[Try]:
    """Launches as Packer makes them, but for one thing."""
    backup = {"DeviceName": "/dev/sdf", "Ebs": {"SnapshotId": there.id("backup snapshot")}}
    changes: list[tuple[str, dict[str, Any], str]] = [
        *(
            (f"launch a {kind} in {region}", {"InstanceType": kind}, region)
            for kind, region in (
                ("t3.medium", HOME), ("t2.micro", HOME), ("m5.large", HOME), ("t3.large", ABROAD)
            )
        ),
        ("launch a machine without naming a type", {"InstanceType": None}, HOME),
        ("launch a stranger's image", {"ImageId": there.ubuntu(owner=STRANGER)}, HOME),
        ("launch the database's image", {"ImageId": there.image("database")}, HOME),
        ("launch a machine with the database's backup as a second disk",
         {"BlockDeviceMappings": [backup]}, HOME),
    ]  # fmt: skip
    return [
        Try(words, "ec2.RunInstances", there.launch(region, **change), region)
        for words, change, region in changes
    ]


def others(there: Account) -> list[Try]:
    """What a build does with its own things, done to somebody else's."""
    machines = {
        "database": "the database server",
        "unnamed": "a machine without the tag Builder",
        "like": "a machine with the tag Builder = packer-old",
    }
    images = {
        "database": "the database's image",
        "like": "an image with the tag Builder = packer-old",
    }
    snapshots = {"backup": HOME, "backup abroad": ABROAD}
    found = [
        *(
            (f"{words} {whose}", call, parameters, HOME)
            for name, whose in machines.items()
            for words, call, parameters in (
                ("stop", "StopInstances", {"InstanceIds": [there.id(name)]}),
                ("make an image of", "CreateImage",
                 {"InstanceId": there.id(name), "Name": f"of {name}"}),
                ("terminate", "TerminateInstances", {"InstanceIds": [there.id(name)]}),
            )
        ),
        *(
            (f"deregister {whose} in {region}", "DeregisterImage",
             {"ImageId": there.image(name, region)}, region)
            for region in (HOME, ABROAD)
            for name, whose in images.items()
        ),
        *(
            (f"delete a snapshot of the database in {region}", "DeleteSnapshot",
             {"SnapshotId": there.id(f"{name} snapshot")}, region)
            for name, region in snapshots.items()
        ),
        ("delete the key pair deploy", "DeleteKeyPair", {"KeyName": "deploy"}, HOME),
    ]  # fmt: skip
    return [
        Try(words, f"ec2.{call}", {"DryRun": True, **parameters}, region)
        for words, call, parameters, region in found
    ]


def taggings(there: Account) -> list[Try]:
    """How somebody else's things would become the build's own."""
    things = {
        "database": "the database server",
        "like": "a machine with the tag Builder = packer-old",
        "database disk": "the database server's disk",
        "deploy": "the key pair deploy",
    }
    return [
        Try(f"give {whose} the tag Builder = packer", "ec2.CreateTags",
            {"DryRun": True, "Resources": [there.id(name)], "Tags": [TAG]})
        for name, whose in things.items()
    ]  # fmt: skip


def rest(there: Account) -> list[Try]:
    """What no build of this template does."""
    machine = {"InstanceId": there.id("database")}
    backup = there.id("backup snapshot")
    disk = {"VolumeId": there.id("database disk")}
    group = {"GroupId": there.id(f"default group in {HOME}"), "IpPermissions": [SSH]}
    role = {"RoleArn": "arn:aws:iam::111122223333:role/admin", "RoleSessionName": "x"}
    user = {"UserName": "learner", "PolicyName": "more", "PolicyDocument": "{}"}
    template = {"LaunchTemplateName": "other", "LaunchTemplateData": {"InstanceType": "t3.micro"}}
    share = {"SnapshotId": backup, "CreateVolumePermission": {"Add": [{"UserId": STRANGER}]}}
    of_ec2: list[tuple[str, str, dict[str, Any]]] = [
        ("share the database's backup", "ModifySnapshotAttribute", share),
        ("copy the database's backup", "CopySnapshot",
         {"SourceRegion": HOME, "SourceSnapshotId": backup}),
        ("make a disk of the database's backup", "CreateVolume",
         {"SnapshotId": backup, "AvailabilityZone": f"{HOME}a"}),
        ("make a snapshot of the database's disk", "CreateSnapshot", disk),
        ("detach a disk", "DetachVolume", disk),
        ("delete a disk", "DeleteVolume", disk),
        ("change a machine's user data", "ModifyInstanceAttribute",
         {**machine, "UserData": {"Value": "eA=="}}),
        ("reboot a machine", "RebootInstances", {"InstanceIds": [*machine.values()]}),
        ("start a machine", "StartInstances", {"InstanceIds": [*machine.values()]}),
        ("read a machine's password", "GetPasswordData", machine),
        ("remove tags", "DeleteTags",
         {"Resources": [*machine.values()], "Tags": [{"Key": "Service"}]}),
        ("import a key pair", "ImportKeyPair",
         {"KeyName": "packer_2", "PublicKeyMaterial": "c3NoLXJzYQ=="}),
        ("disable an image", "DisableImage", {"ImageId": there.image("ours")}),
        ("register an image", "RegisterImage", {"Name": "registered"}),
        ("make a launch template", "CreateLaunchTemplate", template),
        ("make a network", "CreateVpc", {"CidrBlock": "10.9.0.0/16"}),
        ("change what a group lets out", "AuthorizeSecurityGroupEgress", group),
        ("close a group's port", "RevokeSecurityGroupIngress", group),
    ]  # fmt: skip
    return [
        *(
            Try(words, f"ec2.{call}", {"DryRun": True, **parameters})
            for words, call, parameters in of_ec2
        ),
        Try("read a secret", "secretsmanager.GetSecretValue", {"SecretId": "db/password"}),
        Try("read a parameter", "ssm.GetParameter", {"Name": "/db/host"}),
        Try("make an IAM user", "iam.CreateUser", {"UserName": "intruder"}, "us-east-1"),
        Try("give itself more rights", "iam.PutUserPolicy", user, "us-east-1"),
        Try("assume another role", "sts.AssumeRole", role),
    ]


# --- where it is tried ---------------------------------------------------------------------------


def prepared(hidden: Hidden) -> dict[str, Any]:
    """What there is besides the build: others' things, and in a far region things like its own."""
    far = OUTSIDE[1]
    database, like, ours = (
        {"Service": "db"}, {"Builder": "packer-old"}, {"Builder": "packer", "Service": "web"}
    )  # fmt: skip
    before = range(hidden.number("before", 1, 5))
    """An instance's id depends on its place in the list."""
    instances: list[dict[str, Any]] = [
        *({"name": f"before {number}"} for number in before),
        {"name": "database", "tags": database},
        {"name": "like", "tags": like},
        {"name": "unnamed"},
        {"name": "ours", "tags": ours, "region": far},
    ]
    return {
        "team_image": [
            {"name": named("database", hidden), "tags": database},
            {"name": named("like", hidden), "tags": like},
            {"name": named("ours", hidden), "tags": ours},
        ],
        "image": [
            {"name": UBUNTU, "created": UBUNTU_CREATED},
            {"name": UBUNTU, "created": UBUNTU_CREATED, "owner": STRANGER},
        ],
        "instance": [{"image": named("ours", hidden), **each} for each in instances],
        "snapshot": [
            *({"description": f"before {number}"} for number in before),
            {"description": "backup", "tags": database},
            {"description": "backup abroad", "tags": like, "region": ABROAD},
            {"description": "ours", "tags": ours, "region": far},
        ],
        "key_pair": [{"name": "deploy"}, {"name": "packer_old", "region": far}],
        "security_group": [{"name": "packer_old", "region": far, "tags": ours}],
    }


def named(image: str, hidden: Hidden) -> str:
    return f"{image}-{hidden(image)}"


class Account:
    """That account, and the ids in it."""

    def __init__(self, hidden: Hidden, run: Run) -> None:
        """All is looked up by somebody who may do everything: the policy may not let its owner."""
        self._hidden = hidden
        self._everything = prepared(hidden) | {"iam": {"policy": "", "allow": ["*"]}}
        argv = ["python3", "-I", "look.py", HOME, ABROAD, *OUTSIDE]
        answer = run(argv, files={"look.py": LOOK.encode()}, account=self._everything)
        self._ids: dict[str, str] = json.loads(answer.output)

    def id(self, name: str) -> str:
        return self._ids[name]

    def image(self, name: str, region: str = HOME) -> str:
        return prepared_id(named(name, self._hidden), region=region)

    def ubuntu(self, region: str = HOME, owner: str = CANONICAL) -> str:
        return prepared_id(UBUNTU, UBUNTU_CREATED, owner, region)

    def launch(self, region: str = HOME, **change: Any) -> dict[str, Any]:
        """A launch as Packer makes it, but for what changes."""
        usual = {
            "DryRun": True,
            "ImageId": self.ubuntu(region),
            "InstanceType": "t3.micro",
            "KeyName": "packer_1",
            "MinCount": 1,
            "MaxCount": 1,
            "TagSpecifications": [
                {"ResourceType": kind, "Tags": [TAG, {"Key": "Service", "Value": "web"}]}
                for kind in ("instance", "volume")
            ],
        }
        return {key: value for key, value in (usual | change).items() if value is not None}


TAG = {"Key": "Builder", "Value": "packer"}
SSH = {
    "FromPort": 22,
    "ToPort": 22,
    "IpProtocol": "tcp",
    "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
}
CLEAN_UP = """
import sys

import boto3
from botocore.exceptions import ClientError

ours = [{"Name": "tag:Builder", "Values": ["packer"]}]
for region in sys.argv[1:]:
    ec2 = boto3.client("ec2", region_name=region)
    for image in ec2.describe_images(Owners=["self"], Filters=ours)["Images"]:
        disks = [each["Ebs"]["SnapshotId"] for each in image["BlockDeviceMappings"]]
        try:
            ec2.deregister_image(ImageId=image["ImageId"])
            for disk in disks:
                ec2.delete_snapshot(SnapshotId=disk)
        except ClientError as error:
            print(error)
"""
TRY = """
import json

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

once = Config(retries={"total_max_attempts": 1}, parameter_validation=False)
clients = {}
with open("tries.json") as file:
    tries = json.load(file)
for call, parameters, region in tries:
    service, operation = call.split(".")
    if (service, region) not in clients:
        clients[service, region] = boto3.client(service, region_name=region, config=once)
    try:
        clients[service, region]._make_api_call(operation, parameters)
    except ClientError:
        pass
"""
LOOK = """
import json
import sys

import boto3

found = {}
for region in sys.argv[1:]:
    ec2 = boto3.client("ec2", region_name=region)
    for reservation in ec2.describe_instances()["Reservations"]:
        for machine in reservation["Instances"]:
            name = {tag["Key"]: tag["Value"] for tag in machine["Tags"]}["Name"]
            found[name] = machine["InstanceId"]
            found[name + " disk"] = machine["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
    for snapshot in ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]:
        found[snapshot["Description"] + " snapshot"] = snapshot["SnapshotId"]
    for pair in ec2.describe_key_pairs()["KeyPairs"]:
        found[pair["KeyName"]] = pair["KeyPairId"]
    for group in ec2.describe_security_groups()["SecurityGroups"]:
        found[group["GroupName"] + " group"] = group["GroupId"]
        found[group["GroupName"] + " group in " + region] = group["GroupId"]
print(json.dumps(found))
"""
