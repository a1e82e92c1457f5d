"""Random calls to a simulated account: each is answered, and what is left can always be told.

    python -m tests.inside.fuzz_account [--calls N] [--seconds S] [--seed N]

The suite makes some hundred calls; by hand it runs for as long as one likes. It prints what moto
stumbled over, and exits 1 where a call has no answer or a grader could not read the account.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import random
import re
import sys
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from moto.core.utils import get_service_model

from packerlab.errors import LimitError
from packerlab.evidence.account import AccountEvidence
from packerlab.inside.control import within_bounds
from packerlab.inside.endpoint import HttpRequest
from packerlab.inside.simulated import AskError, Simulation, filters, warm_up
from packerlab.inside.simulated.dispatch import BACKENDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KEY = "AKIAQWERTYUIOPASDFGH"
REGIONS = ("us-east-1",) * 9 + ("eu-central-1", "nowhere-9")
PREFIXES = {
    "Image": "ami-",
    "Instance": "i-",
    "Snapshot": "snap-",
    "Volume": "vol-",
    "Group": "sg-",
}
STATE = {
    "format": 1, "access_key": KEY, "secret_key": "s" * 40,
    "image": [{"name": "ubuntu/images/a", "region": "us-east-1"}, {"name": "b"}],
    "team_image": [{"name": "base", "created": "-9d"}], "parameter": {"/base": ["{image:base}"]},
    "second_account": {"id": "444455556666", "roles": ["r"], "image": [{"name": "theirs"}]},
    "instance": [{"name": "web", "image": "base", "region": "us-east-1"}],
    "key_pair": [{"name": "k", "region": "us-east-1"}], "snapshot": [{"region": "us-east-1"}],
}  # fmt: skip
USUAL = (
    "RunInstances", "CreateImage", "RegisterImage", "CopyImage", "CreateSnapshot", "CreateVolume",
    "ImportKeyPair", "CreateKeyPair", "CreateSecurityGroup", "AuthorizeSecurityGroupIngress",
    "AuthorizeSecurityGroupEgress", "CreateTags", "DeleteTags", "StopInstances", "StartInstances",
    "TerminateInstances", "RebootInstances", "ModifyImageAttribute", "ModifyInstanceAttribute",
    "CreateLaunchTemplate", "CreateFleet", "RequestSpotInstances", "DeregisterImage",
    "DeleteSnapshot", "AttachVolume", "DetachVolume", "CopySnapshot", "EnableImageDeprecation",
    "DescribeImages", "DescribeInstances", "ModifySnapshotAttribute", "DeleteSecurityGroup",
    "DescribeSnapshots", "DescribeKeyPairs", "DescribeSecurityGroups", "DisableImage",
)  # fmt: skip
ODD = (
    "", "0", "-1", "true", "None", "null", "1e999", "999999999999999999999", "\0", "\x1b[31m", "ü",
    "\u202e", "\U0001f4a5", "'", '"', "<x>&", "{{ .SourceAMI }}", "../../etc/passwd", "aws:x",
    "x" * 300, "ami-", "i-0000000000000000f", "[]", "{}", '{"a": 1}', "arn:aws:iam::1:role/x",
    "2020-01-01T00:00:00Z", "gp9", "/dev/sda1", "0.0.0.0/0", "::/0", "all", "self", "tag:a", "MTIz",
)  # fmt: skip
ID = re.compile(rb"\b(?:ami|i|snap|vol|sg|vpc|subnet|eni|key|lt|sir|igw|rtb)-[0-9a-f]{6,17}\b")
LIKELY = (
    "DescribeImages",
    "RunInstances ImageId MinCount MaxCount",
    "RunInstances ImageId MinCount MaxCount",
    "CreateImage InstanceId Name",
    "CreateImage InstanceId Name NoReboot",
    "DescribeSnapshots",
    "DescribeVolumes",
)
JSON_CALLS = {
    "ssm": (
        "AmazonSSM",
        ("GetParameter", "PutParameter", "GetParametersByPath", "LabelParameterVersion"),
    ),
    "kms": ("TrentService", ("CreateKey", "CreateAlias", "DescribeKey", "CreateGrant")),
    "secretsmanager": ("secretsmanager", ("CreateSecret", "GetSecretValue")),
}


class Caller:
    """Makes calls up, of the names that AWS has for parameters and the ids that it has heard."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._ids: list[str] = []
        self._model = get_service_model("ec2")
        self._actions = list(self._model.operation_names)
        self._filters: list[str] = []

    def hear(self, body: bytes) -> None:
        self._ids += [found.decode() for found in ID.findall(body)]
        del self._ids[:-200]

    def call(self) -> HttpRequest:
        if self._chance.random() < 0.1:
            return self._json_call()
        usual = self._chance.random() < 0.85
        action = self._chance.choice(USUAL if usual else self._actions)
        fields = {"Action": action, "Version": "2016-11-15"}
        self._filters = sorted(filters.documented(action))
        shape = self._model.operation_model(action).input_shape
        fields |= dict(self._fields(shape, "", 0)) if shape else {}
        return self._signed("ec2", urlencode(fields, errors="replace").encode())

    def likely(self, number: int) -> HttpRequest:
        """The first calls, so that there are things to make others about."""
        action, *more = LIKELY[number % len(LIKELY)].split()
        fields = {"Action": action, "Version": "2016-11-15"}
        for name in more:
            starts = PREFIXES.get(name.removesuffix("Id"), "")
            found = [each for each in self._ids if starts and each.startswith(starts)]
            fields[name] = found[-1] if found else "1"
        return self._signed("ec2", urlencode(fields).encode(), region="us-east-1")

    def _fields(self, shape: Any, name: str, depth: int) -> Iterator[tuple[str, str]]:
        """Parameters in the flat form of EC2's queries."""
        if shape.type_name == "structure":
            for member, inner in shape.members.items():
                wanted = member in shape.required_members or self._chance.random() < 0.25
                if member != "DryRun" and wanted and depth < 5:
                    key = inner.serialization.get("name", member)
                    key = inner.serialization.get("queryName", key[:1].upper() + key[1:])
                    yield from self._fields(inner, f"{name}.{key}" if name else key, depth + 1)
        elif shape.type_name == "list":
            for number in range(1, self._chance.randrange(1, 4)):
                yield from self._fields(shape.member, f"{name}.{number}", depth + 1)
        else:
            yield name, self._value(shape, name)

    def _value(self, shape: Any, name: str) -> str:
        if self._filters and filters.NAME.fullmatch(name) and self._chance.random() < 0.8:
            return self._chance.choice(self._filters)
        starts = tuple(start for word, start in PREFIXES.items() if f"{word}Id" in name)
        fitting = [each for each in self._ids if each.startswith(starts)]
        if fitting and self._chance.random() < 0.8:
            return self._chance.choice(fitting)
        if getattr(shape, "enum", None) and self._chance.random() < 0.8:
            return str(self._chance.choice(shape.enum))
        if shape.type_name in ("integer", "long") and self._chance.random() < 0.8:
            return str(self._chance.randrange(30))
        if shape.type_name == "boolean" and self._chance.random() < 0.9:
            return self._chance.choice(("true", "false"))
        return self._chance.choice((*ODD, *self._ids[-5:]))

    def _json_call(self) -> HttpRequest:
        service, (prefix, actions) = self._chance.choice(list(JSON_CALLS.items()))
        names = ("Name", "Value", "Type", "KeyId", "AliasName", "TargetKeyId", "SecretId", "Path")
        body = {name: self._json_value(0) for name in names if self._chance.random() < 0.5}
        target = f"{prefix}.{self._chance.choice(actions)}"
        return self._signed(service, json.dumps(body).encode(), target)

    def _json_value(self, depth: int) -> Any:
        kind = self._chance.randrange(6 if depth < 3 else 4)
        if kind == 4:
            return [self._json_value(depth + 1) for _ in range(2)]
        if kind == 5:
            return {self._chance.choice(ODD): self._json_value(depth + 1)}
        return self._chance.choice((None, True, 10**40, -1.5, *ODD, "alias/a", "SecureString"))

    def _signed(self, service: str, body: bytes, target: str = "", region: str = "") -> HttpRequest:
        region = region or self._chance.choice(REGIONS)
        host = f"{service}.{region}.amazonaws.com"
        scope = f"{KEY}/20260101/{region}/{service}/aws4_request"
        headers = {
            "host": host,
            "authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=",
            "content-type": "application/x-www-form-urlencoded",
            **({"x-amz-target": target} if target else {}),
        }
        return HttpRequest("POST", host, "/", headers, body)


