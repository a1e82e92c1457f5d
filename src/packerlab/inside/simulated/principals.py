"""Who calls, by access key, and what they may do.

The signature itself is not checked, because anyone who reaches the endpoint has the secret anyway.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from moto.iam.access_control import AssumedRoleAccessKey, IAMUserAccessKey
from moto.iam.models import AccessKey, iam_backends
from moto.sts.models import sts_backends

from packerlab.inside.aws import ACCOUNT_ID
from packerlab.inside.policies import PolicyError, decide, read

from .account import LEARNER
from .authorization import encoded, knows
from .errors import DeniedError

if TYPE_CHECKING:
    from moto.sts.models import AssumedRole

    from packerlab.inside.policies import Request, Statement

    from .account import Account


ROLE = re.compile(r"arn:aws:iam::([0-9]{12}):role/(?:.*/)?([^/]+)")
EVERYTHING = json.dumps({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})


@dataclass(frozen=True)
class Principal:
    arn: str
    policies: list[Any] = field(default_factory=list)
    account: str = ACCOUNT_ID


def prepare(account: Account) -> None:
    """The learner is an IAM user with the access key that the lab's state names."""
    iam = iam_backends[ACCOUNT_ID]["aws"]
    user = iam.create_user("us-east-1", LEARNER)
    key: AccessKey = AccessKey(LEARNER, "AKIA", ACCOUNT_ID)  # type: ignore[abstract]
    key.access_key_id, key.secret_access_key = account.access_key, account.secret_key
    user.access_keys.append(key)
    iam.access_keys[key.access_key_id] = key
    rights = account.state.get("iam", {})
    if rights.get("allow") or rights.get("deny"):
        iam.put_user_policy(LEARNER, "lab", json.dumps(_document(rights)))


def _document(rights: dict[str, list[str]]) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": effect, "Action": rights[key], "Resource": "*"}
            for effect, key in (("Allow", "allow"), ("Deny", "deny"))
            if rights.get(key)
        ],
    }


def principal(account: Account, key: str, service: str) -> Principal:
    """Who has the key: a user, or a role that was assumed."""
    for number in account.numbers:
        for role in sts_backends[number]["aws"].assumed_roles:
            if role.access_key_id == key:
                return _assumed(role, key, number)
    if key in iam_backends[ACCOUNT_ID]["aws"].access_keys:
        known = IAMUserAccessKey(ACCOUNT_ID, "aws", key, {})
        return Principal(known.arn, [*known.collect_policies(), *_given(account, key)])
    text = "The security token included in the request is invalid."
    if service == "ec2":
        text = "AWS was not able to validate the provided access credentials"
    raise DeniedError("InvalidClientTokenId", text, 403)


def _given(account: Account, key: str) -> list[str]:
    """The learner's own policy; moto would refuse one that is not well-formed."""
    document = account.state.get("iam", {}).get("document")
    return [document] if document and key == account.access_key else []


def _assumed(role: AssumedRole, key: str, number: str) -> Principal:
    """Roles of the second account may do everything there: a lab names them, and no policy."""
    if number != ACCOUNT_ID:
        return Principal(role.arn, [EVERYTHING], number)
    token = {"X-Amz-Security-Token": role.session_token}
    known = AssumedRoleAccessKey(ACCOUNT_ID, "aws", key, token)
    return Principal(known.arn, known.collect_policies())


def assumable(account: Account, caller: Principal, arn: str) -> None:
    """Stop who assumes a role that there is not; moto lets everybody assume anything."""
    named = ROLE.fullmatch(arn)
    if not named:
        raise DeniedError("ValidationError", f"{arn} is invalid", 400)
    number, name = named[1], named[2]
    roles = {role.name for role in iam_backends[ACCOUNT_ID]["aws"].roles.values()}
    if number != ACCOUNT_ID:
        roles = set(account.state.get("second_account", {}).get("roles", []))
    if number not in account.numbers or name not in roles:
        raise DeniedError(
            "AccessDenied",
            f"User: {caller.arn} is not authorized to perform: sts:AssumeRole on resource: {arn}",
            403,
        )


def permit(caller: Principal, wanted: Request) -> None:
    """Stop what the caller's policies do not allow."""
    if wanted.action == "sts:GetCallerIdentity":  # everybody may
        return
    effect = decide(_statements(caller), wanted)
    if effect != "Allow":
        _refuse(caller, wanted, explicit=effect == "Deny")


def _refuse(caller: Principal, wanted: Request, *, explicit: bool) -> None:
    """Where a thing is named, EC2 adds what only those may read who may decode it."""
    why = f"because no identity-based policy allows the {wanted.action} action"
    if explicit:
        why = "with an explicit deny in an identity-based policy"
    what, more = wanted.action, ""
    if wanted.resource != "*":
        what += f" on resource: {wanted.resource}"
    if wanted.resource != "*" and wanted.action.startswith("ec2:"):
        told = encoded(wanted, caller.arn, explicit=explicit)
        more = f". Encoded authorization failure message: {told}"
    raise DeniedError(
        "AccessDenied",
        f"You are not authorized to perform this operation. User: {caller.arn} is not authorized "
        f"to perform: {what} {why}{more}",
        403,
    )


def _statements(caller: Principal) -> list[Statement]:
    """All that the caller's policies say. IAM refuses a bad one at once; here it comes by file."""
    try:
        found = [each for policy in caller.policies for each in read(_text(policy))]
    except PolicyError as error:
        raise DeniedError("MalformedPolicyDocument", str(error), 400) from None
    for key in (key for statement in found for _, key, _ in statement.conditions):
        if not knows(key):
            text = f"The simulated account does not know the condition key {key}."
            raise DeniedError("UnsupportedOperation", text, 400)
    return found


def _text(policy: Any) -> str:
    """A policy's document in any of the shapes that moto keeps it in."""
    if isinstance(policy, dict):
        policy = policy["policy_document"]
    return policy if isinstance(policy, str) else str(policy.document)