def obliging(chance: random.Random) -> Callable[..., dict[str, Any]]:
    """A supervisor that does what it is asked, or now and then says that it can't."""

    def ask(do: str, at_most_s: float | None = None, **what: Any) -> dict[str, Any]:
        json.dumps([do, at_most_s, what])
        if chance.random() < 0.05:
            raise AskError("ResourceLimitExceeded: full")
        return {"text": "console"} if do == "console" else {}

    return ask


def read_as_a_grader(told: bytes) -> None:
    """Whatever a grader asks of the account is answered, or a verdict."""
    evidence = AccountEvidence(told)
    kinds = [*json.loads(told)["account"]]
    with contextlib.suppress(LimitError):
        for image in evidence.images:
            _ = image.name, image.tags, image.disk.packages()
        _ = evidence.calls, evidence.leftovers
        for kind in kinds:
            if kind not in ("calls_left_out", "began"):
                evidence.all(kind)


UNLIKELY = {"StringLike": {"aws:ResourceTag/Owner": "x*y"}}
DOCUMENT = {
    "Statement": [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": UNLIKELY},
    ]
}
GUARDED = {"iam": {"document": json.dumps(DOCUMENT)}}
"""Every second account judges each call by a policy."""


def one_account(seed: int, calls: int) -> str:
    """What went wrong with one account, which in the sandbox has a process of its own."""
    for backends in BACKENDS:
        backends.clear()
    chance = random.Random(seed)  # noqa: S311
    simulation = Simulation(STATE | (GUARDED if seed % 2 else {}), obliging(chance))
    caller = Caller(chance)
    for number in range(calls):
        call = caller.call() if number > len(LIKELY) else caller.likely(number)
        answer = simulation.answer(call)
        if not 200 <= answer.status < 600 or not isinstance(answer.body, bytes):
            return f"{call.body!r} is answered {answer!r}"
        caller.hear(answer.body)
        if chance.random() < 0.02 and caller._ids:
            simulation.guest_is(chance.choice(caller._ids), chance.choice(("running", "stopped")))
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        account = within_bounds(simulation.evidence)
    if account.get("unreadable"):
        print(f"seed {seed}: can't be told\n{said.getvalue()}")
        return ""
    read_as_a_grader(json.dumps({"account": account, "disks": {}, "consoles": {}}).encode())
    return ""


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--calls", type=int, default=150)
    parser.add_argument("--seconds", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    warm_up()
    end = time.monotonic() + options.seconds
    seed = options.seed
    while True:
        try:
            wrong = one_account(seed, options.calls)
        except Exception:
            print(f"seed {seed}", file=sys.stderr)
            raise
        if wrong:
            print(f"seed {seed}: {wrong}")
            return 1
        seed += 1
        if time.monotonic() > end:
            print(f"{seed - options.seed} accounts")
            return 0


if __name__ == "__main__":
    sys.exit(main())
